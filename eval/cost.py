"""What an answer costs: tokens counted by the server, times the prices of a file."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

EXAMPLE_PRICES = Path(__file__).with_name("prices.json")


class PricesError(ValueError):
    """A prices file is missing or wrong; the message names the file and the field."""


class Prices(BaseModel):
    """Prices per million tokens; `label` stands beside every amount."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str = Field(min_length=1)
    currency: str = Field(default="USD", min_length=1)
    input_per_million: float = Field(ge=0)
    output_per_million: float = Field(ge=0)

    def per_1000(self, prompt_tokens: float, completion_tokens: float) -> float:
        """The price of 1,000 answers of this mean length, in `currency`."""
        return (prompt_tokens * self.input_per_million + completion_tokens * self.output_per_million) / 1000


def load_prices(path: Path = EXAMPLE_PRICES) -> Prices:
    """The prices of a JSON file.

    Raises:
        PricesError: no such file, not JSON, or a field is missing, unknown or negative.
    """
    try:
        return Prices.model_validate_json(path.read_bytes())
    except OSError as error:
        raise PricesError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "file"
        raise PricesError(f"{path}:{field}: error: {first['msg']}; {EXAMPLE_PRICES} is an example") from error
