"""Files of examples in, a DataSet out: one format per file, detect.py chooses by content.

May import the nouns beside it (``examples``, ``prompt``, ``durable``), nothing that trains or serves.
"""

from crossover.adapters.formats.detect import read

__all__ = ["read"]
