"""One table: from an exception to status, code and exit code."""

import errno

import pytest

from crossover.adapters.registry import UnknownAdapter
from crossover.indexer.errors import IndexLocked, ReadError
from crossover.server.engine.client import EngineRefused, EngineUnavailable, ModelNotServed
from crossover.server.errors import (
    AdapterNotUsed,
    BadRequest,
    ContextExceeded,
    ModelNotFound,
    NoAdapter,
    NoExamples,
    body,
    is_fault,
    translate,
)


@pytest.mark.parametrize(
    ("error", "status", "code", "exit_code"),
    [
        (BadRequest("n: must be 1", "n"), 400, "invalid_value", 2),
        (AdapterNotUsed("x"), 400, "adapter_not_used", 2),
        (ContextExceeded("x"), 400, "context_length_exceeded", 2),
        (ModelNotFound("x"), 404, "model_not_found", 2),
        (NoAdapter("x"), 409, "no_adapter", 1),
        (NoExamples("x"), 409, "no_examples", 1),
        (EngineUnavailable("x"), 503, "engine_unavailable", 1),
        (EngineRefused("x"), 400, "refused_by_model", 2),
        (ModelNotServed("x"), 503, "adapter_not_loaded", 1),
        (UnknownAdapter("x"), 404, "not_found", 2),
        (IndexLocked("x"), 503, "unavailable", 1),
        (ReadError("a.md", "x"), 400, "invalid_request", 2),
        (OSError(errno.ENOSPC, "full", "/data/x"), 507, "disk_full", 1),
        (FileNotFoundError(errno.ENOENT, "no such file", "a.md"), 404, "not_found", 2),
    ],
)
def test_each_exception_has_its_status_code_and_exit(error: Exception, status: int, code: str, exit_code: int) -> None:
    row = translate(error)
    assert (row.status, row.code, row.exit_code) == (status, code, exit_code)
    assert not is_fault(error)


@pytest.mark.parametrize(
    "error", [KeyError("secret"), IndexError("secret"), TypeError("secret"), AttributeError("secret")]
)
def test_a_fault_of_ours_tells_nothing_of_its_inside(error: Exception) -> None:
    assert is_fault(error)
    told = body(error)["error"]
    assert "secret" not in str(told["message"])
    assert (told["type"], told["code"]) == ("server_error", "internal_error")


def test_a_full_disk_names_the_place_and_the_remedy() -> None:
    message = body(OSError(errno.ENOSPC, "full", "/data/x"))["error"]["message"]
    assert message is not None and "/data/x" in message and "free some space" in message
