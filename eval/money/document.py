"""What report.json says about money, under `break_even`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from crossover.eval.money.arm_cost import ArmCost, Gpus


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class ArmMoney(_Part):
    """One arm's costs in the report's currency, at the planned load over the horizon.

    Args:
        cost_per_1000: everything, for each 1,000 questions; null where `unknown` says what is missing.
        answering_per_1000: tokens or GPUs, searches and index alone.
        gpus: needed at the planned load; null where answering is paid for by the token.
        questions_per_gpu_and_day: what one GPU carries, its peak allowed for.
        questions_per_second: reached in the run, under its load.
        disk_gib: the adapter's weights (a whole model after full fine-tuning) and the index, where it is searched.
        gpu_memory_gib: base model and adapter weights; the cache for prompts under way comes on top.
    """

    cost_per_1000: float | None = None
    answering_per_1000: float | None = None
    once: float | None = None
    each_retrain: float | None = None
    retrains_per_month: float = 0
    each_day: float | None = None
    each_question: float | None = None
    gpus: int | None = None
    questions_per_gpu_and_day: float | None = None
    gpu_price_per_day: float | None = None
    fewest_gpus: int = 1
    questions_per_second: float | None = None
    disk_gib: float | None = None
    gpu_memory_gib: float | None = None
    unknown: str = ""

    def cost(self, arm: str) -> ArmCost | None:
        """The costs to calculate with; None where something is unknown."""
        if self.once is None or self.each_retrain is None or self.each_day is None or self.each_question is None:
            return None
        gpus = None
        if self.questions_per_gpu_and_day is not None and self.gpu_price_per_day is not None:
            gpus = Gpus(self.questions_per_gpu_and_day, self.gpu_price_per_day, self.fewest_gpus)
        return ArmCost(
            arm, self.once, self.each_retrain, self.retrains_per_month, self.each_day, self.each_question, gpus
        )


class Pair(_Part):
    """A fine-tuned arm against an arm that is not, in quality and money.

    Args:
        difference, interval, p_value, words: the arm's exact match minus the rival's; p over all pairs (Holm).
        first_questions_per_day, last_questions_per_day: the smallest and the largest load at which the arm costs less
            over the horizon, 10 million standing for any number beyond; null: at none.
        from_questions_per_day: the load from which on it always does; null when at large loads it does not.
        load_interval: of `from_questions_per_day` by the lengths of prompts and answers (95 %); null per GPU-hour,
            where no such interval is computed.
        price_range: the least and greatest `from_questions_per_day` when any one price or assumption is halved or
            doubled; null in it means that it never pays then.
        pays_from_day: at the planned load, the day from whose end on the arm has cost less; null: not in the horizon.
        per_point: what each extra point of quality costs per 1,000 questions, or each lost one saves; null when the
            arm is better and cheaper, worse and dearer, or no difference is shown.
        sentence: the same in words.
    """

    arm: str
    rival: str
    difference: float
    interval: tuple[float, float]
    p_value: float
    words: str
    first_questions_per_day: int | None
    last_questions_per_day: int | None
    from_questions_per_day: int | None
    load_interval: tuple[int | None, int | None] | None
    price_range: tuple[int | None, int | None] | None
    pays_from_day: int | None
    per_point: float | None
    sentence: str = ""


class Sensitivity(_Part):
    """What one price or assumption decides: from how many questions a day the arm pays; null: at no load for good."""

    price: str
    value: float
    halved: int | None
    doubled: int | None


class BreakEven(_Part):
    """The whole of `break_even`; empty in reports written before it was computed.

    Args:
        sentence: for the first screen.
        headline: the pair that sentence and sensitivity are about, as [arm, rival]: the fine-tuned arm and the rival
            that one would serve, of each kind the better one, of equals the cheaper.
        front: the arms that none beats in quality and cost at once, the cheapest first.
    """

    sentence: str = ""
    label: str = ""
    currency: str = ""
    mode: str = ""
    questions_per_day: int = 0
    horizon_days: int = 0
    headline: tuple[str, str] | None = None
    pairs: list[Pair] = []
    costs: dict[str, ArmMoney] = {}
    front: list[str] = []
    sensitivity: list[Sensitivity] = []

    def pair(self, arm: str, rival: str) -> Pair | None:
        """The comparison of these two, if it was made."""
        return next((pair for pair in self.pairs if (pair.arm, pair.rival) == (arm, rival)), None)
