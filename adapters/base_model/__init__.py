"""The base model that Crossover answers with: the built-in reader, a local folder or a hub id.

The built-in reader's weights, corpus generator, training script and model card live in this package
(MODEL_CARD.md). Importing it loads neither torch nor transformers.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

BUILT_IN = "crossover-reader"
WEIGHTS = Path(__file__).parent / "weights"

# What decides a model's answers; a README beside the weights does not.
_FINGERPRINTED = ("*.safetensors", "config.json", "tokenizer*", "special_tokens_map.json", "chat_template*", "vocab*")
_DEFAULT_PASSAGES = 5


class BaseModelNotFoundError(LookupError):
    """The configured base model is a path at which there is no model."""


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A base model as everything else needs it: where it lies, what to call it, which one it is."""

    path: str
    """A local folder, or a hub id."""
    name: str
    """Its short name: ``crossover-reader``, a folder's name, or the hub id."""
    fingerprint: str
    """Equal only for equal weights, configuration and tokenizer; a hub id with its commit where that is known."""
    built_in: bool
    max_model_len: int | None
    """The longest prompt and answer, in tokens, at which the model was measured; None: the model's own limit."""
    passages: int
    """How many passages it is given when nothing else is set."""


def resolve(setting: str | None = None) -> BaseModel:
    """The base model that a setting names: None for the built-in one, else a folder or a hub id.

    Nothing is downloaded: a hub id is looked up in the local cache alone.

    Raises:
        BaseModelNotFoundError: the setting is a path, and there is no model folder at it.
    """
    if not setting:
        return _described(WEIGHTS, BUILT_IN, built_in=True)
    folder = Path(setting).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise BaseModelNotFoundError(
                f"CROSSOVER_BASE_MODEL={setting}: no config.json there; name a folder in Hugging Face format"
            )
        folder = folder.resolve()
        return _described(folder, BUILT_IN if folder == WEIGHTS.resolve() else folder.name, built_in=False)
    if folder.is_absolute() or setting.startswith((".", "~")) or setting.count("/") > 1:
        raise BaseModelNotFoundError(
            f"CROSSOVER_BASE_MODEL={setting}: no such folder; name one that exists, or a hub id"
        )
    commit = _cached_commit(setting)
    fingerprint = f"{setting}@{commit[:12]}" if commit else setting
    return BaseModel(setting, setting, fingerprint, built_in=False, max_model_len=None, passages=_DEFAULT_PASSAGES)


def fetched(setting: str | None = None) -> BaseModel:
    """As `resolve`, but of a hub id that is not in the local cache yet, the hub is asked for its commit.

    What is trained on a model is known by its fingerprint, which must not change with the first download.

    Raises:
        See `resolve`; a hub that cannot be reached is no error here, loading the model will say it.
    """
    base = resolve(setting)
    if base.fingerprint != setting:
        return base
    from huggingface_hub import hf_hub_download

    with suppress(OSError):
        hf_hub_download(base.path, "config.json")
    return resolve(setting)


def _described(folder: Path, name: str, *, built_in: bool) -> BaseModel:
    """The model in a folder, with what a card.json beside its weights says about it."""
    card_file = folder / "card.json"
    card = json.loads(card_file.read_text(encoding="utf-8")) if card_file.is_file() else {}
    return BaseModel(
        path=str(folder),
        name=f"{card['name']}@{card['digest']}" if card.get("digest") else name,  # trained here, by every weight
        fingerprint=_fingerprint(folder),
        built_in=built_in,
        max_model_len=card.get("max_model_len"),
        passages=card.get("passages") or _DEFAULT_PASSAGES,
    )


def _fingerprint(folder: Path) -> str:
    """The first 12 hex digits of a SHA-256 over the names and bytes of the files that make the model."""
    files = sorted({file for pattern in _FINGERPRINTED for file in folder.glob(pattern)})
    return _hash_files(tuple((str(file), (stat := file.stat()).st_size, stat.st_mtime_ns) for file in files))


@lru_cache(maxsize=32)
def _hash_files(files: tuple[tuple[str, int, int], ...]) -> str:
    """Sizes and times only key the cache: a large model is read once a process, and again when it changes."""
    digest = hashlib.sha256()
    for path, size, _ in files:
        digest.update(f"{Path(path).name}\0{size}\0".encode())
        with Path(path).open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:12]


def _cached_commit(hub_id: str) -> str | None:
    """The commit of a hub model in the local Hugging Face cache, or None where it isn't there yet."""
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    cache = Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    reference = cache / f"models--{hub_id.replace('/', '--')}" / "refs" / "main"
    return reference.read_text(encoding="utf-8").strip() if reference.is_file() else None
