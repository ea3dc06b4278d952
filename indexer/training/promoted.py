"""Which trained retriever embeds in a home: a small file names it, and is replaced in one step."""

from __future__ import annotations

from pathlib import Path

from crossover.indexer.disk import write_atomically


def promotion_file(home: Path) -> Path:
    """Holds NAME/DIGEST of the retriever that was promoted; without it the packaged model embeds."""
    return home / "retrievers" / "promoted"


def promoted_retriever(home: Path) -> str | None:
    """The folder of the promoted retriever's model; None where none was promoted.

    Raises:
        RuntimeError: its folder is gone.
    """
    file = promotion_file(home)
    try:
        reference = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    folder = (file.parent / reference).resolve()
    if not folder.is_dir():
        raise RuntimeError(f"{file} names {reference}, which is not there: put it back, or delete {file}")
    return str(folder)


def promote(home: Path, name: str, digest: str) -> None:
    """From here on this retriever embeds; an index that was built otherwise follows at its next run."""
    write_atomically(promotion_file(home), f"{name}/{digest}\n".encode())
