"""What follows from what Stripe tells of money: invoices, credit, how one pays."""

from __future__ import annotations

import datetime
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.actions.credit_notes import credit_note_issue
from billing.models import CreditEntry, Invoice, Payment, Subscription
from orgs.tenancy import bound
from tests.billing.bills import pay
from tests.billing.gateway.recorded import NOON, Recorded, a_line, a_method
from tests.billing.gateway.webhooks import Told
from tests.factories import TEST, Cast, sign_in

CREATED, UPDATED, DELETED = (
    f"customer.subscription.{what}" for what in ("created", "updated", "deleted")
)


pytestmark = pytest.mark.usefixtures("with_stripe")


# --- Invoices ---------------------------------------------------------------------------------


def test_an_invoice_is_ours_once_it_is_issued(told: Told) -> None:
    told.subscription()
    ref = told.invoice(status="draft", number=None)
    told.tell("invoice.created", ref)
    assert told.invoices() == []
    told.invoice()
    told.tell("invoice.finalized", ref)
    (invoice,) = told.invoices()
    assert (invoice.state, invoice.number) == ("open", f"N-{ref}")
    assert (invoice.net, invoice.tax, invoice.gross) == (7200, 1440, 8640)
    assert (invoice.provider, invoice.currency) == ("stripe", "USD")
    assert invoice.provider_url.startswith("https://invoice.stripe.com/")
    with bound(told.org.pk):
        (line,) = invoice.lines.in_org(told.org)
    assert (line.text, line.quantity, line.net) == ("3 × Team", 3, 7200)
    assert line.tax_rate == 20


def test_paid_it_is_paid_once_whatever_comes_after(told: Told) -> None:
    told.subscription()
    ref = told.invoice(status="paid", amount_paid=8640)
    told.tell("invoice.paid", ref)
    told.tell("invoice.payment_succeeded", ref)
    told.tell("invoice.finalized", ref)
    (invoice,) = told.invoices()
    assert (invoice.state, invoice.paid, invoice.due) == ("paid", 8640, 0)
    with bound(told.org.pk):
        (payment,) = Payment.objects.in_org(told.org)
    assert (payment.method, payment.amount) == ("stripe", 8640)
    assert told.deeds().count("invoice.payment_recorded") == 1


def test_a_part_that_was_paid_counts_and_then_the_rest(told: Told) -> None:
    told.subscription()
    ref = told.invoice(amount_paid=3000)
    told.tell("invoice.updated", ref)
    told.invoice(status="paid", amount_paid=8640)
    told.tell("invoice.paid", ref)
    (invoice,) = told.invoices()
    with bound(told.org.pk):
        amounts = (
            Payment.objects.in_org(told.org).order_by("amount").values_list("amount", flat=True)
        )
        assert list(amounts) == [3000, 5640]
    assert invoice.state == "paid"


def test_void_it_is_void_and_uncollectible_it_is_still_owed(told: Told) -> None:
    told.subscription()
    ref = told.invoice()
    told.tell("invoice.finalized", ref)
    told.invoice(status="uncollectible")
    told.tell("invoice.marked_uncollectible", ref)
    assert [one.state for one in told.invoices()] == ["open"]
    told.invoice(status="void", status_transitions={"finalized_at": NOON, "voided_at": NOON + 9})
    told.tell("invoice.voided", ref)
    told.tell("invoice.voided", ref)
    assert [one.state for one in told.invoices()] == ["void"]
    assert told.deeds().count("invoice.voided") == 1


def test_one_over_nothing_is_settled(told: Told) -> None:
    told.subscription()
    ref = told.invoice(a_line("Nothing", 0), total=0, total_taxes=[], status="paid")
    told.tell("invoice.paid", ref)
    assert [(one.state, one.gross) for one in told.invoices()] == [("paid", 0)]


