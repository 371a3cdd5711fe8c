"""A localstripe for the run, a stand-in that answers recorded shapes, and who is told of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from billing.gateway import account as stripe_account
from tests.billing.gateway.localstripe_client import Elsewhere, running
from tests.billing.gateway.recorded import PRICES, Recorded
from tests.billing.gateway.webhooks import SECRET, Told
from tests.factories import Cast


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Elsewhere]:
    with running() as base:
        stripe = Elsewhere(base)
        stripe.plans()
        yield stripe


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with Recorded().listening() as server:
        yield server


@pytest.fixture
def with_stripe(settings: Any, recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_account, "RETRIES", 0)
    settings.STRIPE_API_KEY = "sk_test_of_nobody"
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    settings.STRIPE_API_BASE = recorded.base
    settings.STRIPE_PRICES = PRICES
    settings.CURRENCY = "USD"


@pytest.fixture
def told(cast: Cast, recorded: Recorded) -> Told:
    return Told(cast.acme, recorded)
