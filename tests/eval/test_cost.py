"""Prices."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.eval.cost import PricesError, load_prices


def test_the_shipped_prices_call_themselves_examples() -> None:
    prices = load_prices()
    assert prices.label == "example prices"
    assert prices.per_1000(200, 10) == pytest.approx(0.2 * prices.input_per_million + 0.01 * prices.output_per_million)


def test_a_wrong_prices_file_is_named_with_its_field(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text('{"label": "ours", "input_per_million": -1, "output_per_million": 2}')
    with pytest.raises(PricesError, match=r"prices\.json:input_per_million: error"):
        load_prices(path)
    with pytest.raises(PricesError, match="cannot be read"):
        load_prices(tmp_path / "none.json")