def test_one_below_nothing_asks_for_nothing_and_still_adds_up(told: Told) -> None:
    told.subscription()
    lines = (a_line("Unused time on Enterprise", -9000), a_line("Team", 2400))
    ref = told.invoice(*lines, total=-6600, total_taxes=[], status="paid")
    told.tell("invoice.paid", ref)
    (invoice,) = told.invoices()
    with bound(told.org.pk):
        nets = [line.net for line in invoice.lines.in_org(told.org)]
    assert (invoice.gross, sum(nets)) == (0, 0)


def test_a_payment_that_failed_makes_it_past_due_and_tells_the_owners(
    told: Told, cast: Cast
) -> None:
    told.subscription()
    told.tell(CREATED)
    told.subscription(status="past_due")
    ref = told.invoice()
    told.tell("invoice.payment_failed", ref)
    told.tell("invoice.payment_failed", ref)
    living = told.living()
    assert living is not None
    assert living.state == Subscription.State.PAST_DUE
    assert told.notices() == [f"N-{ref} could not be charged. Look at the payment method."]
    told.subscription()
    told.invoice(status="paid", amount_paid=8640)
    told.tell("invoice.paid", ref)
    living = told.living()
    assert living is not None
    assert living.state == Subscription.State.ACTIVE


def test_the_days_of_a_line_are_the_first_and_the_last(told: Told) -> None:
    """Stripe says the moment at which a period is over; a day is what belongs to it."""
    midnight = datetime.datetime(2026, 11, 1, tzinfo=timezone.get_default_timezone())
    after = midnight + datetime.timedelta(days=30)
    month = {"start": int(midnight.timestamp()), "end": int(after.timestamp())}
    moment = {"start": NOON, "end": NOON}
    told.subscription()
    ref = told.invoice(a_line("Team", 7200, period=month), a_line("Once", 0, period=moment))
    told.tell("invoice.finalized", ref)
    (invoice,) = told.invoices()
    with bound(told.org.pk):
        days = [(line.starts_on.day, line.ends_on.day) for line in invoice.lines.in_org(told.org)]
    assert days == [(1, 30), (7, 7)]


@pytest.mark.usefixtures("issuer")
def test_what_stripe_issued_is_neither_taken_back_nor_paid_by_transfer_here(told: Told) -> None:
    """Stripe would go on to charge for it, and never take off what is credit here alone."""
    told.subscription()
    told.tell("invoice.finalized", told.invoice())
    (invoice,) = told.invoices()
    with pytest.raises(ValidationError) as refused, bound(told.org.pk):
        credit_note_issue(invoice=invoice, reason="Not theirs", actor=TEST)
    assert refused.value.code == "state"
    with pytest.raises(ValidationError) as refused:
        pay(invoice, 100)
    assert refused.value.code == "state"
    assert [(one.state, one.paid) for one in told.invoices()] == [("open", 0)]


# --- Credit -----------------------------------------------------------------------------------


def a_top_up(told: Told) -> str:
    return told.invoice(
        a_line("Credit", 5000),
        ref=f"in_{told.number}_credit",
        status="paid",
        total=5000,
        total_taxes=[],
        amount_paid=5000,
        metadata={"bailiwick": "top_up"},
        parent=None,
    )


def test_a_top_up_that_is_paid_is_credit_here_and_there_once(
    told: Told, recorded: Recorded
) -> None:
    path = f"POST /v1/customers/{told.customer}/balance_transactions"
    recorded.answer(path, {"id": "cbtxn_1", "object": "customer_balance_transaction"})
    ref = a_top_up(told)
    told.tell("invoice.paid", ref)
    told.tell("invoice.payment_succeeded", ref)
    assert told.details().credit == 5000
    (invoice,) = told.invoices()
    assert invoice.kind == Invoice.Kind.TOP_UP
    assert [(one.key, one.form["amount"]) for one in recorded.sent(path)] == [
        (f"credit:{ref}", "-5000")
    ]


