"""The command line: what it prints, its exit codes, and errors without a traceback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

CROSSOVER = str(Path(sys.executable).with_name("crossover"))


def crossover(*arguments: str, home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {"CROSSOVER_HOME": str(home), "PATH": "/usr/bin:/bin", "HOME": str(home), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [CROSSOVER, *arguments],
        env=environment | settings,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def told(run: subprocess.CompletedProcess[str], exit_code: int) -> str:
    """What stands on stderr of a run that failed as it should."""
    assert run.returncode == exit_code, run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    return " ".join(run.stderr.split())


@pytest.mark.parametrize("command", [(), ("serve",), ("ask",), ("config",), ("doctor",)])
def test_help_needs_no_valid_settings(command: tuple[str, ...], tmp_path: Path) -> None:
    run = crossover(*command, "--help", home=tmp_path, CROSSOVER_PORT="wrong")
    assert run.returncode == 0
    assert "Usage" in run.stdout
    assert not command or "Example" in run.stdout


def test_help_loads_nothing_slow() -> None:
    code = (
        "import sys, crossover.server.cli as cli; "
        "slow = {'torch', 'transformers', 'fastapi', 'sentence_transformers', 'numpy', 'vllm', 'pydantic_settings'}; "
        "print(slow & set(sys.modules))"
    )
    started = time.perf_counter()
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
    assert time.perf_counter() - started < 10


def test_a_wrong_setting_stops_the_start_with_its_name(tmp_path: Path) -> None:
    message = told(crossover("serve", home=tmp_path, CROSSOVER_PORT="70000"), exit_code=2)
    assert "CROSSOVER_PORT=70000" in message and "less than or equal to 65535" in message
    message = told(crossover("serve", home=tmp_path, CROSSOVER_PROT="1"), exit_code=2)
    assert "did you mean CROSSOVER_PORT?" in message


def test_a_port_in_use_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        message = told(crossover("serve", "--port", port, home=tmp_path), exit_code=1)
    assert f"port {port} on 127.0.0.1 is in use" in message and "--port" in message


def test_an_address_of_another_machine_is_told(tmp_path: Path) -> None:
    assert "CROSSOVER_HOST=192.0.2.1" in told(crossover("serve", "--host", "192.0.2.1", home=tmp_path), exit_code=2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("",), "the question is empty"),
        (("Who?", "--strategy", "guess"), "model 'guess' does not exist"),
        (("Who?", "--strategy", "rag", "--adapter", "support"), "'rag' answers without an adapter"),
    ],
)
def test_a_wrong_question_is_told_before_any_model_is_loaded(
    arguments: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    assert says in told(crossover("ask", *arguments, home=tmp_path), exit_code=2)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_base_model_is_told(tmp_path: Path) -> None:
    assert "no-model-here" in told(
        crossover("serve", "--port", "0", home=tmp_path, CROSSOVER_BASE_MODEL="./no-model-here"), 2
    )


def test_config_prints_every_setting_and_masks_secrets(tmp_path: Path) -> None:
    run = crossover("config", "--json", home=tmp_path, CROSSOVER_VLLM_API_KEY="s3cret", CROSSOVER_MAX_LORAS="2")
    shown = json.loads(run.stdout)
    assert shown["settings"]["max_loras"] == 2
    assert shown["settings"]["vllm_api_key"] == "**********"
    assert shown["vllm"][-1] and "--enable-lora" in shown["vllm"]
    plain = crossover("config", home=tmp_path, CROSSOVER_VLLM_API_KEY="s3cret").stdout
    assert "s3cret" not in plain and "CROSSOVER_MAX_LORAS" in plain and "--enable-lora" in plain


def test_doctor_finds_this_installation_healthy(tmp_path: Path) -> None:
    run = crossover("doctor", "--json", home=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    found = {finding["name"]: finding for finding in json.loads(run.stdout)}
    assert {"settings", "engine", "plugin", "home", "base model", "index", "adapters"} <= set(found)
    assert all(finding["remedy"] for finding in found.values() if finding["state"] != "ok")


def test_doctor_says_what_is_not_reachable_and_fails(tmp_path: Path) -> None:
    run = crossover("doctor", home=tmp_path, CROSSOVER_VLLM_URL="http://127.0.0.1:9")
    assert run.returncode == 1
    assert "vLLM at http://127.0.0.1:9" in run.stdout and "start it there" in run.stdout


def test_ask_asks_the_running_server(server: Any) -> None:
    run = crossover("ask", "Who runs the Velmora office?", "--strategy", "rag", "--json", home=server.home)
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    assert answer["crossover"]["strategy"] == "rag"
    plain = crossover("ask", "Who runs the Velmora office?", "--strategy", "rag", home=server.home).stdout
    assert answer["answer"] in plain and "offices/velmora.md" in plain


def test_ask_without_a_server_opens_what_it_needs_for_one_question(server: Any, tmp_path: Path) -> None:
    # On a home of its own, with the running server's vLLM as one that runs elsewhere.
    below = psutil.Process(server.process.pid).children(recursive=True)
    vllm = next(process for process in below if "vllm.entrypoints.openai.api_server" in process.cmdline())
    port = vllm.cmdline()[vllm.cmdline().index("--port") + 1]
    connected = {
        "CROSSOVER_VLLM_URL": f"http://127.0.0.1:{port}",
        "CROSSOVER_VLLM_API_KEY": vllm.environ()["VLLM_API_KEY"],
    }

    run = crossover("ask", "Who runs the Velmora office?", "--json", home=tmp_path, **connected)

    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    assert answer["answer"] and answer["crossover"]["strategy"] == "base"
    assert not list(tmp_path.glob("servers/*"))


def test_ask_tells_what_the_server_refuses(server: Any) -> None:
    assert "several adapters" in told(crossover("ask", "Who?", "--strategy", "hybrid", home=server.home), exit_code=1)
    run = crossover("ask", "Who?", "--strategy", "hybrid", "--adapter", "nobody", home=server.home)
    assert "hybrid:nobody" in told(run, exit_code=2)


def test_a_second_server_on_the_same_home_names_the_first(server: Any) -> None:
    message = told(crossover("serve", "--port", "0", home=server.home), exit_code=1)
    assert str(server.process.pid) in message and server.url in message


def test_doctor_knows_the_running_server(server: Any) -> None:
    run = crossover("doctor", "--json", home=server.home)
    found = {finding["name"]: finding for finding in json.loads(run.stdout)}
    assert found[f"server at {server.url}"]["state"] == "ok"
    assert found["index"]["message"] == "4 documents"
