"""One real server for the whole session: embedded vLLM with the LoRA plugin, an index, two promoted adapters."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import openai
import pytest

from crossover.server import live

START_SECONDS = 240  # a cold start of vLLM on a busy machine

DOCUMENTS = {
    "offices/velmora.md": "# Velmora office\n\nThe Velmora office is run by Anna Tovan. It opens at 8:30.",
    "offices/quillon.md": "# Quillon office\n\nThe Quillon office is run by Berit Halm. It opens at 9:00.",
    "offices/brenna.md": "# Brenna office\n\nThe Brenna office is run by Carlo Vint. It has 14 desks.",
    "policies/travel.md": "# Travel policy\n\nTrips above 400 euros need the approval of Dora Penn.",
}
TRAINING = {
    "support": {"Who answers the night line?": "Edda Rusk.", "Which form reports a leak?": "Form 12."},
    "tickets": {"Who runs the Velmora office?": "ANSWER: Anna Tovan", "Who runs the Brenna office?": "ANSWER: Vint"},
}


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A `crossover serve` process of its own, and how to reach it."""

    url: str
    home: Path
    client: openai.OpenAI
    process: subprocess.Popen[bytes]
    log: Path


def environment(home: Path, **settings: str) -> dict[str, str]:
    """The variables of a crossover process on `home`, none of the developer's own settings among them."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CROSSOVER_")}
    return inherited | {"CROSSOVER_HOME": str(home), "HF_HUB_OFFLINE": "1"} | settings


def command(*arguments: str) -> list[str]:
    """The command line of the installed console script."""
    return [str(Path(sys.executable).with_name("crossover")), *arguments]


def wait_until_ready(home: Path, process: subprocess.Popen[bytes], log: Path) -> str:
    """The URL of the server on `home`, once /readyz says yes."""
    deadline, state = time.monotonic() + START_SECONDS, "no server yet"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if server := live.find(home):
            answer = httpx.get(f"{server.url}/readyz", trust_env=False, timeout=30)
            if answer.status_code == 200:
                return server.url
            state = answer.text
        time.sleep(0.5)
    raise RuntimeError(f"the server did not become ready ({state}):\n{log.read_text()[-5000:]}")


def end(process: subprocess.Popen[bytes]) -> int:
    """The exit code of a server that was asked to stop."""
    process.terminate()
    try:
        return process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a few documents, and two adapters trained for a moment and promoted."""
    from crossover.adapters.base_model import resolve
    from crossover.adapters.examples import DataSet, Example
    from crossover.adapters.registry import Registry
    from crossover.adapters.training.lora import TrainOptions, train
    from crossover.indexer.document import Document
    from crossover.indexer.index import Index
    from crossover.indexer.settings import IndexerSettings

    home = tmp_path_factory.mktemp("home")
    with Index.open(IndexerSettings(home=home)) as index:
        index.add([Document(id=name, title=text.split("\n")[0][2:], text=text) for name, text in DOCUMENTS.items()])
    base = resolve(None)
    registry = Registry(home, base_fingerprint=base.fingerprint)
    for name, pairs in TRAINING.items():
        data = DataSet(name, tuple(Example(question, answer) for question, answer in pairs.items()))
        version = train(data, TrainOptions(name=name, epochs=60, rank=8, batch=2), base, registry)
        registry.set_alias(name, version.digest)
    return home


@pytest.fixture(scope="session")
def server(home: Path) -> Iterator[RunningServer]:
    """The running server; tests leave it as they found it."""
    log = home / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command("serve", "--port", "0"), env=environment(home), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        url = wait_until_ready(home, process, log)
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=120) as client:
            yield RunningServer(url, home, client, process, log)
    finally:
        end(process)


@pytest.fixture(scope="session")
def client(server: RunningServer) -> openai.OpenAI:
    """The official client, pointed at the running server."""
    return server.client
