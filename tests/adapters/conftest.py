"""Models and tokenizers that the tests of this folder share."""

from __future__ import annotations

from pathlib import Path

import pytest
from models import build_tiny_qwen3
from transformers import logging

from crossover.adapters.base_model import BaseModel, resolve
from crossover.adapters.chat_template import ChatTokenizer


@pytest.fixture(scope="session")
def reader() -> BaseModel:
    """The built-in model."""
    logging.disable_progress_bar()
    return resolve(None)


@pytest.fixture(scope="session")
def tokenizer(reader: BaseModel) -> ChatTokenizer:
    """The built-in model's tokenizer and template."""
    return ChatTokenizer(reader.path)


@pytest.fixture(scope="session")
def qwen3(tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    """A random model of another architecture, with another tokenizer and no system role."""
    return resolve(str(build_tiny_qwen3(tmp_path_factory.mktemp("tiny-qwen3"))))


@pytest.fixture
def write(tmp_path: Path):  # noqa: ANN201
    """Writes lines into a file and returns its path."""

    def to(name: str, *lines: str) -> Path:
        path = tmp_path / name
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return path

    return to
