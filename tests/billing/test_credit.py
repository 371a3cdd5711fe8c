"""Credit that is paid ahead: bought, added once it is paid, used once for each invoice."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.actions.credit import credit_add, credit_buy, credit_use
from billing.actions.credit_notes import credit_note_issue
from billing.models import BillingDetails, CreditEntry, Invoice
from orgs.actions.organizations import organization_delete
from orgs.models import Organization
from orgs.tenancy import bound
from tests.billing.bills import charge, make_details, make_invoice, make_subscription, pay
from tests.factories import TEST, Cast
from tests.projects.parts import newest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("issuer")]


def balance(organization: Organization) -> int:
    with bound(organization.pk):
        rows = BillingDetails.objects.in_org(organization)
        return rows.values_list("credit", flat=True).first() or 0


def give(organization: Organization, amount: int) -> None:
    with bound(organization.pk):
        credit_add(
            organization=organization.pk, amount=amount, invoice=None, reason="Test", actor=TEST
        )


def buy(cast: Cast, amount: int, token: str = "", who: str = "alice") -> Invoice:
    access = cast.access(getattr(cast, who))
    return credit_buy(amount=amount, actor=access, token=token)


@pytest.mark.requirement("S3-066")
def test_credit_counts_once_its_invoice_is_paid(cast: Cast) -> None:
    invoice = buy(cast, 25_000)
    assert (invoice.kind, invoice.state, invoice.due) == ("top_up", "open", 25_000)
    assert balance(cast.acme) == 0
    pay(invoice, 10_000)
    assert balance(cast.acme) == 0
    pay(invoice, 15_000)
    assert balance(cast.acme) == 25_000


def test_no_tax_is_asked_for_credit_and_the_invoice_that_it_pays_bears_it(cast: Cast) -> None:
    top_up = buy(cast, 25_000)
    assert (top_up.net, top_up.tax) == (25_000, 0)
    pay(top_up, 25_000)
    invoice = make_invoice(cast.acme, charge(10_000))
    assert invoice.tax == 1_900
    assert (invoice.paid, invoice.state) == (11_900, "paid")
    assert balance(cast.acme) == 13_100


def test_a_top_up_is_never_paid_with_credit(cast: Cast) -> None:
    give(cast.acme, 50_000)
    invoice = buy(cast, 25_000)
    with bound(cast.acme.pk):
        assert credit_use(invoice=invoice, actor=TEST) == 0
    assert (invoice.due, balance(cast.acme)) == (25_000, 50_000)


def test_what_credit_does_not_cover_is_still_due(cast: Cast) -> None:
    give(cast.acme, 5_000)
    invoice = make_invoice(cast.acme, charge(10_000))
    assert (invoice.due, invoice.state) == (6_900, "open")
    assert balance(cast.acme) == 0


def test_an_invoice_uses_credit_once(cast: Cast) -> None:
    give(cast.acme, 5_000)
    invoice = make_invoice(cast.acme, charge(10_000))
    give(cast.acme, 5_000)
    with bound(cast.acme.pk):
        assert credit_use(invoice=invoice, actor=TEST) == 0
    assert balance(cast.acme) == 5_000


def test_credit_is_in_the_currency_of_the_installation(cast: Cast, settings: Any) -> None:
    give(cast.acme, 50_000)
    settings.CURRENCY = "USD"
    invoice = make_invoice(cast.acme, charge(10_000), currency="EUR")
    assert invoice.paid == 0
    assert balance(cast.acme) == 50_000


def test_the_same_form_buys_once(cast: Cast) -> None:
    first = buy(cast, 25_000, token="a")
    assert buy(cast, 25_000, token="a").pk == first.pk
    with pytest.raises(ValidationError) as caught:
        buy(cast, 30_000, token="a")
    assert caught.value.code == "twice"
    assert "€250.00" in caught.value.messages[0]
    assert buy(cast, 25_000, token="b").pk != first.pk


def test_what_was_paid_is_added_once(cast: Cast) -> None:
    invoice = buy(cast, 25_000)
    pay(invoice, 25_000)
    with bound(cast.acme.pk):
        said = {"organization": cast.acme.pk, "amount": 25_000, "actor": TEST, "reason": ""}
        assert credit_add(**said, invoice=invoice) is None
    assert balance(cast.acme) == 25_000


@pytest.mark.requirement("S3-064", "S3-066")
@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
def test_owners_alone_buy_credit(cast: Cast, who: str) -> None:
    with pytest.raises(ValidationError) as caught:
        buy(cast, 25_000, who=who)
    assert caught.value.code == "forbidden"
    with bound(cast.acme.pk):
        assert not Invoice.objects.in_org(cast.acme).exists()


@pytest.mark.parametrize("amount", [0, -1, 999, 100_000 * 100 + 1, 10**15])
def test_an_amount_out_of_range_is_refused(cast: Cast, amount: int) -> None:
    with pytest.raises(ValidationError) as caught:
        buy(cast, amount)
    assert caught.value.code == "amount"
    assert "€10.00" in caught.value.messages[0]


def test_without_an_issuer_there_is_nothing_to_buy(cast: Cast, settings: Any) -> None:
    settings.ISSUER = settings.ISSUER | {"name": ""}
    with pytest.raises(ValidationError) as caught:
        buy(cast, 25_000)
    assert caught.value.code == "no_issuer"


def test_every_change_of_the_balance_is_recorded_with_both_sides(cast: Cast) -> None:
    give(cast.acme, 5_000)
    said = json.loads(newest(cast).body)["changes"]
    assert newest(cast).action == "credit.added"
    assert said["balance"] == ["€0.00", "€50.00"]
    make_invoice(cast.acme, charge(1_000))
    with bound(cast.acme.pk):
        entries = CreditEntry.objects.in_org(cast.acme).order_by("at")
        assert [entry.amount for entry in entries] == [5_000, -1_190]


@pytest.mark.parametrize("amount", [0, -5])
def test_nothing_is_not_added(cast: Cast, amount: int) -> None:
    with pytest.raises(ValidationError) as caught:
        give(cast.acme, amount)
    assert caught.value.code == "amount"


def test_the_database_keeps_the_balance_above_zero(cast: Cast) -> None:
    give(cast.acme, 5_000)
    with bound(cast.acme.pk), pytest.raises(IntegrityError), transaction.atomic():
        CreditEntry.objects.create(organization_id=cast.acme.pk, kind="used", amount=-5_001)
    assert balance(cast.acme) == 5_000


def test_credit_of_another_organization_is_not_touched(cast: Cast) -> None:
    give(cast.umbrella, 50_000)
    invoice = make_invoice(cast.acme, charge(10_000))
    assert (invoice.paid, balance(cast.umbrella)) == (0, 50_000)


def test_balance_and_details_go_with_their_organization(cast: Cast) -> None:
    make_details(cast.acme)
    make_subscription(cast.acme)
    give(cast.acme, 5_000)
    make_invoice(cast.acme, charge(1_000))
    over = timezone.now() - datetime.timedelta(days=1)
    with bound(cast.acme.pk):
        rows = Organization.objects.filter(pk=cast.acme.pk)
        rows.update(state="closing", closes_at=over, state_reason="No longer needed")
    assert organization_delete(organization=cast.acme.pk, now=timezone.now(), actor=TEST)
    with bound(cast.acme.pk):
        assert not BillingDetails.objects.in_org(cast.acme.pk).exists()
        assert not CreditEntry.objects.in_org(cast.acme.pk).exists()


def test_what_was_taken_back_of_a_top_up_never_becomes_credit(cast: Cast) -> None:
    top_up = buy(cast, 25_000)
    with bound(cast.acme.pk):
        credit_note_issue(invoice=top_up, net=24_000, reason="Less is needed", actor=TEST)
    pay(top_up, 1_000)
    assert balance(cast.acme) == 1_000


def test_no_more_is_bought_while_five_are_unpaid(cast: Cast) -> None:
    """Each takes a number of the issuer's and sends a letter to whomever the details name."""
    first, *_ = [buy(cast, 1_000, token=str(number)) for number in range(5)]
    with pytest.raises(ValidationError, match="5 top-ups are still to be paid") as refused:
        buy(cast, 1_000)
    assert refused.value.code == "unpaid"
    assert buy(cast, 1_000, token="4").cause == "top-up 4"
    pay(first, 1_000)
    assert buy(cast, 1_000).state == "open"
