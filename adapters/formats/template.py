"""``--template FILE.jinja``: blocks named question, answer and perhaps system, filled from a row's fields.

{% block question %}{{ premise }} Does it follow that {{ hypothesis }}?{% endblock %}
{% block answer %}{{ "yes" if target == "1" else "no" }}{% endblock %}
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jinja2
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from crossover.adapters.examples import DataError, Example
from crossover.adapters.formats.rows import Row

_BLOCKS = ("question", "answer", "system")
_UNDEFINED = re.compile(r"'(.+)' is undefined")
_EXPECTED = "{% block question %}…{% endblock %}{% block answer %}…{% endblock %}"


@dataclass(frozen=True, slots=True)
class Template:
    """A format that a user wrote."""

    file: Path
    blocks: dict[str, Callable[[dict[str, object]], str]]
    keys: frozenset[str]
    name: str = "template"
    optional: frozenset[str] = frozenset()
    places: tuple[str, str] = ("question", "answer")

    @property
    def shape(self) -> str:
        """The fields in words."""
        return f"the fields of {self.file.name}"

    def matches(self, row: Row) -> bool:
        """Always: whoever writes a template has said what the rows are."""
        return True

    def parse(self, row: Row) -> list[Example]:
        """The one example of a row.

        Raises:
            DataError: a field is missing, the template fails on this row, or question or answer come out empty.
        """
        texts = {name: self._render(row, name) for name in self.blocks}
        question, answer = (row.require_text(name, texts[name]) for name in _BLOCKS[:2])
        system = texts.get("system", "").strip()
        return [Example(question, answer, row.require_text("system", system) if system else "", line=row.line)]

    def _render(self, row: Row, block: str) -> str:
        try:
            return self.blocks[block](row.fields)
        except jinja2.UndefinedError as error:
            absent = _UNDEFINED.match(error.message or "")
            if absent and absent[1] in self.keys:
                raise row.error(absent[1], None, f"the field that {self.file.name} uses") from error
            raise self._failed(row, block, error) from error
        except Exception as error:  # whatever an expression of the user's raises on a value it did not foresee
            raise self._failed(row, block, error) from error

    def _failed(self, row: Row, block: str, error: Exception) -> DataError:
        found = f"{type(error).__name__} ({error})"
        return row.refuse(block, found, f"a row that {self.file.name} can render", "template")


def load_template(file: Path) -> Template:
    """The template in a file.

    Raises:
        DataError: it cannot be read, is no Jinja, or lacks a block.
    """
    environment = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, finalize=_known)
    try:
        source = file.read_text(encoding="utf-8-sig")
        template = environment.from_string(source)
        fields = find_undeclared_variables(environment.parse(source))
    except jinja2.TemplateSyntaxError as error:
        raise _refused(file, error.lineno, error.message or "a fault of syntax", "a Jinja template") from error
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(file, 0, str(getattr(error, "strerror", None) or error), "a readable template") from error
    absent = [name for name in _BLOCKS[:2] if name not in template.blocks]
    if absent:
        raise _refused(file, 0, f"no block {absent[0]}", _EXPECTED)
    blocks = {name: _renderer(template, name) for name in _BLOCKS if name in template.blocks}
    return Template(file, blocks, frozenset(fields - {"row", *environment.globals}))


def _known(value: object) -> object:
    if value is None:
        raise jinja2.UndefinedError("a value is null")  # Jinja would write None
    return value


def _renderer(template: jinja2.Template, name: str) -> Callable[[dict[str, object]], str]:
    def render(fields: dict[str, object]) -> str:
        return "".join(template.blocks[name](template.new_context({"row": fields} | fields)))

    return render


def _refused(file: Path, line: int, found: str, expected: str) -> DataError:
    return DataError(file, line, "template", found=found, expected=expected, code="template")
