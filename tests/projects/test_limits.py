"""Which of a key's limits binds it, and what new ones change."""

from __future__ import annotations

import datetime
import json
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import pytest

from projects.allowance import Allowance, differences
from projects.limits import NEAREST_FIRST, LimitState, binding, states


def state(layer: str = "key", **fields: Any) -> LimitState:
    return LimitState(id=uuid4(), layer=layer, **fields)


def test_nothing_binds_where_nothing_limits() -> None:
    assert binding([]) is None
    assert binding([state()]) is None


def test_the_one_with_the_least_share_left_binds_whatever_its_size() -> None:
    small = state("key", budget=10, spent=1)
    large = state("organization", budget=10**18, spent=10**17 + 1)
    found = binding([small, large])
    assert found is not None
    assert (found.state, found.kind, found.limit) == (large, "budget", 10**18)


def test_what_is_set_aside_counts_as_gone() -> None:
    assert state(budget=10, spent=3, reserved=5).left("budget") == Fraction(1, 5)
    assert state(budget=10, spent=30).remaining == 0


def test_of_equals_the_nearest_the_key_binds_and_money_before_rate() -> None:
    layers = [state(layer, budget=4, spent=1, rpm=8, used=2) for layer in reversed(NEAREST_FIRST)]
    found = binding(layers)
    assert found is not None
    assert (found.state.layer, found.kind) == ("key", "budget")
    rate = binding(layers, "rpm")
    assert rate is not None
    assert (rate.state.layer, rate.kind, rate.remaining) == ("key", "rpm", 6)


def test_a_share_is_exact() -> None:
    near = state("key", budget=3 * 10**17, spent=10**17)
    hair = state("plan", budget=3 * 10**17, spent=10**17 + 1)
    found = binding([near, hair])
    assert found is not None
    assert found.state is hair


def test_a_budget_of_nothing_is_used_up() -> None:
    found = binding([state("key", rpm=10, used=9), state("plan", budget=0)])
    assert found is not None
    assert (found.state.layer, found.remaining) == ("plan", 0)


def test_the_databases_words_are_read_nearest_first() -> None:
    row = {
        "id": "0192f0c1-3b5e-7c1a-9d2e-5f60718293a4",
        "layer": "plan",
        "budget": 5,
        "window": "day",
        "spent": 1,
        "reserved": 2,
        "rpm": None,
        "used": 0,
        "resets_at": "2026-03-30T00:00:00+02:00",
        "minute_resets_at": "2026-03-29T12:01:00+00:00",
    }
    found = states(json.dumps([row, row | {"layer": "key", "resets_at": None}]))
    assert [one.layer for one in found] == ["key", "plan"]
    assert found[1].id == UUID(row["id"])
    assert found[1].resets_at == datetime.datetime(2026, 3, 29, 22, tzinfo=datetime.UTC)
    assert found[0].resets_at is None


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            ("203.0.113.0/24",),
            ("203.0.113.24",),
            [("Shuts out the network 203.0.113.0/24, all but 203.0.113.24", False)],
        ),
        (
            ("203.0.113.24",),
            ("203.0.113.0/24",),
            [("Allows the network 203.0.113.0/24", True)],
        ),
        (
            ("10.0.0.0/8", "2001:db8::/32"),
            ("192.0.2.1", "2001:db8::/32"),
            [
                ("Allows the network 192.0.2.1", True),
                ("Shuts out the network 10.0.0.0/8", False),
            ],
        ),
    ],
)
def test_an_address_out_of_a_network_is_nothing_wider(
    before: tuple[str, ...], after: tuple[str, ...], said: list[tuple[str, bool]]
) -> None:
    found = differences(Allowance(networks=before), Allowance(networks=after))
    assert [(each.text, each.wider) for each in found] == said
