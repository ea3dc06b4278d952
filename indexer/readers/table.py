"""Rows of a table as text: each says its columns' names, so that it can be found and understood alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Row = Sequence[str]


def to_text(rows: Iterable[Row], *, header: bool | None = None) -> str:
    """A paragraph a row, `Column: value; Column: value`; without column names `value | value`.

    Args:
        rows: cells as text; ragged rows are fine, empty ones are left out.
        header: whether the first row names the columns; None where that is to be judged.
    """
    filled = [cells for cells in ([" ".join(cell.split()) for cell in row] for row in rows) if any(cells)]
    if not filled:
        return ""
    if header is None:
        header = _names_columns(filled)
    names, body = (filled[0], filled[1:]) if header else ([], filled)
    if not body:
        return " | ".join(cell for cell in names if cell)
    return "\n\n".join(_row(names, cells) for cells in body)


def _row(names: Row, cells: Row) -> str:
    if not any(names):
        return " | ".join(cell for cell in cells if cell)
    named = [*names, *[""] * (len(cells) - len(names))]
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in zip(named, cells, strict=False) if cell)


def _names_columns(rows: Sequence[Row]) -> bool:
    """Whether the first row reads like names: every cell filled, all different, none a number."""
    first = rows[0]
    return (
        len(rows) > 1
        and len(first) > 1
        and all(first)
        and len(set(first)) == len(first)
        and not any(cell[0].isdigit() for cell in first)
        and max(map(len, first)) <= 60
    )
