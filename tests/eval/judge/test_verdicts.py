"""A judge with known verdicts and planted errors, over real HTTP: what it may decide, and what its failures change."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scripted_judge import ScriptedJudge, serving

from crossover.eval import scoring
from crossover.eval.judge.agreement import SAMPLE, load
from crossover.eval.judge.endpoint import JudgeEndpoint, JudgeError
from crossover.eval.judge.judging import METRICS, judge
from crossover.eval.judge.verdicts import Judging, Verdicts, verdicts
from crossover.eval.metrics.ragas_metrics import Sample
from crossover.eval.money.prices import load_prices
from crossover.eval.questions import Question, QuestionError, QuestionSet
from crossover.eval.report.build import build
from crossover.eval.report.document import Report
from crossover.eval.report.judged import headline_of, judge_report
from crossover.eval.report.write import write
from crossover.eval.scoring import Evaluation

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # ragas' own imports

MakeRuns = Callable[..., Path]
RIGHTS = {"base": {"all": 0.1}, "rag": {"all": 0.9}, "hybrid": {"all": 0.55}}
LABELLED = load()
BIASES = {
    "position": {"right value last": False, "right value first": True},
    "all": {
        "right value last": False, "right value first": True, "long and wrong": True, "short and right": False,
        "refusal": True,
    },
}  # fmt: skip


def embed(texts: Sequence[str]) -> np.ndarray:
    return np.full((len(texts), 4), 0.5)


def endpoint(judge: ScriptedJudge, timeout: float = 60) -> JudgeEndpoint:
    return JudgeEndpoint(judge.url, "scripted", timeout=timeout)


def same(one: str, other: str) -> bool:
    """What a judge without faults says of the answers of `make_runs`: the value stands in the other text."""
    return one.casefold().rstrip(".") in other.casefold()


def biased(errors: Mapping[str, bool]) -> Callable[[str, str], bool]:
    """Verdicts on the shipped sample: the true ones, but for the kinds of answer that this judge gets wrong."""
    known: dict[frozenset[str], bool] = {}
    for row in LABELLED:
        answer = row.sample.answer
        right = errors.get(row.kind, row.labels.get("right", True))
        known[frozenset((answer, row.sample.question.references[0]))] = right
        known[frozenset((answer, row.sample.passages[0]))] = row.labels.get("faithful", True)

    def supports(statement: str, context: str) -> bool:
        return known.get(frozenset((statement, context)), same(statement, context))

    return supports


def planted_kappa(errors: Mapping[str, bool]) -> float:
    """Cohen's kappa by its definition, from the labels and the planted verdicts."""
    pairs = [
        (row.labels["right"], errors.get(row.kind, row.labels["right"])) for row in LABELLED if "right" in row.labels
    ]
    agree = sum(truth == said for truth, said in pairs) / len(pairs)
    truly, said = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
    chance = truly * said + (1 - truly) * (1 - said)
    return (agree - chance) / (1 - chance)


def asked(number: int) -> QuestionSet:
    rows = [Question(f"q{n}", f"What is {n}?", (f"Answer {n}",), "all", f"fact-{n}") for n in range(number)]
    return QuestionSet("judged", tuple(rows))


def judged(
    evaluation: Evaluation, judge: ScriptedJudge, cache: Path, sample: Path = SAMPLE, timeout: float = 60
) -> tuple[Verdicts, Report]:
    judging = Judging(endpoint(judge, timeout), sample, headline=True)
    found = verdicts(evaluation, judging, embed, cache, lambda text: None)
    shown = headline_of(evaluation, found, wanted=True)
    return found, build(shown, load_prices(), None, judge=judge_report(found, shown, wanted=True))


@pytest.mark.parametrize("bias", BIASES)
def test_the_kappa_of_planted_errors_is_recovered_and_below_four_tenths_nothing_is_headed(
    make_runs: MakeRuns, tmp_path: Path, bias: str
) -> None:
    errors, evaluation = BIASES[bias], scoring.load([make_runs({"base": {"all": 0.5}}, "few", asked(4))])
    with serving(ScriptedJudge(biased(errors))) as scripted:
        found, report = judged(evaluation, scripted, tmp_path)
    right = found.agreements["right"]
    assert right.kappa == pytest.approx(planted_kappa(errors), abs=0.05)
    assert {kind for kind, (share, _) in right.kinds.items() if share < 1} == set(errors)
    assert found.agreements["faithful"].kappa == 1.0
    assert report.judge is not None
    assert report.judge.carries_headline == (planted_kappa(errors) >= 0.4)
    refused = "may not carry the headline, for its kappa" in report.judge.sentence
    assert refused == (report.headline == "exact match") == (planted_kappa(errors) < 0.4)


