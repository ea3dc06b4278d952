"""`crossover eval learning-curve`: train on more and more examples, ask, and see when it overtakes retrieval.

    subsets -> index -> train each -> index as it is now -> serve -> promote and ask each -> fit -> check by training

Whatever an earlier run finished is kept: subsets are drawn anew the same, adapters are found by what they were
trained on, answers are never asked twice, and a size whose answers are all there is not even trained again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from crossover.adapters.base_model import resolve
from crossover.adapters.durable import replace_text
from crossover.eval.commands import run_command, step, train
from crossover.eval.learning_curve.document import FILE, LearningCurve
from crossover.eval.learning_curve.measure import check_sizes_of, checks, measure
from crossover.eval.learning_curve.plan import RIVAL, Plan, Training, answered
from crossover.eval.learning_curve.subsets import nested
from crossover.eval.running import RunRequest, run
from crossover.eval.serving import running_server, tidy_on_sigterm
from crossover.server.settings import Settings

ADAPTER = "curve"


def learning_curve(plan: Plan, settings: Settings, console: Console) -> LearningCurve:
    """The learning curve of a plan, also written into its folder.

    Raises:
        OtherCurve: the folder belongs to another one.
        StepFailed: indexing, training or promoting failed.
        RuntimeError: the server did not start, or went away.
    """
    with tidy_on_sigterm():
        return _Driver(plan, settings, console).run()


def train_and_ask(plan: Plan, settings: Settings, console: Console) -> None:
    """Only make what `measure` reads: the answers of every size and seed, and those of the rival.

    Raises:
        See `learning_curve`.
    """
    with tidy_on_sigterm():
        _Driver(plan, settings, console).make_all()


class _Driver:
    def __init__(self, plan: Plan, settings: Settings, console: Console) -> None:
        self._plan = plan
        self._settings = settings.model_copy(update={"home": plan.folder.resolve()})
        self._home = self._settings.home
        self._console = console
        self._indexed: Sequence[Path] = ()

    def run(self) -> LearningCurve:
        plan = self._plan
        self.make_all()
        document = measure(plan)
        if plan.check and (sizes := check_sizes_of(document, len(plan.examples.examples))):
            self._make([(size, seed) for size in sizes for seed in plan.seeds])
            document = document.model_copy(update={"checked": checks(plan, document)})
        replace_text(self._home / FILE, document.model_dump_json(indent=2) + "\n")
        return document

    def make_all(self) -> None:
        self._plan.begin(resolve(self._settings.base_model).fingerprint)
        self._make([(size, seed) for size in self._plan.sizes for seed in self._plan.seeds])

    def _make(self, trainings: Sequence[Training]) -> None:
        """Train and ask what is missing of these trainings."""
        missing = self._plan.unanswered(trainings)
        rival_missing = not answered(self._plan.rival_answers, [RIVAL])
        if not missing and not rival_missing:
            return
        adapters: dict[Training, str] = {}
        if missing:
            self._index(self._plan.before)
            for number, each in enumerate(missing, start=1):
                with step(self._console, f"train on {each[0]:,} examples, seed {each[1]} ({number} of {len(missing)})"):
                    adapters[each] = self._train(*each)
        self._index(self._plan.now)
        with running_server(self._home, self._console) as url:
            if rival_missing:
                self._ask(url, [RIVAL], self._plan.rival_answers)
            for each, reference in adapters.items():
                run_command(self._home, "adapters", "promote", reference)
                self._ask(url, self._plan.arms, self._plan.answers(*each))

    def _train(self, size: int, seed: int) -> str:
        """The adapter of one subset, as NAME@DIGEST."""
        file = self._plan.subset_file(size, seed)
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_text(file, nested(self._plan.examples, [size], seed)[size].to_jsonl())
        return train(self._settings, ADAPTER, file, seed, with_context=self._plan.with_context).served_name

    def _index(self, paths: Sequence[Path]) -> None:
        if not paths or paths == self._indexed:
            return
        with step(self._console, "index the documents"):
            run_command(self._home, "index", *map(str, paths), "--prune")
        self._indexed = paths

    def _ask(self, url: str, arms: Sequence[str], folder: Path) -> None:
        uses_adapter = list(arms) != [RIVAL]
        request = RunRequest(
            self._plan.questions,
            self._home,
            strategies=arms,
            adapter=ADAPTER if uses_adapter else None,
            folder=folder,
            options=self._plan.options,
        )
        run(request, url, self._console)
