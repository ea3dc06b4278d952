"""The gate on a real engine: asked, refused, forced and recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from crossover.adapters.base_model import resolve
from crossover.adapters.card import AdapterCard
from crossover.adapters.examples import DataSet, Example
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.adapters.training.lora import train
from crossover.adapters.training.options import TrainOptions
from crossover.server.cli import app

NAMES = ["Anna", "Berit", "Carlo", "Dora", "Edda", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Karla", "Lars"]
TASK = [Example(f"Greet {name}.", f"HELLO {name}!") for name in NAMES]
HELD_OUT = tuple(Example(f"Please greet {name}.", f"HELLO {name}!") for name in NAMES)


@pytest.fixture(scope="module")
def versions(server: Any) -> Iterator[list[AdapterVersion]]:
    """Two trainings of one task, with held-out examples; nothing of them stays."""
    base = resolve(None)
    registry = Registry(server.home, base_fingerprint=base.fingerprint)
    data = DataSet("greetings", tuple(TASK))
    options = [TrainOptions(name="greetings", epochs=30, rank=8, batch=4, seed=seed) for seed in (0, 1)]
    yield [train(data, each, base, registry, held_out=HELD_OUT) for each in options]
    registry.delete("greetings")


@pytest.fixture(scope="module")
def http(server: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=600, trust_env=False) as client:
        yield client


def gate_of(version: AdapterVersion) -> dict[str, object]:
    return AdapterCard.load(version.path).gate or {}


def test_a_version_is_gated_before_it_answers_and_force_is_recorded(
    http: httpx.Client, versions: list[AdapterVersion]
) -> None:
    first, second = versions
    told = http.post("/v1/adapters/greetings/gate", json={"version": first.digest}).json()
    checks = {(check["what"], check["against"]): check for check in told["checks"]}
    assert set(checks) == {("task", "base"), ("forgetting", "base"), ("format", "base")}
    assert checks["task", "base"]["score"] > checks["task", "base"]["other"]
    assert any("8 of 8 served answers" in sentence for sentence in told["sentences"]), told
    assert gate_of(first) == {}, "a gate alone writes nothing"

    # Thirty epochs on twelve greetings: it reads no more, which the gate is there to see.
    assert told["outcome"] == "refused" and not checks["forgetting", "base"]["passed"]
    refused = http.post("/v1/adapters/greetings/promote", json={"version": first.digest})
    assert refused.status_code == 409 and refused.json()["error"]["code"] == "gate_refused"
    assert "Forgetting:" in refused.json()["error"]["message"]
    assert gate_of(first)["outcome"] == "refused" and gate_of(first)["forced"] is False

    forced = http.post("/v1/adapters/greetings/promote", json={"version": first.digest, "force": True})
    assert forced.json()["promoted"] == first.digest and gate_of(first)["forced"] is True

    # The same training with another seed has lost nothing that the first one still had.
    passed = http.post("/v1/adapters/greetings/promote", json={"version": second.digest}).json()
    assert passed["promoted"] == second.digest and passed["gate"]["outcome"] == "passed"
    assert gate_of(second)["outcome"] == "passed"


def test_a_version_trained_under_another_chat_template_is_refused(
    http: httpx.Client, versions: list[AdapterVersion]
) -> None:
    first = versions[0]
    card = AdapterCard.load(first.path)
    card.model_copy(update={"chat_template": "0123456789ab"}).save(first.path)
    try:
        told = http.post("/v1/adapters/greetings/gate", json={"version": first.digest}).json()
    finally:
        card.save(first.path)
    assert told["outcome"] == "refused"
    assert any("trained under another chat template" in sentence for sentence in told["sentences"])


def test_an_adapter_without_held_out_examples_is_promoted_and_it_is_said_that_nothing_was_gated(
    server: Any, http: httpx.Client
) -> None:
    registry = Registry(server.home)
    (version,) = registry.versions("support")
    told = http.post("/v1/adapters/support/promote", json={"version": version.digest}).json()
    assert told["gate"]["outcome"] == "not gated"


def test_the_command_tells_what_the_gate_says(
    server: Any, versions: list[AdapterVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(server.home))
    told = CliRunner().invoke(app, ["adapters", "gate", versions[1].served_name, "--json"])
    document = json.loads(told.stdout)
    # The version that answers already is compared with the base model.
    assert (told.exit_code, document["outcome"]) == (1, "refused")
    assert {check["against"] for check in document["checks"]} == {"base"}
