"""report.html: one file that needs no network, for a manager first and a statistician after."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from crossover.eval.attribution import COMPONENTS, Cause
from crossover.eval.money.words import about, figures, key_words, telling, unmoved
from crossover.eval.questions import OVERALL
from crossover.eval.report import money_plots, plots
from crossover.eval.report.curve_plots import curve_pictures
from crossover.eval.report.document import Report
from crossover.eval.report.examples import examples, failed
from crossover.eval.report.failures import weakest_sentence
from crossover.eval.report.forgetting import forgetting_sentence
from crossover.eval.report.oracles import oracle_sentence
from crossover.eval.report.recommendation import apart, fine_tuning_sentence, p_text, percent
from crossover.eval.report.resolution import sentences
from crossover.eval.report.routed import BY_SLICE, routed_sentence
from crossover.eval.scoring import Evaluation


def render(report: Report, evaluation: Evaluation) -> str:
    """The whole page; texts of questions, answers and passages are escaped."""
    environment = _environment()
    head, _, rest = report.recommendation.partition(". ")
    return environment.get_template("report.html.j2").render(
        report=report,
        headline=head if not rest else f"{head}.",
        second=rest,
        rows={OVERALL: report.overall, **report.winners},
        kinds={names[0]: kind for kind, names in report.automatic.items()},
        fine_tuning=fine_tuning_sentence(report.fine_tuning, report.trainings),
        examples=examples(evaluation),
        resolutions=sentences(report),
        weakest=weakest_sentence(report),
        oracles=oracle_sentence(report),
        routed=routed_sentence(report.routed),
        forgetting=forgetting_sentence(report.forgotten),
        causes={str(cause): COMPONENTS.get(cause) for cause in Cause if _occurs(report, cause)},
        failed=failed(evaluation, report.failures, report.overall.strategy or report.overall.best),
        panels={name: Markup(svg) for name, svg in plots.panels(report).items()},
        **_money(report),
        curve=report.learning_curve,
        curve_pictures={name: Markup(svg) for name, svg in curve_pictures(report.learning_curve).items()},
        best_by_slice=BY_SLICE,
        ragas_names=list(dict.fromkeys(name for s in report.strategies.values() for name in s.ragas)),
    )


def _money(report: Report) -> dict[str, object]:
    """What the sections on money show; sensitivity with what matters most first, without what changes nothing."""
    money = report.break_even
    return {
        "cost_picture": Markup(money_plots.quality_and_cost(report)),
        "paid_picture": Markup(money_plots.paid_over_days(money)),
        "load_picture": Markup(money_plots.cost_by_load(money)),
        "headline_pair": money.pair(*money.headline) if money.headline else None,
        "sensitivity": telling(money),
        "unmoved": unmoved(money),
    }


def _occurs(report: Report, cause: Cause) -> bool:
    return any(failed.causes.get(str(cause)) for failed in report.failures.values())


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        apart=apart,
        percent=_percent,
        whole=_whole,
        figure=_figure,
        signed=_signed,
        p_value=_p_value,
        bound=_bound,
        about=about,
        amount=_amount,
        mebibytes=_mebibytes,
        words=key_words,
    )
    return environment


def _p_value(value: float) -> str:
    """As it stands under a heading that says p."""
    return p_text(value).removeprefix("p ").removeprefix("= ")


def _percent(share: float | None) -> str:
    return "–" if share is None else percent(share)


def _whole(share: float) -> str:
    return f"{100 * share:.0f}"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _amount(value: float | None) -> str:
    return "–" if value is None else figures(value)


def _mebibytes(gib: float | None) -> str:
    return "–" if gib is None else f"{1024 * gib:,.1f}" if gib < 1 else f"{1024 * gib:,.0f}"


def _signed(share: float) -> str:
    points = round(100 * share)
    return f"{points:+d}".replace("-", "−") if points else "0"


def _bound(text: str) -> str:
    """The text with figures and their units kept on one line."""
    return re.sub(r"(?<=\d) (?=%)|(?<=\bp) (?=[<=])|(?<=[<=]) (?=\d)", "\u00a0", text)