def test_planted_errors_reach_from_trusted_to_refused() -> None:
    kappas = {bias: planted_kappa(errors) for bias, errors in BIASES.items()}
    assert 0.4 < kappas["position"] < 0.6
    assert kappas["all"] < 0.0


def test_a_judge_that_fails_three_times_in_ten_leaves_a_whole_report_and_the_same_ranking(
    make_runs: MakeRuns, tmp_path: Path
) -> None:
    evaluation = scoring.load([make_runs(RIGHTS, "judged", asked(24))])

    def fails(asked: str) -> str:
        of_answers = '"statements"' in asked and ("Answer " in asked or "Something else" in asked)
        return {0: "slow", 1: "refuses", 2: "rubbish"}.get(zlib.crc32(asked.encode()) % 10, "") if of_answers else ""

    sample = tmp_path / "sample.jsonl"
    kept = [line for line in SAMPLE.read_text().splitlines() if '"short and' in line or '"refusal"' in line]
    sample.write_text("\n".join(kept))
    with serving(ScriptedJudge(biased({}))) as sound:
        clean, expected = judged(evaluation, sound, tmp_path / "sound", sample)
    with serving(ScriptedJudge(biased({}), fails), slow_seconds=9) as flaky:
        found, report = judged(evaluation, flaky, tmp_path / "flaky", sample, timeout=3)
    assert all(not each.missing for columns in clean.metrics.values() for each in columns.values())
    reasons: dict[str, int] = {}
    for columns in found.metrics.values():
        for each in columns.values():
            for reason, count in each.missing.items():
                reasons[reason] = reasons.get(reason, 0) + count
            assert each.score is None or np.isfinite(each.score.score)
    assert set(reasons) == {"timed out", "the judge refused", "no readable verdict"}
    told = {f"judge: {count} judgements missing: {reason}" for reason, count in reasons.items()}
    assert told == {gap for gap in report.missing if gap.startswith("judge: ")}
    verdicts_lost = [float(np.isnan(column).mean()) for column in found.right.values()]
    assert 0.2 < sum(verdicts_lost) / len(verdicts_lost) < 0.45
    assert report.headline == expected.headline == "right by the judge"
    for arm, strategy in report.strategies.items():
        low, high = expected.strategies[arm].interval
        assert low <= strategy.score <= high
    ranked = [sorted(r.strategies, key=lambda arm: r.strategies[arm].score) for r in (report, expected)]
    assert ranked[0] == ranked[1] == ["base", "hybrid", "rag"]
    write(report, evaluation, tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text()
    assert "What the judge says" in page
    assert "missing" in (tmp_path / "report" / "report.md").read_text()


def test_scoring_again_asks_nothing_and_failures_are_tried_again(tmp_path: Path) -> None:
    question = Question("q", "Who runs the mill?", ("Anna Tovan",), "all", "q")
    samples = [Sample(question, answer, ("Anna Tovan runs the mill.",), ("a.md",)) for answer in ("Anna Tovan", "Bo")]
    with serving(ScriptedJudge(same, lambda asked: "broken" if "Bo" in asked else "")) as scripted:
        first = judge(samples, endpoint(scripted), embed, tmp_path)
        assert first["factual_correctness"][0].value == 1.0
        assert first["factual_correctness"][1].reason == "HTTP 400"
        assert first["context_recall"][1].value == 1.0  # the answer plays no part in it
        scripted.fails = lambda asked: ""
        asked = scripted.requests
        second = judge(samples, endpoint(scripted), embed, tmp_path)
        assert second["factual_correctness"][1].value == 0.0
        assert scripted.requests > asked
        asked = scripted.requests
        assert judge(samples, endpoint(scripted), embed, tmp_path) == second
        assert scripted.requests == asked


def test_another_endpoint_or_embedder_judges_for_itself(tmp_path: Path) -> None:
    samples = [Sample(Question("q", "Who?", ("Anna",), "all", "q"), "Anna")]
    with serving(ScriptedJudge(same)) as one, serving(ScriptedJudge(lambda *_: False)) as other:
        for judges, expected in ((one, 1.0), (other, 0.0)):
            (found,) = judge(samples, endpoint(judges), embed, tmp_path, ["factual_correctness"])["factual_correctness"]
            assert found is not None and found.value == expected
        asked = one.requests
        judge(samples, replace(endpoint(one), embedder="larger"), embed, tmp_path, ["answer_relevancy"])
        assert one.requests > asked
    assert len(list(tmp_path.iterdir())) == 3


def test_a_judge_that_only_fails_is_given_up(tmp_path: Path) -> None:
    questions = [Question(f"q{n}", "Who?", (f"Anna {n}",), "all", "q") for n in range(200)]
    samples = [Sample(question, question.references[0]) for question in questions]
    with serving(ScriptedJudge(same, lambda asked: "broken")) as scripted:
        found = judge(samples, endpoint(scripted), embed, tmp_path, ["factual_correctness"])
    reasons = {each.reason for each in found["factual_correctness"] if each}
    assert reasons == {"HTTP 400", "not asked: 25 judgements in a row had failed"}
    assert scripted.requests < 400


def test_every_metric_is_ragas_own_and_asked_where_it_fits(tmp_path: Path) -> None:
    known = Question("q", "Who runs the mill?", ("Anna Tovan",), "all", "q")
    unknown = Question("u", "Who runs the moon?", (), "all", "u")
    samples = [
        Sample(known, "Anna Tovan [1]", ("The mill is old.", "Anna Tovan runs the mill."), ("a.md", "b.md")),
        Sample(known, "Anna Tovan"),
        Sample(unknown, "I don't know."),
        Sample(known, ""),
    ]
    with serving(ScriptedJudge(same)) as scripted:
        found = judge(samples, endpoint(scripted), embed, tmp_path)
        assert scripted.keys == {"Bearer none"}
    values = {name: [each.value if each else None for each in column] for name, column in found.items()}
    assert list(values) == list(METRICS)
    assert values["faithfulness"] == [1.0, None, None, None]
    assert values["factual_correctness"] == [1.0, 1.0, None, None]
    assert values["context_precision"] == [pytest.approx(0.5), None, None, None]
    assert values["context_recall"] == [1.0, None, None, None]
    assert values["answer_relevancy"] == [
        pytest.approx(1.0),
        pytest.approx(1.0),
        0.0,
        None,
    ]  # "I don't know" says nothing


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{}", ":1:right: error: found neither right nor faithful"),
        ('{"question": "Who?", "answer": "A", "right": "yes"}', ":1:right: error: found 'yes', expected true or false"),
        ('{"question": "Who?", "right": true}', ":1:answer: error: found nothing (the row has question, right)"),
        ("nonsense", ":1: error: found no JSON"),
        ("", "no rows in it"),
    ],
)
def test_a_wrong_sample_is_told_by_line_and_field(tmp_path: Path, row: str, words: str) -> None:
    (tmp_path / "sample.jsonl").write_text(row)
    with pytest.raises((JudgeError, QuestionError), match=r"sample\.jsonl") as told:
        load(tmp_path / "sample.jsonl")
    assert words in str(told.value)


def test_a_line_separator_within_a_text_ends_no_row(tmp_path: Path) -> None:
    (tmp_path / "sample.jsonl").write_text('{"question": "Who?", "answer": "Ada\u2028Bo", "right": true}\n')
    (row,) = load(tmp_path / "sample.jsonl")
    assert row.sample.answer == "Ada\u2028Bo"


def test_the_shipped_sample_has_both_verdicts_of_every_kind_of_trap() -> None:
    kinds = {row.kind for row in load(SAMPLE)}
    assert {"long and wrong", "right value first", "right value last", "refusal"} <= kinds
    assert {row.labels["right"] for row in LABELLED if "right" in row.labels} == {True, False}
