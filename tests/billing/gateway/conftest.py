"""A localstripe for the run, and a stand-in that answers recorded shapes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.billing.gateway.localstripe_client import Elsewhere, running
from tests.billing.gateway.recorded import Recorded


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
