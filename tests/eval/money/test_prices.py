"""Prices files."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.eval.money.prices import EXAMPLE_PRICES, Prices, PricesError, load_prices


def test_the_shipped_prices_call_themselves_examples_and_show_every_key() -> None:
    prices, text = load_prices(), EXAMPLE_PRICES.read_text()
    assert (prices.label, prices.mode) == ("example prices", "per_token")
    assert prices.per_token is not None
    assert prices.gpu_hours is not None
    sections = [prices.load, prices.per_token, prices.gpu_hours, prices.retrieval, prices.examples, prices.training]
    for section in [*sections, prices.storage]:
        assert not [key for key in type(section).model_fields if key not in text]


def test_every_price_has_its_unit_in_its_name() -> None:
    prices = load_prices()
    money = [key.rpartition(".")[2] for key in prices.keys if "price" in key]
    assert money
    assert all("_per_" in key for key in money)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("price_per_million_prompt_tokens = 0.10", "price_per_million_prompt_tokens = -1", "prompt_tokens: error"),
        ("price_per_million_prompt_tokens = 0.10", "", "per_token.price_per_million_prompt_tokens: error: is missing"),
        ("retrains_per_month = 1.0", "retrains = 1", "training.retrains_per_month: error: is missing; add it"),
        ("[storage]", "[storage]\nfoo = 1", "storage.foo: error: is no key of a prices file; known here: price_per"),
        ("[storage]", "[stores]", "stores: error: is no key of a prices file; known here: label, currency, mode"),
        ('mode = "per_token"', 'mode = "flat"', r"mode: error: Input should be 'per_token' or 'gpu_hours', found 'f"),
        ("[gpu_hours]", "[gpu_hours", "no TOML: .*line"),
        ("utilisation = 0.6", "utilisation = nan", "gpu_hours.utilisation: error: "),
        (
            "# rag = 40.0",
            "x = 1\n[gpu_hours.questions_per_second_per_gpu]\nrag = 0",
            "_per_gpu.rag: error: .*above|great",
        ),
    ],
)
def test_a_wrong_prices_file_is_named_with_its_key_and_what_to_do(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    path, text = tmp_path / "ours.toml", EXAMPLE_PRICES.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(PricesError, match=words) as caught:
        load_prices(path)
    assert "ours.toml" in str(caught.value)
    assert str(EXAMPLE_PRICES) in str(caught.value)


def test_a_mode_without_its_section_and_a_missing_file_are_named(tmp_path: Path) -> None:
    path, text = tmp_path / "ours.toml", EXAMPLE_PRICES.read_text()
    start, end = text.index("[per_token]"), text.index("[gpu_hours]")
    path.write_text(text[:start] + text[end:])
    with pytest.raises(PricesError, match=r"mode is per_token, but there is no section \[per_token\]; add it"):
        load_prices(path)
    with pytest.raises(PricesError, match="cannot be read"):
        load_prices(tmp_path / "none.toml")


def test_a_key_is_scaled_alone_and_shares_stop_at_one() -> None:
    prices = load_prices()
    doubled = prices.scaled("examples.labelling_price_per_example", 2)
    assert doubled.examples.labelling_price_per_example == 2 * prices.examples.labelling_price_per_example
    assert doubled.scaled("examples.labelling_price_per_example", 0.5) == prices
    per_gpu = Prices.model_validate(prices.model_dump() | {"mode": "gpu_hours"})
    assert "per_token.price_per_million_prompt_tokens" not in per_gpu.keys
    assert "gpu_hours.utilisation" in per_gpu.keys
    scaled = per_gpu.scaled("gpu_hours.utilisation", 2).gpu_hours
    assert scaled is not None
    assert scaled.utilisation == 1
