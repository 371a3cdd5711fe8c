"""Credit under two at once: it is never spent twice, and one form buys once."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from billing.actions.credit import credit_buy, credit_use
from billing.models import BillingDetails, CreditEntry, Invoice
from orgs.models import Organization
from orgs.tenancy import bound
from tests.billing.bills import charge, make_invoice, pay
from tests.billing.test_credit import balance, give
from tests.factories import TEST, access_of, make_organization, make_person
from tests.races import together

pytestmark = pytest.mark.usefixtures("committed", "issuer")


def use(invoice: Invoice) -> int:
    with bound(invoice.organization_id):
        return credit_use(invoice=invoice, actor=TEST)


def test_two_invoices_never_use_more_than_there_is() -> None:
    organization = make_organization(make_person(), "Twofold")
    invoices = [make_invoice(organization, charge(10_000)) for _ in range(4)]
    give(organization, 15_000)
    used = together(*(partial(use, invoice) for invoice in invoices))
    assert sorted(used) == [0, 0, 3_100, 11_900]
    assert balance(organization) == 0
    assert sum(entries(organization)) == 0


def test_one_invoice_uses_credit_once_however_often_it_is_tried() -> None:
    organization = make_organization(make_person(), "Twofold")
    invoice = make_invoice(organization, charge(10_000))
    give(organization, 50_000)
    assert sorted(together(*[partial(use, invoice)] * 4)) == [0, 0, 0, 11_900]
    assert balance(organization) == 38_100


def test_credit_is_added_while_it_is_used() -> None:
    organization = make_organization(make_person(), "Twofold")
    invoices = [make_invoice(organization, charge(10_000)) for _ in range(3)]
    give(organization, 5_000)
    deeds: list[Any] = [partial(use, invoice) for invoice in invoices]
    deeds += [partial(give, organization, 5_000)] * 3
    results = together(*deeds)
    assert not [each for each in results if isinstance(each, Exception)]
    assert balance(organization) == sum(entries(organization)) == 20_000 - sum(results[:3])


def test_a_form_sent_twice_at_once_buys_once() -> None:
    owner = make_person()
    organization = make_organization(owner, "Twofold")

    def send() -> Invoice:
        with bound(organization.pk):
            access = access_of(organization, owner)
            return credit_buy(amount=25_000, actor=access, token="one")

    results = together(*[send] * 4)
    assert len({invoice.number for invoice in results}) == 1
    with bound(organization.pk):
        (invoice,) = Invoice.objects.in_org(organization)
    pay(invoice, 25_000)
    assert balance(organization) == 25_000


def entries(organization: Organization) -> list[int]:
    with bound(organization.pk):
        assert BillingDetails.objects.in_org(organization).count() == 1
        return list(CreditEntry.objects.in_org(organization).values_list("amount", flat=True))
