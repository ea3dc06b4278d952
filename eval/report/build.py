"""The report of an evaluation: every figure computed once, for all of its forms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import compress

from crossover.eval.arms import DEFAULT, FINE_TUNED, WITH_EXAMPLES
from crossover.eval.attribution import Taught
from crossover.eval.learning_curve.document import LearningCurve
from crossover.eval.metrics.abstention import abstention
from crossover.eval.metrics.ragas_metrics import Embed, RagasScore, Sample
from crossover.eval.metrics.ragas_metrics import score as ragas_score
from crossover.eval.money.analysis import money
from crossover.eval.money.document import ArmMoney, BreakEven
from crossover.eval.money.footprint import Kept
from crossover.eval.money.prices import Prices
from crossover.eval.questions import OVERALL, SEEN
from crossover.eval.report.document import JudgeReport, Refusals, Report
from crossover.eval.report.failures import failures
from crossover.eval.report.figures import Difference, Score, Strategy, Winner
from crossover.eval.report.forgetting import forgotten
from crossover.eval.report.judged import EXACT, JUDGED, failed
from crossover.eval.report.oracles import not_asked, oracles
from crossover.eval.report.recommendation import percent, recommend
from crossover.eval.report.repeats import Repeats
from crossover.eval.report.resolution import resolution
from crossover.eval.report.retrieval import retrieval
from crossover.eval.report.routed import routed
from crossover.eval.scoring import Evaluation, ScoredRun, samples
from crossover.eval.statistics import across_trainings, compare, estimate, holm
from crossover.eval.top_set import top_sets


def build(
    evaluation: Evaluation,
    prices: Prices,
    embed: Embed | None,
    taught: Mapping[str, Taught] | None = None,
    kept: Kept | None = None,
    curve: LearningCurve | None = None,
    again: Evaluation | None = None,
    judge: JudgeReport | None = None,
    repeated: Repeats | str | None = None,
    gate: Mapping[str, list[str]] | None = None,
) -> Report:
    """The report of one or more arms over the same questions.

    Args:
        embed: texts to unit vectors, for ragas' semantic similarity; None leaves ragas' metrics out.
        taught: what the adapters were trained on, by served name, to tell why their answers are wrong.
        kept: what adapters and index took to make and take to keep, for their costs.
        curve: a learning curve, to stand beside the rest.
        again: the same questions and arms, sampled once more: what routing could gain without luck.
        judge: what a judge said of the answers.
        repeated: what the same training gives with other seeds, or why nothing is told of it.
        gate: what the promotion gate said of each adapter.
    """
    trainings = repeated if isinstance(repeated, Repeats) else None
    costs = money(evaluation, kept or Kept({}), prices)
    ragas = (
        ragas_score({run.arm: _headline_samples(evaluation, run) for run in evaluation.runs}, embed) if embed else {}
    )
    strategies = {
        run.arm: _strategy(evaluation, run, costs.costs[run.arm], ragas.get(run.arm, {})) for run in evaluation.runs
    }
    known = {arm: strategy.cost_per_1000 for arm, strategy in strategies.items() if strategy.cost_per_1000 is not None}
    tops = top_sets({name: evaluation.scores_on(name) for name in evaluation.slices})
    winners = {name: Winner.of(top, known) for name, top in tops.items()}
    overall = Winner.of(top_sets({OVERALL: evaluation.scores_on(OVERALL)})[OVERALL], known)
    headers = [run.header for run in evaluation.runs]
    return Report(
        recommendation=recommend(strategies, overall, {name: each for name, each in winners.items() if name != SEEN}),
        questions=len(evaluation.questions),
        strategies=strategies,
        winners=winners,
        break_even=costs,
        learning_curve=curve or LearningCurve(),
        missing=[
            *_missing(evaluation, strategies, taught or {}, costs, curve),
            *not_asked(evaluation, again),
            *_unjudged(judge),
            *([f"other trainings: {repeated}"] if isinstance(repeated, str) else []),
        ],
        overall=overall,
        fine_tuning=_fine_tuning(evaluation, trainings),
        scope=_scope(evaluation.adapters, trainings),
        trainings=trainings.trainings if trainings else 1,
        retrieval=retrieval(evaluation),
        abstention=_refusals(evaluation),
        prices=prices.model_dump(),
        question_set={"name": evaluation.questions.name, "digest": evaluation.questions.digest},
        system=", ".join(sorted({str(header["identity"].get("system", "")) for header in headers})),
        asked_at=max((str(header.get("started_at", "")) for header in headers), default=""),
        versions=dict(headers[-1].get("versions", {})),
        failures=failures(evaluation, taught or {}),
        resolution=resolution(strategies, {OVERALL: overall, **winners}),
        oracles=oracles(evaluation, again),
        routed=routed(evaluation),
        forgotten=forgotten(evaluation),
        gate=dict(gate or {}),
        headline=EXACT if evaluation.judged is None else JUDGED,
        judge=judge,
        automatic={kind: list(masks) for kind, masks in evaluation.automatic.items()},
    )


def _strategy(evaluation: Evaluation, run: ScoredRun, costs: ArmMoney, ragas: Mapping[str, RagasScore]) -> Strategy:
    counted = not math.isnan(run.prompt_tokens)
    scored = {}
    for name in (OVERALL, *evaluation.slices):
        scores, groups = evaluation.scores_on(name)
        scored[name] = Score.of(estimate(scores[run.arm], groups))
    return Strategy(
        **scored.pop(OVERALL).model_dump(),
        cost_per_1000=costs.cost_per_1000,
        slices=scored,
        token_f1=float(run.f1[evaluation.mask(OVERALL)].mean()),
        ragas={name: value.mean for name, value in ragas.items()},
        ragas_missing={name: value.missing for name, value in ragas.items()},
        prompt_tokens=run.prompt_tokens if counted else None,
        completion_tokens=run.completion_tokens if counted else None,
        milliseconds=None if math.isnan(run.milliseconds) else run.milliseconds,
        adapter=", ".join(run.adapters) or None,
        refused_by_server=sum("error" in row for row in run.rows),
    )


def _headline_samples(evaluation: Evaluation, run: ScoredRun) -> list[Sample]:
    chosen = evaluation.mask(OVERALL)
    return [sample for sample, take in zip(samples(evaluation, run), chosen, strict=True) if take]


def _fine_tuning(evaluation: Evaluation, repeated: Repeats | None) -> dict[str, dict[str, Difference]]:
    """Each fine-tuned arm against RAG with examples, slice by slice, corrected together; of all its trainings."""
    arms = [run.arm for run in evaluation.runs]
    tuned = [arm for arm in FINE_TUNED if arm in arms]
    if WITH_EXAMPLES not in arms or not tuned:
        return {}
    # What was learnt by heart proves nothing; where all slices are that, what is left overall may still.
    names = [name for name in evaluation.slices if name != SEEN] or [OVERALL]
    pairs = [(name, arm) for name in names for arm in tuned]
    raw = []
    for name, arm in pairs:
        scores, groups = evaluation.scores_on(name)
        both = scores[arm], scores[WITH_EXAMPLES], groups
        if repeated:
            raw.append(across_trainings(*both, repeated.scores[name][arm], len(pairs)))
        else:
            raw.append(compare(*both, len(pairs)))
    found: dict[str, dict[str, Difference]] = {}
    for (name, arm), comparison in zip(pairs, holm(raw), strict=True):
        found.setdefault(name, {})[arm] = Difference.of(comparison)
    return found


def _refusals(evaluation: Evaluation) -> dict[str, Refusals]:
    counted = evaluation.mask(OVERALL)
    questions = list(compress(evaluation.questions, counted))
    return {
        run.arm: Refusals(**asdict(abstention(list(compress(run.answers, counted)), questions)))
        for run in evaluation.runs
    }


def _scope(adapters: Sequence[str], repeated: Repeats | None) -> str:
    """Of whom the report speaks: one training is one draw."""
    if not adapters:
        return "No adapter was asked, so the report says nothing about fine-tuning."
    if repeated:
        told = "; ".join(
            f"{arm} {percent(min(scores))} to {percent(max(scores))}"
            for arm, scores in repeated.scores[OVERALL].items()
        )
        return (
            f"What it says of fine-tuning rests on {repeated.trainings} trainings on the same data ({told}); "
            f"all other figures of finetune and hybrid are those of one of them ({', '.join(adapters)})."
        )
    return (
        f"What it says of finetune and hybrid holds for this adapter ({', '.join(adapters)}), trained once: "
        "another training on the same data would score somewhat differently."
    )


def _missing(
    evaluation: Evaluation,
    strategies: Mapping[str, Strategy],
    taught: Mapping[str, Taught],
    costs: BreakEven,
    curve: LearningCurve | None,
) -> list[str]:
    """What was not measured, so that nobody takes silence for a good figure."""
    gone = [] if costs.pairs else [f"break-even: {costs.sentence}"]
    if curve is None:
        gone.append("learning curve: not given; `crossover eval learning-curve` makes one, --learning-curve shows it")
    elif curve.question_set.get("digest") != evaluation.questions.digest:
        gone.append(f"learning curve: asked other questions ({curve.question_set.get('name')}) than this report")
    if seen := int((~evaluation.mask(OVERALL)).sum()):
        gone.append(f"{seen} questions are nearly training rows: they are in the slice {SEEN} and not in the headline")
    for arm in (arm for arm in DEFAULT if arm not in strategies):
        gone.append(
            f"{arm}: not run" + ("; no claim about fine-tuning is made without it" if arm == WITH_EXAMPLES else "")
        )
    for arm, strategy in strategies.items():
        if strategy.refused_by_server:
            gone.append(f"{arm}: {strategy.refused_by_server} questions refused by the server, counted as wrong")
        if costs.costs[arm].unknown:
            gone.append(f"{arm}: no cost; {costs.costs[arm].unknown}")
    for adapter in (adapter for adapter in evaluation.adapters if adapter not in taught):
        gone.append(f"{adapter}: its training examples are not here, so what only they tell is called other")
    return gone + _unsearched(evaluation)


def _unsearched(evaluation: Evaluation) -> list[str]:
    gone = []
    unsearched = [q.id for q in evaluation.questions if q.relevant_documents and q.id not in evaluation.retrieved]
    if unsearched:
        gone.append(f"recall: {len(unsearched)} questions were not searched for")
    if not any(question.relevant_documents for question in evaluation.questions):
        gone.append("recall: no question names its relevant documents")
    return gone


def _unjudged(judge: JudgeReport | None) -> list[str]:
    if judge is None:
        return ["metrics that need a judge (faithfulness, answer relevancy …): not run; CROSSOVER_JUDGE_URL names one"]
    return [f"judge: {count} judgements missing: {reason}" for reason, count in failed(judge).items()]
