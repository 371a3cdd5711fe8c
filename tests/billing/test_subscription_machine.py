"""Whatever is done in whatever order: days without a gap, one living subscription, and the
organization's row as the running term has it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.ledger import SYSTEM
from billing.actions.subscriptions import (
    subscription_cancel,
    subscription_change,
    subscription_resume,
    subscription_start,
    subscription_turn,
)
from billing.charges import term_charges
from billing.models import Subscription, Term
from billing.periods import month_after, month_of
from billing.queries.subscriptions import plan_change, subscription_of
from orgs.models import Organization
from orgs.seats import seats
from orgs.tenancy import bound
from tests.billing.plans import NOVEMBER, on
from tests.factories import Cast
from tests.orgs.invitations import check_constraints

pytestmark = pytest.mark.usefixtures("issuer")

PLANS, SEATS = st.sampled_from(["team", "enterprise"]), st.integers(3, 24)
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), PLANS, SEATS),
        st.tuples(st.just("change"), PLANS, SEATS),
        st.tuples(st.just("cancel")),
        st.tuples(st.just("resume")),
        st.tuples(st.just("wait"), st.integers(1, 40)),
    ),
    max_size=14,
)


class UndoneError(Exception):
    """The example is over, and nothing of it stays."""


@given(deeds=DEEDS)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_order_of_deeds(cast: Cast, deeds: list[tuple[Any, ...]]) -> None:
    with pytest.raises(UndoneError), transaction.atomic():
        day = NOVEMBER
        for deed in deeds:
            day = _do(cast, day, *deed)
            _look(cast, day)
        check_constraints()
        raise UndoneError


def _do(cast: Cast, day: datetime.date, deed: str, *said: Any) -> datetime.date:
    if deed == "wait":
        return _wait(cast, day, said[0])
    actor = cast.access(cast.alice)
    with on(day):
        try:
            if deed == "start":
                subscription_start(plan=said[0], seats=said[1], actor=actor)
            elif deed == "change":
                _change(cast, day, *said)
            elif deed == "cancel":
                subscription_cancel(actor=actor)
            else:
                subscription_resume(actor=actor)
        except ValidationError:
            pass
    return day


def _change(cast: Cast, day: datetime.date, plan: str, number: int) -> None:
    """What the preview says is what the month's invoice grows by."""
    actor = cast.access(cast.alice)
    found = subscription_of(cast.acme.id)
    if found is None:
        return
    said = plan_change(cast.acme.id, plan, number, subscription=found)
    before = _month(found, day)
    changed = subscription_change(plan=plan, seats=number, actor=actor)
    assert _month(changed, day) - before == said.extra
    assert changed.seats == said.at_once.seats


def _wait(cast: Cast, day: datetime.date, days: int) -> datetime.date:
    until = day + datetime.timedelta(days=days)
    first = month_after(day)
    while first <= until:
        found = subscription_of(cast.acme.id)
        if found is not None:
            subscription_turn(subscription=found, on=first, actor=SYSTEM)
        first = month_after(first)
    return until


def _month(subscription: Subscription, day: datetime.date) -> int:
    rows = Term.objects.in_org(subscription.organization_id).filter(subscription=subscription)
    return sum(c.net for c in term_charges(rows, month_of(day), month_after(day), "EUR"))


def _look(cast: Cast, day: datetime.date) -> None:
    with bound(cast.acme.id):
        alive = list(Subscription.objects.in_org(cast.acme).exclude(state="ended"))
        assert len(alive) <= 1
        for each in Subscription.objects.in_org(cast.acme):
            _without_gaps(each, Term.objects.in_org(cast.acme).filter(subscription=each))
        row = Organization.objects.get(pk=cast.acme.pk)
        if alive:
            term = Term.objects.in_org(cast.acme).get(subscription=alive[0], ends_on=None)
            assert (row.plan, row.seats) == (term.plan, term.seats)
            assert (alive[0].plan, alive[0].seats) == (term.plan, term.seats)
            assert alive[0].ends_on is None or alive[0].ends_on > day
        else:
            assert row.plan == "enterprise"
            assert row.seats is None
        assert row.seats is None or seats(row).used <= row.seats


def _without_gaps(subscription: Subscription, rows: Iterable[Term]) -> None:
    terms = sorted(rows, key=lambda term: term.starts_on)
    assert terms[0].starts_on == subscription.started_on
    for one, other in pairwise(terms):
        assert one.ends_on == other.starts_on
    is_over = subscription.state == Subscription.State.ENDED
    assert terms[-1].ends_on == (subscription.ends_on if is_over else None)
