"""How our own vLLM is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.adapters.base_model import resolve
from crossover.server.engine.command import can_sleep, command, command_line, environment
from crossover.server.settings import Settings


def value(words: list[str], option: str) -> str:
    return words[len(words) - words[::-1].index(option)]


def test_settings_become_options_and_extra_arguments_come_last_verbatim() -> None:
    settings = Settings(max_model_len=640, max_loras=3, vllm_args="--max-num-seqs 16 --dtype bfloat16")
    words = command(settings, resolve(None), 4321)
    assert value(words, "--port") == "4321"
    assert value(words, "--host") == "127.0.0.1"
    assert value(words, "--max-model-len") == "640"
    assert value(words, "--max-loras") == "3"
    assert words[-4:] == ["--max-num-seqs", "16", "--dtype", "bfloat16"]
    assert {"--enable-lora", "--enable-prompt-embeds", "--enable-prefix-caching"} <= set(words)


def test_gpu_options_are_given_when_they_are_set() -> None:
    words = command_line(Settings(tensor_parallel=2, quantization="fp8", gpu_memory_utilization=0.8))
    assert value(words, "--tensor-parallel-size") == "2"
    assert value(words, "--quantization") == "fp8"
    assert value(words, "--gpu-memory-utilization") == "0.8"


def test_gpu_options_are_left_out_when_they_are_not_set() -> None:
    words = command_line(Settings())
    assert not {"--tensor-parallel-size", "--quantization", "--gpu-memory-utilization"} & set(words)


@pytest.mark.parametrize(("wanted", "given"), [(4, "8"), (32, "32"), (33, "64")])
def test_the_rank_is_rounded_up_to_one_that_vllm_takes(wanted: int, given: str) -> None:
    assert value(command_line(Settings(max_lora_rank=wanted)), "--max-lora-rank") == given


def test_the_key_is_in_the_environment_and_not_in_the_command_line() -> None:
    base = resolve(None)
    assert environment(base, "secret", {})["VLLM_API_KEY"] == "secret"
    assert "--api-key" not in command(Settings(), base, 1)


def test_the_hub_is_closed_for_a_local_model_and_open_for_an_id() -> None:
    assert environment(resolve(None), "", {})["HF_HUB_OFFLINE"] == "1"
    remote = environment(resolve("some-owner/some-model"), "", {"HF_TOKEN": "token"})
    assert "HF_HUB_OFFLINE" not in remote
    assert remote["HF_TOKEN"] == "token"


def test_the_plugin_that_puts_lora_right_cannot_be_left_out() -> None:
    assert environment(resolve(None), "", {"VLLM_PLUGINS": "other"})["VLLM_PLUGINS"] == "other,crossover_lora"


def test_an_unbalanced_quote_in_the_arguments_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="CROSSOVER_VLLM_ARGS"):
        command_line(Settings(home=tmp_path, vllm_args="--x 'y"))


def test_an_unbalanced_quote_is_told_with_the_setting_whoever_reads_it_first() -> None:
    with pytest.raises(ValueError, match="CROSSOVER_VLLM_ARGS"):
        can_sleep(Settings(vllm_args="--x 'y"))
