"""The adapters that answer now: the registry's promoted versions, read again only when an alias has moved."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from crossover.adapters.registry import AdapterVersion, Registry
from crossover.server.errors import ModelNotFound, NoAdapter

_DEFAULT = "CROSSOVER_DEFAULT_ADAPTER"


class Promoted:
    """The promoted adapters of one home.

    An alias is looked at on every call, because another server or a rollback may have moved it; reading it
    is two system calls an adapter, reading all cards would not be.

    Args:
        registry: where versions and aliases are kept.
        default: the alias that is meant when a request names none and there are several.
    """

    def __init__(self, registry: Registry, default: str | None) -> None:
        self.registry = registry
        self._default = default
        self._seen: dict[str, tuple[tuple[int, int], AdapterVersion]] = {}

    def all(self) -> dict[str, AdapterVersion]:
        """The promoted version behind each alias."""
        root = self.registry.folder
        files = sorted(root.glob("[!.]*/alias")) if root.is_dir() else []
        current = {file.parent.name: version for file in files if (version := self._read(file)) is not None}
        self._seen = {name: self._seen[name] for name in current}
        return current

    def get(self, alias: str | None, strategy: str) -> AdapterVersion:
        """The version that answers for `alias`, or for the default when that is None.

        Raises:
            ModelNotFound: there is no adapter of that name.
            NoAdapter: it is not promoted; or none is; or several are and no default is set.
        """
        if alias is None:
            return self._default_version(strategy)
        name, _, digest = alias.partition("@")
        version = self._read(self.registry.folder / name / "alias") if name not in ("", ".", "..") else None
        if version is not None and version.digest.startswith(digest):
            return version
        if name in self.registry.names() and not digest:
            raise NoAdapter(f"no version of {name!r} is promoted: crossover adapters promote {name}")
        known = ", ".join(self.all()) or "none yet"
        raise ModelNotFound(f"model '{strategy}:{alias}' does not exist: promoted adapters are {known}")

    def default(self) -> AdapterVersion | None:
        """The version of the default alias; None when there is none, or several to choose from."""
        current = self.all()
        if self._default:
            return current.get(self._default)
        return next(iter(current.values())) if len(current) == 1 else None

    def served_names(self, aliases: Collection[str]) -> set[str]:
        """The served names of those aliases that are promoted."""
        return {version.served_name for alias, version in self.all().items() if alias in aliases}

    def data_sets(self) -> list[AdapterVersion]:
        """The versions whose training examples `few-shot` chooses from.

        The default's, else those of all promoted adapters; with none promoted, the newest of each adapter.
        """
        if (default := self.default()) is not None:
            return [default]
        registry = self.registry
        return list(self.all().values()) or [registry.versions(name)[-1] for name in registry.names()]

    def _default_version(self, strategy: str) -> AdapterVersion:
        version = self.default()
        if version is not None:
            return version
        current = ", ".join(self.all())
        if not current:
            raise NoAdapter(f"{strategy!r} needs an adapter and none is promoted: crossover train FILE --name NAME")
        if self._default:
            raise NoAdapter(f"{_DEFAULT}={self._default} is not promoted: promoted adapters are {current}")
        raise NoAdapter(f"several adapters are promoted ({current}): ask for '{strategy}:ALIAS' or set {_DEFAULT}")

    def _read(self, file: Path) -> AdapterVersion | None:
        name = file.parent.name
        try:
            stat = file.stat()
        except OSError:
            return None
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if name in self._seen and self._seen[name][0] == stamp:
            return self._seen[name][1]
        try:
            version = self.registry.resolve(name)
        except LookupError:  # the version behind the alias is gone
            return None
        self._seen[name] = (stamp, version)
        return version
