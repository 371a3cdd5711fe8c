"""What a price list says becomes rates, exactly; what cannot be a price is refused by name."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from projects.prices import PriceList, PriceListError, read
from tests.projects import price_lists
from tests.projects.price_lists import INVENTED, PUBLIC

TEXTS = {"invented": json.dumps(INVENTED)}


def listed(**entry: Any) -> bytes:
    return json.dumps({"north-large": entry}).encode()


def rates_of(found: PriceList) -> dict[str, dict[str, Any]]:
    return {price.model: price.rates for price in found.prices}


def flat(rates: dict[str, Any]) -> dict[tuple[str, int], int]:
    tiers = {
        (unit, tier["input"]): value
        for tier in rates.get("above", ())
        for unit, value in tier["rates"].items()
    }
    return {(unit, 0): value for unit, value in rates.items() if unit != "above"} | tiers


@pytest.mark.parametrize("path", [None, *PUBLIC], ids=lambda path: path.name if path else "own")
def test_every_amount_is_what_fractions_make_of_it(path: Path | None) -> None:
    text = path.read_text() if path else json.dumps(INVENTED)
    found = read(text.encode())
    entries = price_lists.fractions(text)
    expected = {model: price_lists.rates(entry) for model, entry in entries.items()}
    priced = {model for model, rates in expected.items() if rates}
    assert {model: flat(rates) for model, rates in rates_of(found).items()} == {
        model: expected[model] for model in priced
    }
    assert set(found.without) == set(entries) - priced
    assert not found.unknown
    if path:
        assert len(entries) == 4552


def test_what_is_not_priced_on_its_own_costs_what_it_is_part_of() -> None:
    rates = rates_of(read(json.dumps(INVENTED).encode()))
    assert rates["north-large"]["reasoning_token"] == rates["north-large"]["output_token"]
    assert rates["north-large"]["cached_input_token"] == 250_000_000
    assert rates["north-large"]["cache_write_token"] == 2_500_000_000
    (tier,) = rates["north-large"]["above"]
    assert tier["input"] == 200_000
    assert tier["rates"]["reasoning_token"] == 15_000_000_000
    assert tier["rates"]["cache_write_token"] == 5_000_000_000
    assert "cached_input_token" not in tier["rates"]
    assert rates["north-small"]["above"][0]["rates"]["reasoning_token"] == 2_000_000_000


def test_what_becomes_no_rate_is_named() -> None:
    found = read(
        listed(
            input_cost_per_token=1e-6,
            input_cost_per_parsec=4,
            **{"cost_\x1b[2J": 1},
            off_peak_pricing={"input_cost_per_token": 1e-7},
        )
    )
    assert found.unknown == {"input_cost_per_parsec": 1, "'cost_\\x1b[2J'": 1}
    assert found.left_out == {"off_peak_pricing": 1}
    assert read(json.dumps(INVENTED).encode()).without == ["north-unpriced"]


def test_free_is_a_price_and_null_is_none() -> None:
    found = read(listed(input_cost_per_token=0, output_cost_per_token=None))
    assert rates_of(found)["north-large"] == {
        "input_token": 0,
        "cached_input_token": 0,
        "cache_write_token": 0,
    }
    assert read(listed(input_cost_per_token=None)).without == ["north-large"]


def test_what_is_finer_than_can_be_counted_is_rounded_and_named() -> None:
    found = read(b'{"north-large": {"input_cost_per_token": 1.2500000000005e-3}}')
    assert rates_of(found)["north-large"]["input_token"] == 1_250_000_000_001
    assert list(found.rounded) == ["north-large"]


def test_another_currency_takes_a_rate() -> None:
    found = read(listed(input_cost_per_token=1e-6), worth=Decimal("0.92"))
    assert rates_of(found)["north-large"]["input_token"] == 920_000_000


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("-0.001", "-0.001 is no price"),
        ("1e309", "1e+309 is beyond"),
        ("1000001", "is beyond what one unit may cost"),
        ('"0.5"', '"0.5" is no number'),
        ("true", "true is no number"),
        ("[1]", "is no number"),
    ],
)
def test_no_price_is_refused_with_model_and_field(amount: str, said: str) -> None:
    text = f'{{"north-large": {{"input_cost_per_token": {amount}}}}}'
    with pytest.raises(PriceListError, match=r"^north-large, input_cost_per_token: ") as refused:
        read(text.encode())
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"null",
        b'{"a": 1}',
        b'{"": {"input_cost_per_token": 1}}',
        b'{"a": {"input_cost_per_token": NaN}}',
        b'{"a": {"input_cost_per_token": -Infinity}}',
        b'{"a": {"input_cost_per_token": 1e1000000000000000000000}}',
        b'{"a": {"input_cost_per_token": 1}, "a": {"input_cost_per_token": 2}}',
        b'{"a": {"input_cost_per_token": 1, "input_cost_per_token": 2}}',
        b'{"a": {"tiered_pricing": 7}}',
        b'{"a": {"tiered_pricing": [{"range": [-1, 2], "input_cost_per_token": 1}]}}',
        b'{"a": {"tiered_pricing": [{"range": "all", "input_cost_per_token": 1}]}}',
        b'{"a": {"search_context_cost_per_query": {"search_context_size_low": -1}}}',
        b'{"a\\u0000": {"input_cost_per_token": 1}}',
        b'{"a\\u001b[2J": {"input_cost_per_token": 1}}',
        b"[" * 100_000,
        b'{"a": ' * 100_000,
    ],
    ids=lambda content: content[:50].decode("latin-1"),
)
def test_what_is_no_list_is_refused_whole(content: bytes) -> None:
    with pytest.raises(PriceListError):
        read(content)
