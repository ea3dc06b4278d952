"""What goes wrong, and how it is told: one table from an exception to HTTP status, OpenAI code and exit code.

ValueError    bad input        400, exit 2
├── BadRequest                 a field of a request, named in `param`
├── BodyTooLarge               413: more than the settings allow
├── CrossSite                  403: a page of another site
├── NotServable                409: an adapter that cannot be served here, as of another base model
├── AdapterNotUsed             an alias on a strategy that uses no adapter
└── ContextExceeded            the question alone does not fit the model's context
LookupError   unknown thing    404, exit 2
├── ModelNotFound              no such strategy, or no such adapter behind it
├── AnswerNotFound             no such answer among those that this server remembers
└── DocumentNotFound           no such document in the index
RuntimeError  cannot now       503, exit 1
├── GateRefused                409: a version that the gate does not let through
├── NoAdapter                  409: a strategy that needs an adapter, and none is promoted
└── NoExamples                 409: `few-shot` without training examples
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

from jinja2 import TemplateError

from crossover.adapters.gate.decision import GateRefused
from crossover.adapters.servable import NotServable
from crossover.indexer.errors import IndexFull
from crossover.server.engine.client import EngineRefused, EngineUnavailable, ModelNotServed


class BadRequest(ValueError):
    """A field of a request is missing, wrong or not supported."""

    def __init__(self, message: str, param: str | None = None, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.param = param
        self.code = code


class BodyTooLarge(ValueError):
    """The body of a request is longer than the `limit` in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"the body is longer than {limit >> 20} MiB: send less at once, such as fewer documents, or raise "
            "CROSSOVER_MAX_BODY_MIB"
        )


class CrossSite(ValueError):
    """A page of another site wants to change something."""


class AdapterNotUsed(ValueError):
    """An alias stands behind a strategy that answers without an adapter."""


class ContextExceeded(ValueError):
    """The question alone, with its answer, is longer than the model's context."""


class ModelNotFound(LookupError):
    """The `model` of a request is neither a strategy nor a strategy with a known adapter."""


class AnswerNotFound(LookupError):
    """The server gave no answer of this id, or has forgotten it."""


class DocumentNotFound(LookupError):
    """The index holds no document of this id."""


class ReportNotFound(LookupError):
    """The home has no report of this name, or not in this form."""


class NoAdapter(RuntimeError):
    """The strategy needs a promoted adapter: there is none, or several and no default."""


class NoExamples(RuntimeError):
    """The strategy needs training examples and there are none."""


@dataclass(frozen=True, slots=True)
class Translation:
    """How one kind of exception is told: `kind` is OpenAI's `error.type`."""

    status: int
    code: str
    kind: str
    exit_code: int
    param: str | None = None


_BAD = "invalid_request_error"
_SERVER = "server_error"
_BUG = Translation(500, "internal_error", _SERVER, 1)

TABLE: dict[type[BaseException], Translation] = {
    BodyTooLarge: Translation(413, "body_too_large", _BAD, 2),
    CrossSite: Translation(403, "cross_site", _BAD, 2),
    AdapterNotUsed: Translation(400, "adapter_not_used", _BAD, 2, "model"),
    ContextExceeded: Translation(400, "context_length_exceeded", _BAD, 2, "messages"),
    ModelNotFound: Translation(404, "model_not_found", _BAD, 2, "model"),
    AnswerNotFound: Translation(404, "answer_not_found", _BAD, 2, "answer_id"),
    DocumentNotFound: Translation(404, "document_not_found", _BAD, 2),
    ReportNotFound: Translation(404, "report_not_found", _BAD, 2),
    NotServable: Translation(409, "not_servable", _BAD, 2),
    GateRefused: Translation(409, "gate_refused", _BAD, 1, "version"),
    NoAdapter: Translation(409, "no_adapter", _BAD, 1, "model"),
    NoExamples: Translation(409, "no_examples", _BAD, 1, "model"),
    EngineRefused: Translation(400, "refused_by_model", _BAD, 2),
    EngineUnavailable: Translation(503, "engine_unavailable", _SERVER, 1),
    IndexFull: Translation(507, "disk_full", _SERVER, 1),
    ModelNotServed: Translation(503, "adapter_not_loaded", _SERVER, 1),
    TemplateError: Translation(400, "refused_by_template", _BAD, 2, "messages"),
    ValueError: Translation(400, "invalid_request", _BAD, 2),
    LookupError: Translation(404, "not_found", _BAD, 2),
    RuntimeError: Translation(503, "unavailable", _SERVER, 1),
    TimeoutError: Translation(503, "timeout", _SERVER, 1),
    FileNotFoundError: Translation(404, "not_found", _BAD, 2),
    FileExistsError: Translation(409, "already_there", _BAD, 2),
    OSError: Translation(500, "io_error", _SERVER, 1),
    # Builtins that derive from the three above but mean a fault of ours.
    KeyError: _BUG,
    IndexError: _BUG,
    NotImplementedError: _BUG,
    RecursionError: _BUG,
    UnicodeError: _BUG,
}


def translate(error: BaseException) -> Translation:
    """The row of the nearest class in the exception's ancestry; what stands in no row is a fault of ours."""
    if isinstance(error, BadRequest):
        return Translation(400, error.code, _BAD, 2, error.param)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Translation(507, "disk_full", _SERVER, 1)
    return next((TABLE[kind] for kind in type(error).__mro__ if kind in TABLE), _BUG)


def is_fault(error: BaseException) -> bool:
    """Whether the exception is a fault of ours, to be logged with its traceback."""
    return translate(error) is _BUG


def message_of(error: BaseException) -> str:
    """What the user is told: the exception's own words, but never the inside of a fault of ours."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" at {error.filename}" if error.filename else ""
        return f"the disk is full{where}: nothing was changed; free some space and try again"
    if is_fault(error):
        return "an unexpected error; the server's log tells more under this request's id"
    return str(error.args[0]) if isinstance(error, LookupError) and error.args else str(error)


def body(error: BaseException) -> dict[str, dict[str, str | None]]:
    """The exception in OpenAI's shape."""
    row = translate(error)
    return {"error": {"message": message_of(error), "type": row.kind, "param": row.param, "code": row.code}}
