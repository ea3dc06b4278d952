"""The patient way: train with several settings by Optuna (Akiba et al. 2019), keep the best validation loss.

The first trial has the settings as they stand, so that the outcome is never worse by that loss; trials that run behind
the median of the others are given up. The study lies in a journal in the adapter's folder: a search that was killed
goes on with the trial that it was at, which itself goes on from its checkpoint.
"""

from __future__ import annotations

import hashlib
import shlex
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.adapters.registry import AdapterVersion, Registry
from crossover.adapters.servable import NotServable
from crossover.adapters.training.options import Progress, TrainOptions
from crossover.adapters.training.validation import EVALUATIONS
from crossover.adapters.training.workspace import SEARCH_PREFIX, TrainingRuns, locked

if TYPE_CHECKING:
    from optuna import Study, Trial

TUNED = ("learning_rate", "rank", "epochs", "closed")
"""What is searched; `closed` only with context."""
_RANKS = (8, 16, 32, 64)
_UNPRUNED = 4  # trials before any is given up
_FIRST_LOOKS = 5  # of the EVALUATIONS, at which none is given up

Report = Callable[[Progress], None]
Train = Callable[[TrainOptions, Registry, Report], AdapterVersion]


def search(
    train: Train,
    options: TrainOptions,
    registry: Registry,
    trials: int,
    *,
    subject: str,
    fixed: Collection[str],
    words: Sequence[str],
    progress: Report,
    say: Callable[[str], None],
) -> AdapterVersion:
    """The adapter of the best trial, registered, its card with the command that trains it again.

    Args:
        train: one training with some options into some registry.
        options: the settings as they stand.
        registry: where the best goes.
        trials: how many settings are tried.
        subject: what is trained on what; only a search with the same goes on where an earlier one ended.
        fixed: which of TUNED are not searched.
        words: the command line behind `crossover`.
        progress: called after each step.
        say: told how each trial went.

    Raises:
        ValueError: nothing held out stays to judge the trials by.
        TrainingRuns: the same search is under way in another process.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    key = hashlib.sha256(
        f"{subject} {options.method} {options.hyperparameters()} {sorted(fixed)}".encode()
    ).hexdigest()[:12]
    folder = registry.folder / options.name / f"{SEARCH_PREFIX}{key}"
    folder.mkdir(parents=True, exist_ok=True)
    lock = locked(folder)
    if lock is None:
        raise TrainingRuns(f"this search is already running in another process ({folder})")
    with lock:
        study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(folder / "study.log"))),
            study_name="tune",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=_UNPRUNED, n_warmup_steps=_FIRST_LOOKS),
        )
        # Seeded by how far it is: a search that goes on would else draw its first trials again.
        study.sampler = optuna.samplers.TPESampler(seed=options.seed + len(study.trials), n_startup_trials=_UNPRUNED)
        _take_up(study, _values(options, fixed))
        tried = Registry(folder / "trials")

        def attempt(trial: Trial) -> float:
            chosen = _chosen(trial, options, registry, fixed)
            version = train(chosen, tried, _watched(trial, progress))
            if version.card.validation is None:
                raise ValueError("--tune judges by held-out examples: give some 20 or more with --held-out")
            loss = min(loss for _, loss in version.card.validation.losses)
            trial.set_user_attr("digest", version.digest)
            say(f"trial {trial.number + 1}: validation loss {loss:.4f} with {_listed(_values(chosen, fixed))}")
            return loss

        ended = (TrialState.COMPLETE, TrialState.PRUNED)
        while len(study.get_trials(deepcopy=False, states=ended)) < trials:
            study.optimize(attempt, n_trials=1)
            _forget_the_rest(tried, options.name, study.best_trial.user_attrs["digest"])
        best = study.best_trial
        version = tried.resolve(f"{options.name}@{best.user_attrs['digest']}")
        command = repeating(words, _values(_with(options, best.params), fixed))
        say(f"the best of {trials}, trial {best.number + 1}; to repeat it: {command}")
        card = version.card.model_copy(update={"command": command})
        registered = registry.add(Path(shutil.copytree(version.path, folder / "best", dirs_exist_ok=True)), card)
        shutil.rmtree(folder)
        return registered


def repeating(words: Sequence[str], values: Mapping[str, Any]) -> str:
    """The command that trains with some settings at once, from the one that searched."""
    dropped = {"--tune", *(_option(name) for name in values)}
    kept: list[str] = []
    skip = False
    for word in words:
        if skip or word.split("=")[0] in dropped:
            skip = not skip and "=" not in word
            continue
        kept.append(word)
    chosen = [word for name, value in values.items() for word in (_option(name), str(value))]
    return shlex.join(["crossover", *kept, *chosen])


def _take_up(study: Study, first: Mapping[str, Any]) -> None:
    """Begin with the settings as they stand, or with the trial that an earlier search was at."""
    from optuna.trial import TrialState

    if not study.trials:
        study.enqueue_trial(dict(first))
        return
    last = study.trials[-1]
    if last.state is TrialState.RUNNING:
        study.tell(last.number, state=TrialState.FAIL)
    if last.state in (TrialState.RUNNING, TrialState.FAIL):
        study.enqueue_trial(last.params)


def _chosen(trial: Trial, options: TrainOptions, registry: Registry, fixed: Collection[str]) -> TrainOptions:
    standing = _values(options, fixed)
    values: dict[str, Any] = {}
    if "learning_rate" in standing:
        low, high = options.learning_rate / 10, options.learning_rate * 4
        values["learning_rate"] = trial.suggest_float("learning_rate", low, high, log=True)
    if "rank" in standing:
        ranks = sorted({options.rank, *(rank for rank in _RANKS if _servable(registry, rank))})
        values["rank"] = trial.suggest_categorical("rank", ranks)
    if "epochs" in standing:
        values["epochs"] = trial.suggest_categorical("epochs", sorted({max(1, options.epochs // 2), options.epochs}))
    if "closed" in standing:
        values["closed"] = trial.suggest_float("closed", 0.3, 0.9, step=0.05)
    return _with(options, values)


def _with(options: TrainOptions, values: Mapping[str, Any]) -> TrainOptions:
    """The options with some of TUNED, the rate short enough to be typed."""
    plain = {name: value for name, value in values.items() if name != "closed"}
    if "learning_rate" in plain:
        plain["learning_rate"] = float(f"{plain['learning_rate']:.2g}")
    if "closed" in values:
        plain["mixture"] = replace(options.mixture, closed=round(values["closed"], 2))
    return replace(options, **plain)


def _values(options: TrainOptions, fixed: Collection[str]) -> dict[str, Any]:
    """What is searched, as these options have it."""
    values = {name: getattr(options, name) for name in TUNED if name != "closed"} | {"closed": options.mixture.closed}
    return {name: value for name, value in values.items() if name not in fixed}


def _watched(trial: Trial, progress: Report) -> Report:
    """`progress`, and the trial given up when its validation loss runs behind."""
    import optuna

    looked: float | None = None

    def watch(trained: Progress) -> None:
        nonlocal looked
        progress(trained)
        if trained.validation is not None and trained.validation != looked:
            looked = trained.validation
            trial.report(looked, round(EVALUATIONS * trained.step / trained.steps))
            if trial.should_prune():
                raise optuna.TrialPruned

    return watch


def _forget_the_rest(tried: Registry, name: str, best: str) -> None:
    """Only the best adapter so far stays on disk."""
    for version in tried.versions(name):
        if version.digest != best:
            tried.delete(name, version.digest)


def _servable(registry: Registry, rank: int) -> bool:
    try:
        registry.check_rank(rank)
    except NotServable:
        return False
    return True


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{_option(name)} {value}" for name, value in values.items())


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
