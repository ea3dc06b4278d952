"""What a browser shows: GET / is a place to try questions, GET /reports the reports under HOME/reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader
from starlette.responses import FileResponse, HTMLResponse, Response

from crossover.server.api import services_of
from crossover.server.errors import ReportNotFound

router = APIRouter()

_FILES = {"report.html": "text/html", "report.md": "text/markdown", "report.json": "application/json"}
_HERE = Path(__file__).parent
_LIST = Environment(loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(
    "reports.html.j2"
)


@router.get("/")
async def playground() -> Response:
    """One question by one strategy, or by all of them side by side."""
    return FileResponse(_HERE / "playground.html", media_type="text/html; charset=utf-8")


@router.get("/reports")
def reports(request: Request) -> Response:
    """All of them, the latest first, each with its recommendation."""
    folders = _folders(services_of(request).settings.home)
    told = [_summary(folder) for folder in folders.values()]
    return HTMLResponse(_LIST.render(reports=sorted(told, key=lambda each: each["asked_at"], reverse=True)))


@router.get("/reports/{name}")
def report(request: Request, name: str) -> Response:
    """One of them; it is one file that needs nothing else."""
    return _file(request, name, "report.html")


@router.get("/reports/{name}/{file}")
def report_file(request: Request, name: str, file: str) -> Response:
    """The same as report.html, report.md or report.json."""
    return _file(request, name, file)


def _file(request: Request, name: str, file: str) -> Response:
    folder = _folders(services_of(request).settings.home).get(name)
    if folder is None or file not in _FILES or not (folder / file).is_file():
        raise ReportNotFound(f"there is no report {name}/{file}; GET /reports lists them")
    return FileResponse(folder / file, media_type=f"{_FILES[file]}; charset=utf-8")


def _folders(home: Path) -> dict[str, Path]:
    """By their names: what is asked for is looked up there, and never taken as a path."""
    root = home / "reports"
    return {each.parent.name: each.parent for each in root.glob("*/report.html")} if root.is_dir() else {}


def _summary(folder: Path) -> dict[str, Any]:
    """What the list says; of a report whose figures cannot be read, its name alone."""
    try:
        told = json.loads((folder / "report.json").read_bytes())
        known = {key: told[key] for key in ("recommendation", "questions", "asked_at")}
    except (OSError, ValueError, KeyError, TypeError):
        known = {"recommendation": "", "questions": "?", "asked_at": ""}
    return {"name": folder.name, **known}
