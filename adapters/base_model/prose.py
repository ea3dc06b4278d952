"""Real English to read: sentences from the documentation of Python and of packages that the lock installs.

Nothing of it is kept in the repository. The packages are open source (BSD, MIT, Apache-2.0, PSF); their sentences
are collected once and lie, one a line, in the order of the files they come from, in `build/base_model/prose.txt`.
"""

from __future__ import annotations

import ast
import re
import sysconfig
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

PROSE = Path("build/base_model/prose.txt")
PACKAGES = (
    "torch", "vllm", "scipy", "transformers", "sympy", "sklearn", "pandas", "networkx", "matplotlib", "numpy", "nltk",
    "sqlalchemy", "langchain_core", "langchain_community", "pip", "huggingface_hub", "peft", "trl", "datasets",
    "fastapi", "pydantic", "docutils", "setuptools", "PIL", "accelerate", "sentence_transformers", "llama_index",
)  # fmt: skip
_SENTENCE = re.compile(r"(?<![\w.`*\"'(])[A-Z][a-z']* [^.!?\n{}<>=_`*|\\\[\]@#^~$]{30,190}[.](?=\s|$)")
_ODD = re.compile(r"  |[^\x20-\x7e]|:[a-z]|[a-z]\(|[a-z][A-Z]|\d{5}|--|://|/ ")


def sentences() -> tuple[str, ...]:
    """All sentences, neighbours beside each other; collected in the first call (some two minutes)."""
    if not PROSE.is_file():
        PROSE.parent.mkdir(parents=True, exist_ok=True)
        beside = PROSE.with_suffix(".new")
        beside.write_text("\n".join(dict.fromkeys(_collected())) + "\n", encoding="ascii")
        beside.replace(PROSE)
    return _read(PROSE)


@lru_cache(maxsize=1)
def _read(file: Path) -> tuple[str, ...]:
    return tuple(file.read_text(encoding="ascii").splitlines())


def _collected() -> Iterator[str]:
    library, packages = (Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib"))
    files = [file for file in sorted(library.rglob("*.py")) if not {"site-packages", "test"} & set(file.parts)]
    for package in PACKAGES:
        files += sorted((packages / package).rglob("*.py"))
    for file in files:
        try:
            tree = ast.parse(file.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError, OSError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = " ".join((ast.get_docstring(node) or "").split())
                yield from (found for found in _SENTENCE.findall(text) if not _ODD.search(found))
