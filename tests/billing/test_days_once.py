"""Whatever is done in whatever order, and however late months turn: each day of a subscription is
invoiced once, and no day twice."""

from __future__ import annotations

import datetime
from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from audit.ledger import SYSTEM
from billing.actions import month
from billing.actions.month import organization_invoice
from billing.actions.subscriptions import (
    subscription_cancel,
    subscription_change,
    subscription_resume,
    subscription_start,
)
from billing.models import Invoice, InvoiceLine, Subscription, Term
from billing.periods import month_of
from billing.queries.metering import Metered
from orgs.tenancy import bound
from tests.billing.plans import NOVEMBER, on
from tests.factories import Cast

pytestmark = pytest.mark.usefixtures("issuer")

PLANS, SEATS = st.sampled_from(["team", "enterprise"]), st.integers(8, 24)
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), PLANS, SEATS),
        st.tuples(st.just("change"), PLANS, SEATS),
        st.tuples(st.just("cancel")),
        st.tuples(st.just("resume")),
        st.tuples(st.just("wait"), st.integers(1, 45)),
        st.tuples(st.just("turn")),
    ),
    max_size=16,
)


class UndoneError(Exception):
    """The example is over, and nothing of it stays."""


@pytest.fixture(autouse=True)
def _no_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(month, "metered", lambda *said: Metered(total=0, projects={}))
    monkeypatch.setattr(month, "is_counted", lambda end: True)


@given(deeds=DEEDS)
@hypothesis_settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_day_is_invoiced_once(cast: Cast, deeds: list[tuple[Any, ...]]) -> None:
    with pytest.raises(UndoneError), transaction.atomic():
        day = NOVEMBER
        for deed, *said in [*deeds, ("wait", 45), ("turn",)]:
            if deed == "wait":
                day += datetime.timedelta(days=said[0])
            else:
                _do(cast, day, deed, *said)
        _look(cast, day)
        raise UndoneError


def _do(cast: Cast, day: datetime.date, deed: str, *said: Any) -> None:
    if deed == "turn":
        with on(day):
            organization_invoice(organization=cast.acme.pk, today=day, actor=SYSTEM)
        return
    actor = cast.access(cast.alice)
    deeds: dict[str, Any] = {
        "start": subscription_start,
        "change": subscription_change,
        "cancel": subscription_cancel,
        "resume": subscription_resume,
    }
    asked = {"plan": said[0], "seats": said[1]} if said else {}
    with on(day), suppress(ValidationError):
        deeds[deed](actor=actor, **asked)


def _look(cast: Cast, day: datetime.date) -> None:
    with bound(cast.acme.pk):
        held: dict[datetime.date, Fraction] = {}
        for term in Term.objects.in_org(cast.acme):
            until = min(term.ends_on or month_of(day), month_of(day))
            for one in _days(term.starts_on, until):
                assert one not in held, "two terms hold on one day"
                held[one] = Fraction(term.seats)
        billed: dict[datetime.date, Fraction] = {}
        lines = InvoiceLine.objects.in_org(cast.acme).filter(kind="seats")
        for line in lines.select_related("invoice"):
            assert line.invoice.state == Invoice.State.OPEN
            assert line.starts_on is not None
            assert line.ends_on is not None
            for one in _days(line.starts_on, line.ends_on + datetime.timedelta(days=1)):
                assert one not in billed, "a day is invoiced twice"
                billed[one] = Fraction(int(line.text.split(", ")[1].split(" ")[0]))
        assert billed == held
        for each in Subscription.objects.in_org(cast.acme):
            terms = Term.objects.in_org(cast.acme).filter(subscription=each)
            assert (
                sum((min(t.ends_on or day, day) - t.starts_on).days for t in terms)
                == (
                    min(each.ends_on or day, day) - each.started_on
                    if each.state == "ended"
                    else day - each.started_on
                ).days
            )


def _days(start: datetime.date, end: datetime.date) -> list[datetime.date]:
    return [start + datetime.timedelta(days=n) for n in range((end - start).days)]
