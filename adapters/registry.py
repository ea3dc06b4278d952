"""Registry: adapter versions, their alias and its history, all on disk under HOME/adapters.

    adapters/NAME/DIGEST/   adapter_model.safetensors, adapter_config.json, train.jsonl, held-out.jsonl, card.json
                            or, of a whole model, model.safetensors, config.json and tokenizer in place of the first two
    adapters/NAME/alias     {"digest": promoted, "history": [earlier ones, the latest last]}

A version is written beside and renamed when it is complete; the alias is replaced in one step. So whoever is
killed at any moment leaves the state from before.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.adapters.card import FILE as CARD
from crossover.adapters.card import FULL, AdapterCard
from crossover.adapters.digest import seal
from crossover.adapters.durable import replace_text, sync
from crossover.adapters.examples import Example
from crossover.adapters.kept_examples import HELD_OUT_FILE, TRAINING_FILE, hand_on_held_out, read_kept
from crossover.adapters.servable import NotServable, check_servable, rank_above
from crossover.adapters.training.workspace import in_training
from crossover.adapters.whole_model import CONFIG as WHOLE_CONFIG
from crossover.adapters.whole_model import check_whole, not_swapped

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{12}")


class UnknownAdapter(LookupError):
    """No adapter, or no version of it, has that name."""


class AdapterInUse(RuntimeError):
    """The promoted version, or the last one in the history, cannot be deleted."""


@dataclass(frozen=True, slots=True)
class AdapterVersion:
    """One immutable adapter on disk."""

    name: str
    digest: str
    path: Path
    card: AdapterCard

    @property
    def served_name(self) -> str:
        """The name under which vLLM serves it, never reused: ``support@3f9c2a41d0be``."""
        return f"{self.name}@{self.digest}"

    @property
    def virtual_tokens(self) -> int:
        """How many virtual tokens stand in front of its prompts: none but for P-tuning."""
        return int(self.card.hyperparameters.get("virtual_tokens", 0))


class Registry:
    """The adapters under one home.

    Args:
        home: CROSSOVER_HOME.
        max_rank: the largest LoRA rank that may be registered; None: any.
        base_fingerprint: the only base model whose adapters may be registered; None: any.
    """

    def __init__(self, home: Path, *, max_rank: int | None = None, base_fingerprint: str | None = None) -> None:
        self.folder = Path(home) / "adapters"
        self._max_rank = max_rank
        self._base_fingerprint = base_fingerprint

    def names(self) -> list[str]:
        """The names that have at least one complete version, sorted."""
        if not self.folder.is_dir():
            return []
        return sorted(folder.name for folder in self.folder.iterdir() if folder.is_dir() and self._digests(folder.name))

    def versions(self, name: str) -> list[AdapterVersion]:
        """The versions of an adapter, the oldest first.

        Raises:
            UnknownAdapter: no such name.
        """
        versions = [self._version(name, digest) for digest in self._digests(name)]
        if not versions:
            raise UnknownAdapter(f"no adapter {name!r}; there are: {', '.join(self.names()) or 'none yet'}")
        return sorted(versions, key=lambda version: (version.card.trained_at, version.digest))

    def resolve(self, reference: str) -> AdapterVersion:
        """The version that ``NAME`` (its promoted one) or ``NAME@DIGEST`` means; a digest may be cut short.

        Raises:
            UnknownAdapter: no such name or version, none promoted, or several that begin so.
        """
        name, _, digest = reference.partition("@")
        versions = self.versions(name)
        if not digest:
            promoted = self.promoted_digest(name)
            if promoted is None:
                raise UnknownAdapter(f"no version of {name!r} is promoted; crossover adapters promote {name}")
            return self._version(name, promoted)
        fitting = [version for version in versions if version.digest.startswith(digest)]
        if len(fitting) != 1:
            listed = ", ".join(version.served_name for version in versions)
            raise UnknownAdapter(f"{reference}: {'several' if fitting else 'no'} such version; there are: {listed}")
        return fitting[0]

    def promoted(self) -> list[AdapterVersion]:
        """The promoted version of every adapter that has one, by name."""
        digests = [(name, self.promoted_digest(name)) for name in self.names()]
        return [self._version(name, digest) for name, digest in digests if digest]

    def promoted_digest(self, name: str) -> str | None:
        """The digest that an alias points at; None when nothing is promoted or that version is gone."""
        digest = self._alias(name)["digest"]
        return digest if digest in self._digests(name) else None

    def history(self, name: str) -> list[str]:
        """The digests that the alias pointed at before, the latest last, as far as they are still there."""
        present = self._digests(name)
        return [digest for digest in self._alias(name)["history"] if digest in present]

    def rollback_target(self, name: str) -> AdapterVersion:
        """The version that was promoted before the present one.

        Raises:
            UnknownAdapter: no such adapter, or there was none before.
        """
        self.versions(name)
        history = self.history(name)
        if not history:
            raise UnknownAdapter(f"{name!r} has no earlier version to go back to")
        return self._version(name, history[-1])

    def set_alias(self, name: str, digest: str) -> None:
        """Points the alias at a version, in one step; going back to the one before shortens the history.

        Raises:
            UnknownAdapter: no such version.
        """
        version = self.resolve(f"{name}@{digest}")
        present, history = self.promoted_digest(name), self.history(name)
        if version.digest == present:
            return
        if history and history[-1] == version.digest:
            history.pop()
        elif present:
            history.append(present)
        replace_text(self.folder / name / "alias", json.dumps({"digest": version.digest, "history": history}) + "\n")

    def add(self, folder: Path, card: AdapterCard) -> AdapterVersion:
        """Registers the adapter in `folder`, which moves into the registry; nothing changes if it is refused.

        The same weights under the same name are one version: adding them again returns the one that is there.

        Raises:
            NotServable: vLLM cannot serve it, or it belongs to another base model.
            ValueError: the name is no proper name.
        """
        check_name(card.name)
        self.check_base(card)
        if card.method == FULL:
            digest = seal(folder, check_whole(folder), WHOLE_CONFIG)
        else:
            config = check_servable(folder, max_rank=self._max_rank)
            digest = seal(folder, config)
            if tokens := config.get("num_virtual_tokens"):
                card = card.model_copy(update={"hyperparameters": card.hyperparameters | {"virtual_tokens": tokens}})
        target = self.folder / card.name / digest
        if (target / CARD).is_file():
            hand_on_held_out(folder, target)
            shutil.rmtree(folder)
            return self._version(card.name, digest)
        card = card.model_copy(update={"digest": digest})
        card.save(folder)
        for file in folder.iterdir():
            sync(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():  # left without a card by somebody else's hand: never complete
            shutil.rmtree(target)
        folder.replace(target)
        sync(target.parent)
        return AdapterVersion(card.name, digest, target, card)

    def trained_on(self, documents: Collection[str]) -> list[str]:
        """The served names of the versions whose cards list any of these documents, the oldest of a name first."""
        if not documents:
            return []
        sought = set(documents)
        versions = [version for name in self.names() for version in self.versions(name)]
        return [version.served_name for version in versions if not sought.isdisjoint(version.card.documents)]

    def check_rank(self, rank: int) -> None:
        """Raises NotServable when an adapter of this rank could not be registered: asked before it is trained."""
        if self._max_rank is not None and rank > self._max_rank:
            raise NotServable(rank_above(rank, self._max_rank))

    def check(self, version: AdapterVersion) -> None:
        """Raises NotServable when a version cannot be swapped in here: its files, its kind, rank or base model."""
        self.check_base(version.card)
        if version.card.method == FULL:
            raise not_swapped(version.served_name, version.path)
        check_servable(version.path, max_rank=self._max_rank)

    def delete(self, name: str, digest: str | None = None) -> list[str]:
        """Removes one version, or the whole adapter; returns the digests that are gone.

        Raises:
            UnknownAdapter: no such adapter or version.
            AdapterInUse: that one version is promoted while others are there, or the adapter is being trained.
        """
        if digest is None:
            if in_training(self.folder / name):
                raise AdapterInUse(
                    f"{name!r} is being trained: wait for that, stop it, or delete single versions, {name}@DIGEST"
                )
            gone = [version.digest for version in self.versions(name)]
            self._remove(self.folder / name)
            return gone
        version = self.resolve(f"{name}@{digest}")
        if version.digest == self.promoted_digest(name):
            raise AdapterInUse(f"{version.served_name} is promoted; promote another version first, or delete {name}")
        self._remove(version.path)
        return [version.digest]

    def training_examples(self, version: AdapterVersion) -> list[Example]:
        """The examples that a version was trained on, in file order; empty when they were not kept."""
        return read_kept(version.path / TRAINING_FILE)

    def held_out_examples(self, version: AdapterVersion) -> list[Example]:
        """The examples of its task that a version was not trained on; empty when none were kept."""
        return read_kept(version.path / HELD_OUT_FILE)

    def record_gate(self, version: AdapterVersion, verdict: dict[str, Any]) -> None:
        """Writes what the gate said of a version on its card, in one step."""
        AdapterCard.load(version.path).model_copy(update={"gate": verdict}).save(version.path)

    def check_base(self, card: AdapterCard) -> None:
        """Raises NotServable when an adapter is of another base model than the one here."""
        if self._base_fingerprint not in (None, card.base_fingerprint):
            raise NotServable(
                f"{card.name}: trained on {card.base_model} ({card.base_fingerprint}), but the base model here is "
                f"{self._base_fingerprint}; train it again, or set CROSSOVER_BASE_MODEL"
            )

    def _digests(self, name: str) -> set[str]:
        folder = self.folder / name
        if not _NAME.fullmatch(name) or not folder.is_dir():
            return set()
        return {item.name for item in folder.iterdir() if _DIGEST.fullmatch(item.name) and (item / CARD).is_file()}

    def _version(self, name: str, digest: str) -> AdapterVersion:
        path = self.folder / name / digest
        return AdapterVersion(name, digest, path, AdapterCard.load(path))

    def _alias(self, name: str) -> dict[str, Any]:
        try:
            return dict(json.loads((self.folder / name / "alias").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {"digest": None, "history": []}

    def _remove(self, folder: Path) -> None:
        # Out of sight in one step, so that nobody meets half a version.
        doomed = self.folder / f".deleted-{folder.name}-{os.getpid()}"
        folder.replace(doomed)
        shutil.rmtree(doomed)


def check_name(name: str) -> str:
    """`name`, when an adapter may be called so; else a ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"adapter name {name!r}: expected letters, digits, '.', '-' or '_', at most 64, no '@' or '/'")
    return name
