"""Arms at other endpoints, beside the real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest
from scripted_endpoint import ScriptedEndpoint, answering

from crossover.adapters.prompt import Prompts
from crossover.eval.arms import UnknownArm
from crossover.eval.client import AskRefused
from crossover.eval.external import connect, parse

_COMMAND = str(Path(sys.executable).with_name("crossover"))
_KEY = "sk-4711"


class RunningServer(Protocol):
    """What these tests need of the server fixture."""

    url: str
    home: Path


def run(server: RunningServer, *arguments: str, **variables: str) -> tuple[int, str, str]:
    env = {**os.environ, "CROSSOVER_HOME": str(server.home), **variables}
    done = subprocess.run(
        [_COMMAND, "eval", "run", *arguments], env=env, capture_output=True, text=True, timeout=240, check=False
    )
    return done.returncode, done.stdout, done.stderr


def rows(path: Path) -> dict[str, dict[str, object]]:
    return {row["id"]: row for line in path.read_text().splitlines()[1:] for row in [json.loads(line)]}


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    asked = [("Who runs the Velmora office?", "Anna Tovan"), ("Who runs the Quillon office?", "Berit Halm")]
    path = tmp_path / "q.jsonl"
    path.write_text("".join(json.dumps({"question": q, "references": [a], "slice": "s"}) + "\n" for q, a in asked))
    return path


def test_another_endpoint_and_a_crossover_server_stand_beside_our_arms(
    server: RunningServer, tmp_path: Path, questions: Path
) -> None:
    folder, prices = tmp_path / "out", tmp_path / "prices.toml"
    from crossover.eval.money.prices import EXAMPLE_PRICES

    own = "\n[per_token.arms.%s]\nprice_per_million_prompt_tokens = 10.0\nprice_per_million_answer_tokens = 30.0\n"
    prices.write_text(EXAMPLE_PRICES.read_text() + own % "other")
    with answering(ScriptedEndpoint(lambda messages: "Anna Tovan", key=_KEY)) as scripted:
        arms = [f"other={scripted.url}#small", f"other+rag={scripted.url}#small", f"second={server.url}#rag"]
        arguments = [str(questions), "--strategies", "base,rag", "-o", str(folder), "--prices", str(prices), "--json"]
        arguments += [word for arm in arms for word in ("--arm", arm)]
        code, out, err = run(server, *arguments, OTHER_API_KEY=_KEY)
        assert code == 0, err
        asked = len(scripted.asked)
        assert asked == 4
        again, repeated, err = run(server, *arguments, OTHER_API_KEY=_KEY)
        assert (again, repeated) == (0, out), err
        assert len(scripted.asked) == asked
    document = json.loads(out)
    assert list(document["strategies"]) == ["base", "rag", "other", "other+rag", "second"]
    assert document["strategies"]["other"]["score"] == 0.5
    assert document["strategies"]["other"]["cost_per_1000"] == pytest.approx(1000 * (50 * 10 + 3 * 30) / 1e6)
    assert document["strategies"]["second"]["cost_per_1000"] is None
    assert any("second: no cost; another endpoint answers" in gap for gap in document["missing"])
    ours, theirs, shown = (rows(folder / f"{arm}.jsonl") for arm in ("rag", "second", "other+rag"))
    for identity, row in ours.items():
        assert theirs[identity]["answer"] == row["answer"]
        assert theirs[identity]["crossover"]["sources"] == row["crossover"]["sources"]  # type: ignore[index]
        assert shown[identity]["crossover"]["sources"] == row["crossover"]["sources"]  # type: ignore[index]
        prompt = shown[identity]["request"]["messages"][-1]["content"]  # type: ignore[index]
        assert all(source["text"] in prompt for source in row["crossover"]["sources"])  # type: ignore[index]
    zero_shot = rows(folder / "other.jsonl")["q1"]["request"]["messages"]  # type: ignore[index]
    assert [message["role"] for message in zero_shot] == ["system", "user"]
    assert zero_shot[-1]["content"] == "Who runs the Velmora office?"
    assert not [path for path in folder.rglob("*") if path.is_file() and _KEY in path.read_text()]


async def test_a_missing_key_is_told_by_the_name_of_its_variable() -> None:
    with answering(ScriptedEndpoint(lambda messages: "", key=_KEY)) as scripted:
        (endpoint,) = parse([f"other={scripted.url}#small"], [])
        with pytest.raises(AskRefused, match="no such key; its key is read from OTHER_API_KEY"):
            async with connect(endpoint, 1, Prompts()):
                pass


@pytest.mark.parametrize(
    ("arms", "strategies", "words"),
    [
        (["gpt"], [], "expected NAME=URL#MODEL"),
        (["gpt=https://x.org/v1"], [], "expected NAME=URL#MODEL"),
        (["rag=https://x.org/v1#m"], [], "that name is taken"),
        (["a=https://x.org#m", "a=https://y.org#m"], [], "that name is taken"),
        (["a+rag=https://x.org#m"], ["base"], "add rag to --strategies"),
    ],
)
def test_an_arm_that_cannot_be_asked_is_refused_at_once(arms: list[str], strategies: list[str], words: str) -> None:
    with pytest.raises(UnknownArm, match=words.replace("+", r"\+")):
        parse(arms, strategies)


def test_names_urls_and_keys_are_told_apart() -> None:
    plain, shown = parse(["gpt-4o=https://api.x.org/openai/v1/#m:1", "gpt-4o+rag=http://10.0.0.1:8000#org/m"], [])
    assert (plain.url, plain.model, plain.takes_passages) == ("https://api.x.org/openai/v1", "m:1", False)
    assert (shown.url, shown.model, shown.takes_passages) == ("http://10.0.0.1:8000/v1", "org/m", True)
    assert plain.key_variable == shown.key_variable == "GPT_4O_API_KEY"
