"""Numbers without gaps and doubles, on real connections, whoever fails in between."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connections

from billing.actions.invoices import invoice_issue, invoice_make
from billing.models import Invoice
from orgs.models import Organization
from orgs.tenancy import bound
from tests.billing.bills import TODAY, charge
from tests.factories import TEST, make_organization, make_person
from tests.races import together

pytestmark = pytest.mark.usefixtures("issuer", "committed")


@pytest.fixture(autouse=True)
def _quick_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is attached has tests of its own, and takes the longest."""
    monkeypatch.setattr("billing.letters.documents_of", lambda invoice: [])


class CutOffError(Exception):
    pass


def issue(organization: Organization, *, fails: bool, cause: str = "") -> str:
    with bound(organization.pk):
        invoice = invoice_make(
            organization=organization.pk,
            kind="invoice",
            cause=cause or uuid4().hex,
            title="October",
            charges=[charge()],
        )
        number = invoice_issue(invoice=invoice, actor=TEST, today=TODAY).number
        if fails:
            raise CutOffError
    return number


def test_fifty_at_once_leave_no_gap(settings: Any) -> None:
    """Every third is rolled back after it got its number; nobody gets a letter about these."""
    houses = [make_organization(make_person(), f"House {n}") for n in range(4)]
    issued: list[str] = []
    for turn in range(5):
        deeds = [partial(issue, houses[n % 4], fails=n % 3 == 0) for n in range(turn, turn + 10)]
        found = together(*deeds)
        assert all(isinstance(one, str | CutOffError) for one in found), found
        issued += [one for one in found if isinstance(one, str)]
    prefix = settings.INVOICE_PREFIX
    assert sorted(issued) == [f"{prefix}-2026-{n:06d}" for n in range(1, len(issued) + 1)]
    assert 30 <= len(issued) <= 35
    assert len(mail.outbox) == len(issued)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM billing_issuedinvoice WHERE number LIKE %s", [f"{prefix}-%"]
        )
        assert cursor.fetchone() == (len(issued),)


def test_same_cause_at_once_is_one_invoice() -> None:
    house = make_organization(make_person(), "Twofold")
    together(*[partial(issue, house, fails=False, cause="month 2026-10")] * 5)
    with bound(house.pk):
        assert Invoice.objects.in_org(house.pk).count() == 1
