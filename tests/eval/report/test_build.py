"""The report's figures, words and files."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from crossover.eval import scoring
from crossover.eval.learning_curve.document import Fitted, LearningCurve, Point
from crossover.eval.money.footprint import Footprint, Kept
from crossover.eval.money.prices import load_prices
from crossover.eval.questions import SEEN, Question, QuestionSet
from crossover.eval.report.build import build
from crossover.eval.report.document import Report, Resolution
from crossover.eval.report.failures import failures
from crossover.eval.report.make import report_folder, run_folder
from crossover.eval.report.recommendation import fine_tuning_sentence, recommend
from crossover.eval.report.resolution import sentence
from crossover.eval.report.table import table
from crossover.eval.report.threshold import ThresholdError, parse
from crossover.eval.report.write import write
from crossover.eval.scoring import Evaluation

MakeRuns = Callable[..., Path]
RIGHTS = {
    "base": {"none": 1.0},
    "rag": {"old": 0.9, "new": 0.9, "none": 0.6},
    "rag+examples": {"old": 0.9, "new": 0.85, "none": 0.6},
    "finetune": {"old": 0.95, "none": 0.3},
    "hybrid": {"old": 0.95, "new": 0.8, "none": 0.9},
}


def embed(texts: Sequence[str]) -> np.ndarray:
    return np.eye(len(texts))


@pytest.fixture
def evaluation(make_runs: MakeRuns) -> Evaluation:
    return scoring.load([make_runs(RIGHTS)])


KEPT = Kept({"house@3f9c2a41d0be": Footprint(examples=100, device_hours=0.1, disk_gib=0.01, base_gib=0.1)})
CURVE = LearningCurve(
    sentence="Trained on up to 300 examples, finetune overtakes rag at about 80 examples.",
    question_set={"name": "handmade", "digest": "other"},
    examples={"count": 300},
    sizes=[30, 300],
    seeds=[1],
    rival="rag",
    rival_scores={"overall": 0.5},
    points={"overall": {"finetune": [Point(size=n, seed=1, adapter="curve@1", score=n / 400) for n in (30, 300)]}},
    crossings={
        "overall": {
            "finetune": Fitted(
                examples=80, interval=(50, None), words="at", never=0.1, level=0.1, gain=0.1, bend=0.0,
                training_deviation=0.02, sentence="finetune overtakes rag at about 80 examples",
            )
        }
    },
)  # fmt: skip


@pytest.fixture
def report(evaluation: Evaluation) -> Report:
    return build(evaluation, load_prices(), None, kept=KEPT, curve=CURVE)


def test_report_json_begins_with_what_scripts_ask_for(report: Report, evaluation: Evaluation, tmp_path: Path) -> None:
    write(report, evaluation, tmp_path)
    document = json.loads((tmp_path / "report.json").read_text())
    assert list(document)[:7] == [
        "recommendation",
        "questions",
        "strategies",
        "winners",
        "break_even",
        "learning_curve",
        "missing",
    ]
    rag = document["strategies"]["rag"]
    assert {"score", "interval", "cost_per_1000", "slices"} <= set(rag)
    assert set(rag["slices"]["new"]) >= {"score", "interval", "n"}
    assert set(document["winners"]["new"]) >= {"strategy", "tied", "beats", "p_value"}
    assert document["break_even"]["label"] == "example prices"
    assert {"arm", "rival", "from_questions_per_day", "pays_from_day"} <= set(document["break_even"]["pairs"][0])
    assert rag["cost_per_1000"] == document["break_even"]["costs"]["rag"]["cost_per_1000"]
    assert document["learning_curve"]["crossings"]["overall"]["finetune"]["interval"] == [50, None]
    assert any(gap.startswith("few-shot: not run") for gap in document["missing"])
    assert Report.model_validate(document) == report


def test_top_sets_follow_from_the_answers(report: Report) -> None:
    new = report.winners["new"]
    assert set(new.members) == {"rag", "rag+examples", "hybrid"}
    assert set(new.beats) == {"base", "finetune"}
    assert new.strategy == "rag"
    assert report.winners["old"].strategy == "rag"  # labels and training make finetune the dearer of equals
    assert "finetune" in report.winners["old"].tied
    assert "finetune" in report.winners["none"].beats


def test_arms_that_are_not_told_apart_come_with_how_far_apart_they_may_be(
    report: Report, evaluation: Evaluation, tmp_path: Path
) -> None:
    new = report.winners["new"]
    assert new.behind == max(new.against[arm].interval[1] for arm in new.members if arm != new.best) > 0.05
    write(report, evaluation, tmp_path)
    for name in ("report.html", "report.md"):
        assert f"(they may be {100 * new.behind:.0f} points apart)" in (tmp_path / name).read_text()


def test_fine_tuning_is_measured_against_rag_with_examples(report: Report) -> None:
    assert report.fine_tuning["new"]["finetune"].words == "worse"
    assert fine_tuning_sentence(report.fine_tuning).startswith("That this adapter pays is not shown")
    assert fine_tuning_sentence({}).startswith("Whether fine-tuning pays is not shown")


def test_the_scope_names_the_adapter(report: Report) -> None:
    assert "this adapter (house@3f9c2a41d0be), trained once" in report.scope


def test_recall_counts_the_searched_questions(report: Report) -> None:
    assert report.retrieval["overall"].n == 60
    assert report.retrieval["overall"].recall_at_1 == 1.0
    assert "none" not in report.retrieval


def test_retrieval_says_in_every_form_how_high_up_the_document_stands(
    report: Report, evaluation: Evaluation, tmp_path: Path
) -> None:
    write(report, evaluation, tmp_path)
    assert (report.retrieval["new"].mrr, report.retrieval["new"].ndcg_at_5) == (1.0, 1.0)
    assert json.loads((tmp_path / "report.json").read_text())["retrieval"]["new"]["mrr"] == 1.0
    for name in ("report.md", "report.html"):
        assert "nDCG@5" in (tmp_path / name).read_text()


def test_every_wrong_answer_has_one_cause_in_every_form(report: Report, evaluation: Evaluation, tmp_path: Path) -> None:
    for run in evaluation.runs:
        failed = report.failures[run.arm]
        assert failed.wrong == sum(failed.causes.values()) == int((run.exact == 0).sum())
        assert sum(map(len, failed.questions.values())) == failed.wrong
    rag = report.failures["rag"]  # its passages lack the answers, and it answers questions that have none
    assert {cause for cause, n in rag.causes.items() if n} == {"retrieval missed", "should have refused"}
    assert "so what only they tell is called other" in " ".join(report.missing)
    write(report, evaluation, tmp_path)
    arm = report.overall.strategy or report.overall.best
    said = f"Where {arm} breaks: "
    assert said in (tmp_path / "report.md").read_text()
    page = (tmp_path / "report.html").read_text()
    assert said in page
    assert page.count('<details class="cause">') == len({c for f in report.failures.values() for c in f.questions})


def test_causes_are_counted_on_the_questions_of_the_headline(evaluation: Evaluation) -> None:
    seen = np.arange(len(evaluation.questions)) % 2 == 0
    marked = replace(evaluation, automatic={**evaluation.automatic, "training": {SEEN: seen}})
    for run in evaluation.runs:
        assert failures(marked, {})[run.arm].wrong == int(((run.exact == 0) & ~seen).sum())


def test_the_report_says_what_so_many_questions_cannot_tell_apart(
    report: Report, evaluation: Evaluation, tmp_path: Path
) -> None:
    old = report.resolution["old"]
    assert (old.questions, old.groups, old.shown) == (30, 20, False)
    assert old.detectable == report.winners["old"].against[old.rival].detectable
    said = sentence(old)
    least = round(100 * old.detectable)
    assert said.startswith(f"30 questions about 20 facts cannot tell apart what differs by less than {least} points")
    write(report, evaluation, tmp_path)
    assert f"- old: {said}" in (tmp_path / "report.md").read_text()
    assert said in (tmp_path / "report.html").read_text()


def test_the_words_on_resolution_follow_the_numbers() -> None:
    near = Resolution(
        questions=40, groups=40, best="rag", rival="base", difference=0.06, detectable=0.18, shown=False,
        decidable=True, more_questions=350,
    )  # fmt: skip
    assert "less than 18 points (rag and base); 6 points were found, which about 350 more" in sentence(near)
    equal = near.model_copy(update={"difference": 0.0, "more_questions": None})
    assert sentence(equal).endswith("no difference was found.")
    shown = near.model_copy(update={"difference": 0.3, "shown": True, "more_questions": None})
    assert (
        sentence(shown)
        == "40 questions about 40 facts show differences of 18 points or more; rag is 30 points above base."
    )
    assert sentence(near.model_copy(update={"decidable": False})).endswith("whatever the answers.")
    large = near.model_copy(update={"difference": 0.88, "detectable": 0.73, "more_questions": 0})
    assert sentence(large).endswith("do not show the 88 points found between rag and base: some more could.")


def test_a_report_belongs_beside_the_runs_from_wherever_these_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "reports").mkdir()
    monkeypatch.chdir(tmp_path / "runs")
    assert report_folder(Path("first")) == tmp_path / "reports" / "first"
    monkeypatch.chdir(tmp_path / "reports")
    assert run_folder(Path("first")) == tmp_path / "runs" / "first"


def test_a_tie_says_what_costs_more_only_where_that_is_known(make_runs: MakeRuns) -> None:
    ties = {"base": {"none": 0.1}, "rag": {"old": 0.9, "new": 0.9}, "hybrid": {"old": 0.9, "new": 0.9}}
    built = build(scoring.load([make_runs(ties)]), load_prices(), None)
    assert (built.overall.strategy, built.overall.tied) == ("rag", ["hybrid"])
    for costs, said in (
        ((1.0, 2.0), "which cost more"),
        ((1.0, 1.0), "which cost no less"),
        ((None, None), "not known"),
    ):
        priced = {
            arm: built.strategies[arm].model_copy(update={"cost_per_1000": cost})
            for arm, cost in zip(("rag", "hybrid"), costs, strict=True)
        }
        assert said in recommend(built.strategies | priced, built.overall, built.winners)


def test_on_a_slice_only_the_best_is_said_to_be_better_and_not_what_is_cheapest_beside_it(
    make_runs: MakeRuns, tmp_path: Path
) -> None:
    rights = {"rag": {"old": 0.2, "new": 0.7}, "finetune": {"old": 0.9}, "hybrid": {"old": 0.3, "new": 0.9}}
    evaluation = scoring.load([make_runs(rights)])
    built = build(evaluation, load_prices(), None, kept=KEPT)
    new = built.winners["new"]
    assert (new.strategy, new.best, new.beats) == ("rag", "hybrid", ["finetune"])
    chosen = built.overall.model_copy(update={"strategy": "finetune", "tied": [], "beats": ["rag", "hybrid"]})
    assert "on new hybrid is significantly better" in recommend(built.strategies, chosen, built.winners)
    write(built, evaluation, tmp_path)
    assert "the best, hybrid, is above finetune" in (tmp_path / "report.md").read_text()


def test_where_all_is_nearly_training_rows_the_rest_is_still_compared(evaluation: Evaluation) -> None:
    seen = np.arange(len(evaluation.questions)) % 4 == 0
    plain = replace(evaluation, automatic={"training": {SEEN: seen}})
    built = build(plain, load_prices(), None, kept=KEPT)
    assert list(built.winners) == [SEEN]
    assert set(built.fine_tuning["overall"]) == {"finetune", "hybrid"}
    assert "kind of question" not in built.recommendation


def test_refusals_are_counted_on_the_questions_of_the_headline(evaluation: Evaluation) -> None:
    refused = np.array([question.slice == "none" for question in evaluation.questions])
    built = build(replace(evaluation, automatic={"training": {SEEN: refused}}), load_prices(), None)
    assert {each.recall for each in built.abstention.values()} == {None}


@pytest.mark.parametrize("name", ["old [/draft]", "$a{b$", "this | that", "form [new]"])
def test_a_slice_may_be_called_anything(make_runs: MakeRuns, questions: QuestionSet, tmp_path: Path, name: str) -> None:
    rows = tuple(replace(each, slice=name) if each.slice == "old" else each for each in questions)
    evaluation = scoring.load([make_runs(RIGHTS, asked=QuestionSet("handmade [/b]", rows))])
    built = build(evaluation, load_prices(), None)
    write(built, evaluation, tmp_path)
    console = Console(width=120, file=io.StringIO())
    console.print(table(built))
    assert name in console.file.getvalue()  # type: ignore[attr-defined]
    lines = (tmp_path / "report.md").read_text().splitlines()
    heads = [line for line in lines if line.startswith("| strategy | overall")]
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in heads] == [3 + len(built.slices) + 1]


def test_cost_break_even_and_learning_curve_stand_in_every_form(
    report: Report, evaluation: Evaluation, tmp_path: Path
) -> None:
    write(report, evaluation, tmp_path)
    page, text = (tmp_path / "report.html").read_text(), (tmp_path / "report.md").read_text()
    first_screen = page[page.index('<div class="verdict">') : page.index("<section>")].replace("\u00a0", " ")
    assert report.break_even.sentence in first_screen
    assert "example prices" in first_screen
    assert CURVE.sentence in first_screen
    for form in (page.replace("\u00a0", " "), text):
        assert report.break_even.sentence in form
        assert CURVE.sentence in form
        assert all(pair.sentence in form for pair in report.break_even.pairs)
        assert "No price or assumption, halved or doubled, changes" in form
    assert "learning curve: asked other questions (handmade) than this report" in report.missing


def test_what_the_prices_decide_stands_in_every_form(make_runs: MakeRuns, tmp_path: Path) -> None:
    evaluation = scoring.load([make_runs({arm: RIGHTS[arm] for arm in ("rag", "finetune")})])
    write(build(evaluation, load_prices(), None, kept=KEPT), evaluation, tmp_path)
    for name in ("report.html", "report.md"):
        assert "price per million prompt tokens" in (tmp_path / name).read_text()


def test_prices_of_nothing_still_make_a_report(evaluation: Evaluation, tmp_path: Path) -> None:
    free = load_prices()
    for key in free.keys:
        free = free.scaled(key, 0)
    report = build(evaluation, free, None, kept=KEPT)
    write(report, evaluation, tmp_path)
    assert {strategy.cost_per_1000 for strategy in report.strategies.values()} == {0}
    assert all("is not cheaper than" in pair.sentence for pair in report.break_even.pairs)


def test_without_cards_and_curve_the_report_says_what_is_missing(evaluation: Evaluation, tmp_path: Path) -> None:
    bare = build(evaluation, load_prices(), None)
    write(bare, evaluation, tmp_path)
    assert any(gap.startswith("break-even: Cost (example prices): from when on") for gap in bare.missing)
    assert any(gap.startswith("finetune: no cost; how many labelled examples") for gap in bare.missing)
    assert any(gap.startswith("learning curve: not given") for gap in bare.missing)
    assert bare.winners["old"].strategy == "rag"
    assert "learning-curve" not in (tmp_path / "report.html").read_text().replace("eval learning-curve", "").replace(
        "--learning-curve", ""
    )


def test_a_report_written_before_money_was_counted_is_still_read(report: Report) -> None:
    old = json.loads(report.model_dump_json()) | {"break_even": {}, "learning_curve": {}}
    assert Report.model_validate(old).break_even.pairs == []


def test_when_all_arms_tie_no_strategy_is_recommended(make_runs: MakeRuns) -> None:
    same = {arm: {"old": 0.5, "new": 0.5, "none": 0.5} for arm in ("base", "rag")}
    tied = build(scoring.load([make_runs(same)]), load_prices(), None)
    assert tied.overall.strategy is None
    assert tied.winners["old"].strategy is None
    assert tied.recommendation.startswith("No strategy can be recommended over the others: no difference is shown")


def test_a_handful_of_questions_is_called_too_few(make_runs: MakeRuns) -> None:
    few = QuestionSet("few", tuple(Question(str(n), "?", ("x",), "all", str(n)) for n in range(4)))
    report = build(scoring.load([make_runs({"base": {}, "rag": {"all": 1.0}}, "few", few)]), load_prices(), None)
    assert report.winners["all"].words == "too few questions"
    assert report.winners["all"].strategy is None
    assert report.recommendation.startswith("Too few questions for a recommendation")


def test_one_arm_alone_is_reported_without_a_verdict(make_runs: MakeRuns) -> None:
    report = build(scoring.load([make_runs({"rag": {"old": 1.0}})]), load_prices(), None)
    assert report.recommendation.startswith("Only rag was run")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_ragas_metrics_stand_beside_the_headline(evaluation: Evaluation) -> None:
    report = build(evaluation, load_prices(), embed)
    rag = report.strategies["rag"]
    assert rag.ragas["exact_match"] == pytest.approx(rag.score)
    assert rag.ragas["id_based_context_recall"] == 1.0
    assert "id_based_context_recall" not in report.strategies["base"].ragas


def test_the_page_needs_no_network_and_shows_texts_as_texts(
    report: Report, evaluation: Evaluation, tmp_path: Path
) -> None:
    write(report, evaluation, tmp_path)
    page = (tmp_path / "report.html").read_text()
    fetched = re.findall(r"""(?:src|href)\s*=\s*["'](?!#)[^"']+|url\([^)#]+\)|@import""", page)
    assert fetched == []
    assert "&lt;b&gt;Text&lt;/b&gt; of 0.md" in page
    assert "<b>Text</b>" not in page
    assert page.count("<svg") == 8  # overall and three slices, three of money, one learning curve


def test_the_same_runs_give_the_same_files(report: Report, evaluation: Evaluation, tmp_path: Path) -> None:
    write(report, evaluation, tmp_path / "a")
    write(build(evaluation, load_prices(), None, kept=KEPT, curve=CURVE), evaluation, tmp_path / "b")
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_scores_csv_holds_what_the_report_was_computed_from(
    report: Report, evaluation: Evaluation, tmp_path: Path
) -> None:
    write(report, evaluation, tmp_path)
    head, *rows = [line.split(",") for line in (tmp_path / "scores.csv").read_text().splitlines()]
    column = head.index("hybrid")
    assert sum(int(row[column]) for row in rows) / len(rows) == pytest.approx(report.strategies["hybrid"].score)


def test_markdown_has_a_row_for_each_arm(report: Report, evaluation: Evaluation, tmp_path: Path) -> None:
    write(report, evaluation, tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert f"**{report.recommendation}**" in text
    assert [arm for arm in report.strategies if f"\n| {arm} | " in text] == list(report.strategies)


def test_thresholds_fail_below_and_pass_at_the_score(report: Report) -> None:
    assert parse("rag:new=0.5").failure(report) is None
    assert parse("finetune:new=0.5").failure(report) == "finetune on new scores 0.000, at least 0.5 asked for"
    assert parse(f"{report.strategies['hybrid'].score}").failure(report) is None
    assert parse("1.0").failure(report) is not None


@pytest.mark.parametrize("text", ["high", "rag=2", "=", ""])
def test_a_threshold_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ThresholdError, match="expected SCORE"):
        parse(text)


def test_a_threshold_on_what_was_not_run_is_refused(report: Report) -> None:
    with pytest.raises(ThresholdError, match="no strategy 'auto'"):
        parse("auto=0.5").failure(report)
    with pytest.raises(ThresholdError, match="no slice 'tacit'"):
        parse("rag:tacit=0.5").failure(report)
