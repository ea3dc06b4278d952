"""The recommendation in two sentences: words follow the numbers, and never go beyond them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crossover.eval.arms import FINE_TUNED
from crossover.eval.report.figures import Difference, Strategy, Winner
from crossover.eval.top_set import SAME

_MOST_NAMES = 8


def recommend(strategies: Mapping[str, Strategy], overall: Winner, winners: Mapping[str, Winner]) -> str:
    """What to serve and how sure that is; then, where something else is better."""
    if len(strategies) == 1:
        only = next(iter(strategies))
        return f"Only {only} was run, so there is nothing to compare it with: {_share(strategies[only])}."
    if overall.words == "too few questions":
        asked = next(iter(strategies.values()))
        return (
            f"Too few questions for a recommendation: no outcome of {asked.n} questions about {asked.groups} facts "
            f"could tell the strategies apart. {_best_so_far(strategies, overall)}"
        )
    if overall.strategy is None:
        return (
            f"No strategy can be recommended over the others: no difference is shown between all {len(strategies)} of "
            f"them. {_best_so_far(strategies, overall)}"
        )
    chosen = overall.strategy
    return f"{_choice(strategies, overall, chosen)} {_where_else(winners, chosen)}".strip()


def fine_tuning_sentence(fine_tuning: Mapping[str, Mapping[str, Difference]], trainings: int = 1) -> str:
    """Where fine-tuning beats RAG with examples, its strongest rival; no claim is made without it.

    One training is one draw: with it alone the sentence speaks of this adapter.
    """
    if not fine_tuning:
        return (
            "Whether fine-tuning pays is not shown: that takes the arm rag+examples beside finetune or hybrid, "
            "and one of them was not run."
        )
    pays = [name for name, arms in fine_tuning.items() if any(d.words == "better" for d in arms.values())]
    loses = [name for name, arms in fine_tuning.items() if all(d.words == "worse" for d in arms.values())]
    open_ = [name for name in fine_tuning if name not in pays and name not in loses]
    parts = []
    subject = "fine-tuning" if trainings > 1 else "this adapter"
    if pays:
        who = _who(fine_tuning, pays)
        parts.append(f"{subject.capitalize()} pays on {listed(pays)}: there {who} beats RAG with examples")
    else:
        parts.append(f"That {subject} pays is not shown: nowhere does it beat RAG with examples")
    if loses:
        parts.append(f"on {listed(loses)} RAG with examples is better")
    if open_ and pays:
        parts.append(f"on {listed(open_)} it is not shown to")
    return "; ".join(parts) + "."


def percent(value: float) -> str:
    """A share as whole percent."""
    return f"{100 * value:.0f} %"


def apart(winner: Winner) -> str:
    """How far arms that are not told apart may be from the best, where that matters; begins with a blank."""
    return "" if winner.behind <= SAME else f" (they may be {100 * winner.behind:.0f} points apart)"


def p_text(value: float) -> str:
    """A p-value as it is read."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}" if value < 0.1 else f"p = {value:.2f}"


def listed(names: Sequence[str]) -> str:
    """Names as they stand in a sentence; of very many the first."""
    if len(names) > _MOST_NAMES:
        names = [*names[: _MOST_NAMES - 1], f"{len(names) - _MOST_NAMES + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _share(strategy: Strategy) -> str:
    low, high = (percent(edge) for edge in strategy.interval)
    return f"it answers {percent(strategy.score)} of {strategy.n} questions right (95 % interval {low} to {high})"


def _choice(strategies: Mapping[str, Strategy], overall: Winner, chosen: str) -> str:
    said = f"Serve {chosen}: {_share(strategies[chosen])}"
    if not overall.tied:
        next_best = max(overall.beats, key=lambda arm: strategies[arm].score)
        return (
            f"{said}, significantly more than every other strategy "
            f"(the next, {next_best}, {percent(strategies[next_best].score)}; {p_text(overall.p_value)})."
        )
    tied = f"{listed(overall.tied)}, {_dearer(strategies, overall, chosen)}{apart(overall)}"
    return (
        f"{said}; no difference is shown to {tied}, and the best, "
        f"{overall.best}, is significantly above {listed(overall.beats)} ({p_text(overall.p_value)})."
    )


def _dearer(strategies: Mapping[str, Strategy], overall: Winner, chosen: str) -> str:
    own = strategies[chosen].cost_per_1000
    costs = {arm: strategies[arm].cost_per_1000 for arm in overall.tied}
    known = [cost for cost in costs.values() if cost is not None]
    if own is None or not known:
        return "and which of them is cheapest is not known"
    unknown = [arm for arm, cost in costs.items() if cost is None]
    said = "which cost more" if min(known) > own else "which cost no less"
    return f"{said} (the cost of {listed(unknown)} is not known)" if unknown else said


def _where_else(winners: Mapping[str, Winner], chosen: str) -> str:
    if not winners:
        return ""
    others: dict[str, list[str]] = {}
    for name, winner in winners.items():
        if chosen in winner.beats:  # which only the best of its top set is known to be above
            others.setdefault(winner.best, []).append(name)
    if not others:
        return "In no kind of question is another strategy shown to be better."
    kept = [name for name, winner in winners.items() if chosen in winner.members]
    rest = f"; on {listed(kept)} nothing is shown to be better" if kept else ""
    return (
        "But not everywhere: "
        + ", ".join(f"on {listed(names)} {arm} is significantly better" for arm, names in others.items())
        + rest
        + "."
    )


def _best_so_far(strategies: Mapping[str, Strategy], overall: Winner) -> str:
    best = overall.best
    needed = [d.questions_needed for d in overall.against.values() if d.questions_needed]
    more = f" About {min(needed)} more questions might show one." if needed else ""
    return f"The best score is that of {best}: {_share(strategies[best])}.{more}"


def _who(fine_tuning: Mapping[str, Mapping[str, Difference]], slices: Sequence[str]) -> str:
    arms = {arm for name in slices for arm, d in fine_tuning[name].items() if d.words == "better"}
    return " or ".join(arm for arm in FINE_TUNED if arm in arms)