def test_who_buys_credit_by_card_is_named_and_charged_once(
    told: Told, recorded: Recorded, cast: Cast
) -> None:
    ref = a_top_up(told)
    paid = recorded.answers["GET", f"/v1/invoices/{ref}"][0][1]
    kept = f"POST /v1/customers/{told.customer}/balance_transactions"
    recorded.answer(kept, {"id": "cbtxn_1", "object": "customer_balance_transaction"})
    recorded.answer("POST /v1/invoices", paid | {"status": "draft"})
    recorded.answer("POST /v1/invoiceitems", {"id": "ii_1", "object": "invoiceitem"})
    recorded.answer(f"POST /v1/invoices/{ref}/finalize", paid | {"status": "open"})
    recorded.answer(f"POST /v1/invoices/{ref}/pay", paid)
    page = cast.url("billing/credits/buy/")
    token = str(uuid4())
    answer = sign_in(cast.alice).post(page, {"once": token, "amount": "50"}, follow=True)
    assert "$50.00 is paid and counts as credit" in answer.content.decode()
    assert told.details().credit == 5000
    assert told.deeds() == []
    assert len(recorded.sent(kept)) == 1
    told.tell("invoice.paid", ref)
    assert told.details().credit == 5000
    # The provider knows by its key that it was asked before, whatever the amount is then.
    sign_in(cast.alice).post(page, {"once": token, "amount": "60"})
    first, second = recorded.sent("POST /v1/invoices")
    assert first.key == second.key


def test_credit_that_stripe_took_goes_from_the_balance(told: Told, recorded: Recorded) -> None:
    path = f"POST /v1/customers/{told.customer}/balance_transactions"
    recorded.answer(path, {"id": "cbtxn_1", "object": "customer_balance_transaction"})
    told.subscription()
    told.tell("invoice.paid", a_top_up(told))
    ref = told.invoice(
        status="paid", amount_paid=5640, starting_balance=-5000, ending_balance=-2000
    )
    told.tell("invoice.paid", ref)
    told.tell("invoice.payment_succeeded", ref)
    assert told.details().credit == 2000
    with bound(told.org.pk):
        used = CreditEntry.objects.in_org(told.org).get(kind=CreditEntry.Kind.USED)
        methods = Payment.objects.in_org(told.org).filter(invoice__provider_ref=ref)
        assert dict(methods.values_list("method", "amount")) == {"credit": 3000, "stripe": 5640}
    assert used.amount == -3000


# --- How one pays -----------------------------------------------------------------------------


def test_the_card_is_shown_and_a_change_is_recorded(told: Told, recorded: Recorded) -> None:
    told.tell("payment_method.attached", "pm_1")
    assert told.details().method_label == "Visa ending in 4242, valid to 12/2031"
    told.tell("customer.updated", told.customer)
    assert told.deeds() == ["payment_method.changed"]
    recorded.answers["GET", "/v1/payment_methods/pm_1"] = [(200, a_method(last4="0341"))]
    told.tell("payment_method.updated", "pm_1")
    details = told.details()
    assert (details.method, details.method_label[:19]) == ("stripe", "Visa ending in 0341")


def test_a_card_from_stripes_page_becomes_the_one_that_is_charged(
    told: Told, recorded: Recorded
) -> None:
    session = {"id": "cs_1", "object": "checkout.session", "mode": "setup"}
    session |= {
        "customer": told.customer,
        "setup_intent": {"id": "seti_1", "payment_method": "pm_1"},
    }
    recorded.answer("GET /v1/checkout/sessions/cs_1", session)
    recorded.answer(
        f"POST /v1/customers/{told.customer}", {"id": told.customer, "object": "customer"}
    )
    assert told.tell("checkout.session.completed", "cs_1").content == b"Taken.\n"
    (chosen,) = recorded.sent(f"POST /v1/customers/{told.customer}")
    assert chosen.form == {"invoice_settings[default_payment_method]": "pm_1"}
    assert told.details().method == "stripe"
