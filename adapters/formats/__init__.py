"""Files of examples in, a DataSet out: one format per file, detect.py chooses by content."""

from crossover.adapters.formats.detect import read

__all__ = ["read"]
