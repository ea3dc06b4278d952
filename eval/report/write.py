"""Writing a report: report.html, report.md, report.json, verdict.svg and scores.csv in one folder."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from crossover.adapters.durable import replace_text
from crossover.eval.report import html, markdown, plots
from crossover.eval.report.document import Report
from crossover.eval.scoring import Evaluation

HTML_FILE, JSON_FILE = "report.html", "report.json"


def write(report: Report, evaluation: Evaluation, folder: Path) -> None:
    """Write every form of the report; report.json comes last, so that its existence means a whole report.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        HTML_FILE: html.render(report, evaluation),
        "report.md": markdown.render(report),
        "verdict.svg": plots.verdict(report),
        "scores.csv": _scores(evaluation),
        JSON_FILE: report.model_dump_json(indent=2) + "\n",
    }
    for name, text in files.items():
        replace_text(folder / name, text)


def _scores(evaluation: Evaluation) -> str:
    """One row a question: id, slices, group, and each arm's exact match; whoever doubts can compute again."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["id", "slice", "group", *(run.arm for run in evaluation.runs)])
    masks = {name: evaluation.mask(name) for name in evaluation.slices}
    for index, question in enumerate(evaluation.questions):
        scores = [int(run.exact[index]) for run in evaluation.runs]
        slices = [name for name in evaluation.slices if masks[name][index]]
        rows.writerow([question.id, "; ".join(slices), question.group, *scores])
    return out.getvalue()
