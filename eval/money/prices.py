"""Prices files: what tokens, GPUs, searches, labels and trainings cost, each price with its unit in its name."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, ValidationError, model_validator

EXAMPLE_PRICES = Path(__file__).with_name("prices.toml")

#: Shares: doubled, they stop here.
_AT_MOST_ONE = frozenset({"utilisation", "relabelled_share_per_retrain"})
#: What is planned and not a price or an assumption, so that no sensitivity is asked of it.
_PLANNED = frozenset({"questions_per_day", "horizon_days", "fewest_gpus", "count", "device_hours"})


class PricesError(ValueError):
    """A prices file is missing or wrong; the message names the file, the key and what to do."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Load(_Section):
    """What is planned for."""

    questions_per_day: int = Field(ge=1)
    horizon_days: int = Field(ge=1, le=36_500)


class TokenPrices(_Section):
    """What one arm's own model costs, such as that of another endpoint."""

    price_per_million_prompt_tokens: float = Field(ge=0)
    price_per_million_answer_tokens: float = Field(ge=0)


class PerToken(_Section):
    """Answering paid for by the token."""

    price_per_million_prompt_tokens: float = Field(ge=0)
    price_per_million_answer_tokens: float = Field(ge=0)
    price_per_million_prompt_tokens_with_adapter: float | None = Field(default=None, ge=0)
    price_per_million_answer_tokens_with_adapter: float | None = Field(default=None, ge=0)
    adapter_hosting_price_per_day: float = Field(default=0, ge=0)
    arms: dict[str, TokenPrices] = Field(default_factory=dict)

    def own(self, arm: str) -> TokenPrices | None:
        """The prices of an arm's own model, if they are given; ``gpt+rag`` is the model of ``gpt``."""
        return self.arms.get(arm) or self.arms.get(arm.removesuffix("+rag"))

    def of(self, arm: str, *, adapter: bool) -> tuple[float, float]:
        """The prices of one prompt token and of one token of an answer, for an arm with or without an adapter."""
        if (own := self.own(arm)) is not None:
            return own.price_per_million_prompt_tokens / 1e6, own.price_per_million_answer_tokens / 1e6
        prompt, answer = self.price_per_million_prompt_tokens, self.price_per_million_answer_tokens
        if adapter:
            prompt = _first(self.price_per_million_prompt_tokens_with_adapter, prompt)
            answer = _first(self.price_per_million_answer_tokens_with_adapter, answer)
        return prompt / 1e6, answer / 1e6


class GpuHours(_Section):
    """Answering paid for by the hours of as many GPUs as the peak needs."""

    price_per_gpu_hour: float = Field(ge=0)
    utilisation: float = Field(gt=0, le=1)
    peak_to_mean_load: float = Field(ge=1)
    fewest_gpus: int = Field(default=1, ge=0)
    questions_per_second_per_gpu: dict[str, PositiveFloat] = Field(default_factory=dict)


class RetrievalPrices(_Section):
    """What arms that search pay beside their tokens."""

    price_per_1000_searches: float = Field(default=0, ge=0)
    index_price_per_day: float = Field(default=0, ge=0)


class ExamplePrices(_Section):
    """What labelled examples cost whoever learns from them or shows them."""

    labelling_price_per_example: float = Field(ge=0)
    relabelled_share_per_retrain: float = Field(default=0, ge=0, le=1)
    count: int | None = Field(default=None, ge=0)


class TrainingPrices(_Section):
    """What each training costs beside its examples."""

    preparation_price_per_training: float = Field(default=0, ge=0)
    gate_price_per_training: float = Field(default=0, ge=0)
    price_per_device_hour: float = Field(ge=0)
    device_hours: float | None = Field(default=None, ge=0)
    retrains_per_month: float = Field(ge=0, le=3000)


class StoragePrices(_Section):
    """What lies on disk."""

    price_per_disk_gib_month: float = Field(default=0, ge=0)


class Prices(_Section):
    """A whole prices file; amounts are in `currency`, and `label` stands beside each."""

    label: str = Field(min_length=1)
    currency: str = Field(min_length=1)
    mode: Literal["per_token", "gpu_hours"]
    load: Load
    per_token: PerToken | None = None
    gpu_hours: GpuHours | None = None
    retrieval: RetrievalPrices = RetrievalPrices()
    examples: ExamplePrices
    training: TrainingPrices
    storage: StoragePrices = StoragePrices()

    @model_validator(mode="after")
    def _mode_has_its_section(self) -> Self:
        if getattr(self, self.mode) is None:
            raise ValueError(f"mode is {self.mode}, but there is no section [{self.mode}]")
        return self

    @property
    def keys(self) -> list[str]:
        """The prices and assumptions in use, as ``section.key``."""
        unused = {"per_token": "gpu_hours", "gpu_hours": "per_token"}[self.mode]
        sections = {name: part for name, part in self if isinstance(part, _Section) and name != unused}
        return [
            f"{name}.{key}"
            for name, part in sections.items()
            for key, value in part
            if isinstance(value, int | float) and value and key not in _PLANNED
        ]

    def scaled(self, key: str, factor: float) -> Prices:
        """These prices with one of `keys` multiplied; shares stop at 1, and no peak is below the mean."""
        name, _, field = key.partition(".")
        section = getattr(self, name)
        value = getattr(section, field) * factor
        if field in _AT_MOST_ONE:
            value = min(1.0, value)
        if field == "peak_to_mean_load":
            value = max(1.0, value)
        return self.model_copy(update={name: section.model_copy(update={field: value})})


def load_prices(path: Path = EXAMPLE_PRICES) -> Prices:
    """The prices of a TOML file.

    Raises:
        PricesError: no such file, not TOML, or a key is missing, unknown or out of its range.
    """
    try:
        return Prices.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise PricesError(f"{path}: cannot be read: {error.strerror}; copy {EXAMPLE_PRICES}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PricesError(f"{path}: no TOML: {error}; copy {EXAMPLE_PRICES}") from error
    except ValidationError as error:
        raise PricesError(_told(path, error.errors()[0])) from error


def _first(own: float | None, usual: float) -> float:
    return usual if own is None else own


def _told(path: Path, error: Any) -> str:
    key = ".".join(map(str, error["loc"])) or "mode"
    if error["type"] == "missing":
        said = "is missing; add it"
    elif error["type"] == "extra_forbidden":
        said = f"is no key of a prices file; known here: {', '.join(_known(error['loc'][:-1]))}"
    else:
        said = f"{error['msg'].removeprefix('Value error, ')}, found {error['input']!r}; mend it"
        said = said if error["loc"] else said.partition(", found")[0] + "; add it"
    return f"{path}:{key}: error: {said} ({EXAMPLE_PRICES} is an example)"


def _known(section: tuple[str | int, ...]) -> list[str]:
    """The keys of the file (no section given) or of one of its sections."""
    sections: dict[str, type[BaseModel]] = {
        "load": Load,
        "per_token": PerToken,
        "gpu_hours": GpuHours,
        "retrieval": RetrievalPrices,
        "examples": ExamplePrices,
        "training": TrainingPrices,
        "storage": StoragePrices,
    }
    model: type[BaseModel] = sections[str(section[0])] if section else Prices
    if "arms" in section:
        model = TokenPrices
    return list(model.model_fields)
