"""Where each strategy breaks: its wrong answers by cause, the weakest component, and what mending it could bring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import compress

from crossover.eval.attribution import COMPONENTS, Cause, Taught, explain
from crossover.eval.questions import OVERALL
from crossover.eval.report.document import Failures, Report
from crossover.eval.report.oracles import gained
from crossover.eval.report.recommendation import percent
from crossover.eval.scoring import Evaluation


def failures(evaluation: Evaluation, taught: Mapping[str, Taught]) -> dict[str, Failures]:
    """The wrong answers of each arm by cause, in the order of `Cause`; of the questions that its headline counts."""
    counted = evaluation.mask(OVERALL)
    ids = [question.id for question in compress(evaluation.questions, counted)]
    explained = explain(evaluation, taught)
    return {arm: _failures(ids, list(compress(causes, counted))) for arm, causes in explained.items()}


def weakest_sentence(report: Report) -> str:
    """Where the strategy to serve breaks, in words; empty when nothing is wrong or nothing was attributed."""
    arm = report.overall.strategy or report.overall.best
    failed = report.failures.get(arm)
    if failed is None or not failed.wrong:
        return ""
    if failed.weakest is None:
        return f"Where {arm} breaks: none of its {failed.wrong} wrong answers is the fault of one component."
    count = sum(n for cause, n in failed.causes.items() if COMPONENTS.get(Cause(cause)) == failed.weakest)
    limit = failed.causes.get(Cause.NO_SOURCE, 0)
    measured = next((o for o in report.oracles if (o.arm, o.component) == (arm, failed.weakest)), None)
    tried = f" (with {measured.instead} it {gained(measured)})" if measured else ""
    beyond = f" {limit} have nothing to answer from, which no mending changes." if limit else ""
    return (
        f"Where {arm} breaks: {count} of its {failed.wrong} wrong answers ({percent(count / failed.wrong)}) come from "
        f"{failed.weakest}; mending that alone could bring up to {100 * failed.worth:.0f} points{tried}.{beyond}"
    )


def _failures(ids: Sequence[str], causes: Sequence[Cause | None]) -> Failures:
    found = {cause: [i for i, given in zip(ids, causes, strict=True) if given == cause] for cause in Cause}
    components = Counter[str]()
    for cause, component in COMPONENTS.items():
        components[component] += len(found[cause])
    weakest, count = components.most_common(1)[0]
    return Failures(
        wrong=sum(map(len, found.values())),
        causes={str(cause): len(those) for cause, those in found.items()},
        weakest=weakest if count else None,
        worth=count / len(ids),
        questions={str(cause): those for cause, those in found.items() if those},
    )
