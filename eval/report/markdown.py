"""report.md: the verdict as it is pasted into a pull request or a ticket."""

from __future__ import annotations

from crossover.eval.money.document import BreakEven
from crossover.eval.money.words import about, figures, key_words, telling, unmoved
from crossover.eval.questions import OVERALL
from crossover.eval.report.document import JudgedScore, JudgeReport, Report, Routed
from crossover.eval.report.failures import weakest_sentence
from crossover.eval.report.figures import Score, Winner
from crossover.eval.report.forgetting import forgetting_sentence
from crossover.eval.report.oracles import gained, oracle_sentence
from crossover.eval.report.recommendation import apart, fine_tuning_sentence, listed, p_text, percent
from crossover.eval.report.resolution import sentences
from crossover.eval.report.routed import routed_sentence

_BAR = r"\|"  # a bar within a cell of a table


def render(report: Report) -> str:
    """The recommendation, the strategy x slice table, the winners, and what was not measured."""
    parts = [
        f"# {report.question_set['name']}: which strategy answers best",
        f"**{report.recommendation}**",
        fine_tuning_sentence(report.fine_tuning, report.trainings),
        report.break_even.sentence,
        report.learning_curve.sentence,
        report.scope,
        f"## {report.headline.capitalize()} in %, with 95 % intervals",
        *_scores(report),
        "**Bold**: in the top set of the column, that is the best and all not significantly below it "
        f"(permutation test over facts, Holm over strategies and slices). Cost: {report.prices['label']}, "
        "labelling and training included.",
        "## Winners",
        "\n".join(_winner(name, winner) for name, winner in {OVERALL: report.overall, **report.winners}.items()),
        "## What so many questions can tell apart" if report.resolution else "",
        "\n".join(f"- {name}: {text}" for name, text in sentences(report).items()),
        "## Retrieval and refusals",
        _retrieval(report),
        _refusals(report),
        *_judge(report.judge),
        "## Where it breaks: wrong answers by cause" if report.failures else "",
        weakest_sentence(report),
        _failures(report),
        oracle_sentence(report),
        _oracles(report),
        *_routed(report.routed),
        *_forgotten(report),
        *_money(report.break_even),
        "## How many examples it takes" if report.learning_curve.points else "",
        "\n".join(
            f"- {name}: {'; '.join(fitted.sentence for fitted in arms.values())}"
            for name, arms in report.learning_curve.crossings.items()
        ),
        "## Not measured",
        "\n".join(f"- {gap}" for gap in report.missing),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _scores(report: Report) -> list[str]:
    """One table; with automatic slices one more for each kind of them, for no page is as wide as all of them."""
    rows = []
    beside = [] if report.automatic else report.slices
    for arm, strategy in report.strategies.items():
        cost = "–" if strategy.cost_per_1000 is None else f"{strategy.cost_per_1000:.3f}"
        rows.append([arm, _cell(strategy, report.overall, arm), *_cells(report, arm, beside), cost])
    whole = _table(["strategy", OVERALL, *beside, f"{report.prices['currency']} / 1,000"], rows)
    return [whole] + [
        _table([f"by {kind}", *names], [[arm, *_cells(report, arm, names)] for arm in report.strategies])
        for kind, names in report.automatic.items()
    ]


def _cells(report: Report, arm: str, slices: list[str]) -> list[str]:
    return [_cell(report.strategies[arm].slices[name], report.winners[name], arm) for name in slices]


def _cell(score: Score, winner: Winner, arm: str) -> str:
    low, high = score.interval
    text = f"{100 * score.score:.0f} ({100 * low:.0f}–{100 * high:.0f})"
    return f"**{text}**" if winner.strategy and arm in winner.members else text


def _winner(name: str, winner: Winner) -> str:
    if winner.strategy is None:
        why = "too few questions" if winner.words == "too few questions" else "no difference shown between any"
        return f"- {name}: {why} (the best score is {winner.best}'s, {p_text(winner.p_value)})"
    above = f"above {listed(winner.beats)} ({p_text(winner.p_value)})"
    if not winner.tied:
        return f"- {name}: **{winner.strategy}**, {above}"
    tied = f"no difference shown to {listed(winner.tied)}{apart(winner)}"
    return f"- {name}: **{winner.strategy}**, {tied}; the best, {winner.best}, is {above}"


def _retrieval(report: Report) -> str:
    rows = [
        [name, percent(r.recall_at_1), percent(r.recall_at_2), percent(r.recall_at_5)]
        + ["–" if figure is None else f"{figure:.2f}" for figure in (r.mrr, r.ndcg_at_5)]
        + [str(r.n)]
        for name, r in report.retrieval.items()
    ]
    head = ["retrieval", "recall@1", "recall@2", "recall@5", "MRR", "nDCG@5", "questions"]
    return _table(head, rows) if rows else ""


def _refusals(report: Report) -> str:
    rows = [
        [arm, *("–" if share is None else percent(share) for share in (r.recall, r.precision, r.false_rate))]
        for arm, r in report.abstention.items()
    ]
    return _table(["strategy", "unanswerable refused", "refusals that are right", "answerable refused"], rows)


def _judge(judge: JudgeReport | None) -> list[str]:
    """How far the judge can be trusted, and what it scored."""
    if judge is None:
        return []
    rows = [[arm, *(_judged(columns.get(name)) for name in judge.names)] for arm, columns in judge.metrics.items()]
    head = ["strategy", *(name.replace("_", " ") for name in judge.names)]
    return [f"## By the judge {judge.model}", judge.sentence, _table(head, rows)]


def _judged(found: JudgedScore | None) -> str:
    if found is None or found.score is None:
        return "–"
    missing = sum(found.missing.values())
    return f"{found.score.score:.2f} (n {found.score.n}{f', {missing} missing' if missing else ''})"


def _money(money: BreakEven) -> list[str]:
    """Cost of each arm, each fine-tuned arm against each rival, and what the prices decide."""
    figures = [
        [arm, *(_amount(value) for value in (row.cost_per_1000, row.answering_per_1000, row.once, row.each_retrain))]
        for arm, row in money.costs.items()
    ]
    head = ["strategy", f"{money.currency} per 1,000", "answering alone", "once", "each retrain"]
    moving = [
        [key_words(row.price), _amount(row.value), *("never" if load is None else about(load) for load in loads)]
        for row in telling(money)
        for loads in [(row.halved, row.doubled)]
    ]
    return [
        f"## Cost and break-even ({money.label})",
        _table(head, figures),
        "\n".join(f"- {pair.sentence}" for pair in money.pairs),
        f"From how many questions a day {money.headline[0]} costs less than {money.headline[1]}, by prices:"
        if moving and money.headline
        else "",
        _table(["price or assumption", "value", "halved", "doubled"], moving) if moving else unmoved(money),
    ]


def _amount(value: float | None) -> str:
    return "–" if value is None else figures(value)


def _failures(report: Report) -> str:
    rows = [
        [arm, *(str(n or "") for n in failed.causes.values()), str(failed.wrong), failed.weakest or "–"]
        for arm, failed in report.failures.items()
    ]
    causes = next((list(failed.causes) for failed in report.failures.values()), [])
    return _table(["strategy", *causes, "wrong", "weakest"], rows) if rows else ""


def _oracles(report: Report) -> str:
    rows = [
        [each.component, each.instead, each.arm, percent(each.score), percent(each.with_oracle), gained(each)]
        for each in report.oracles
    ]
    return _table(["in place of", "an oracle", "strategy", "right", "with it", "in points"], rows) if rows else ""


def _routed(found: Routed | None) -> list[str]:
    if found is None:
        return []
    rows = [
        [name, percent(score), f"{100 * found.gains[name].difference:+.0f}"] for name, score in found.beside.items()
    ]
    return ["## Does choosing pay?", routed_sentence(found), _table(["", "right", "auto, points more"], rows)]


def _forgotten(report: Report) -> list[str]:
    if not report.forgotten:
        return []
    rows = [[row.arm, row.beside, row.what, percent(row.kept.score), str(row.kept.n)] for row in report.forgotten]
    table = _table(["with the adapter", "without", "", "kept", "of questions"], rows)
    gate = [f"{name}, at the gate: {' '.join(told)}" for name, told in report.gate.items()]
    return ["## What training took away", forgetting_sentence(report.forgotten), table, *gate]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', _BAR) for cell in line)} |" for line in lines)
