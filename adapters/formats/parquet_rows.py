"""The rows of a Parquet file; a row has no line there, so its number stands in for one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from crossover.adapters.examples import DataError
from crossover.adapters.formats.rows import Item, Row

MAGIC = b"PAR1"


def read(path: Path, data: bytes) -> Iterator[Item]:
    """The rows, numbered from 1.

    Raises:
        DataError: the file is damaged, or holds no rows.
    """
    import pyarrow.parquet as parquet
    from pyarrow import ArrowException

    number = 0
    try:
        for batch in parquet.ParquetFile(io.BytesIO(data)).iter_batches():
            for fields in batch.to_pylist():
                number += 1
                yield Row(path, number, fields)
    except (ArrowException, OSError) as error:
        found = f"damaged Parquet ({str(error).splitlines()[0].rstrip('.')})"
        expected = "a whole Parquet file"
        raise DataError(path, number, "file", found=found, expected=expected, code="unreadable") from error
    if not number:
        raise DataError(path, 0, "file", found="a table without rows", expected="rows of examples", code="empty")
