"""Bank transfer: complete without a network, and chosen where no provider is set up."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import override_settings

from billing.gateway import (
    Buyer,
    Gateway,
    GatewayError,
    Standing,
    gateway,
    gateway_of,
)
from billing.gateway.transfer import BankTransfer, next_month

ORG = uuid4()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def shut(*args: object, **named: object) -> None:
        raise AssertionError("Paying by bank transfer asked the network.")

    monkeypatch.setattr(socket.socket, "connect", shut)


def begin(transfer: Gateway):
    return transfer.subscribe(organization=ORG, customer="", plan="team", seats=3, key="k")


def test_without_a_key_it_is_the_gateway() -> None:
    assert gateway().code == "transfer"
    assert not gateway().issues_invoices
    assert not gateway().has_pages


@override_settings(STRIPE_API_KEY="sk_test_of_nobody")
def test_with_a_key_stripe_is_the_gateway_and_older_rows_keep_theirs() -> None:
    assert gateway().code == "stripe"
    assert gateway_of("transfer").code == "transfer"
    assert gateway() is gateway()


def test_rows_of_a_provider_that_is_no_longer_set_up_are_said_so() -> None:
    with pytest.raises(GatewayError) as refused:
        gateway_of("stripe")
    assert refused.value.code == "no_provider"


def test_a_subscription_holds_at_once_changes_ends_and_is_resumed() -> None:
    transfer = BankTransfer()
    assert transfer.customer(Buyer(organization=ORG, name="Acme"), ref="", key="k") == ""
    held = begin(transfer)
    assert (held.standing, held.plan, held.seats, held.ref) == (Standing.ACTIVE, "team", 3, "")
    changed = transfer.change(held, plan="enterprise", seats=10, key="k")
    assert (changed.plan, changed.seats) == ("enterprise", 10)
    ending = transfer.cancel(changed, key="k")
    assert ending.ends_at == held.period_end
    assert transfer.resume(ending, key="k") == changed
    ended = transfer.cancel(changed, key="k", now=True)
    assert ended.standing is Standing.ENDED
    with pytest.raises(GatewayError, match="Subscribe anew"):
        transfer.resume(ended, key="k")


@pytest.mark.parametrize(
    ("zone", "now", "first"),
    [
        ("UTC", "2026-12-31T23:59+00:00", "2027-01-01T00:00+00:00"),
        ("Europe/Berlin", "2026-10-05T12:00+00:00", "2026-11-01T00:00+01:00"),
        ("Europe/Berlin", "2026-03-05T12:00+00:00", "2026-04-01T00:00+02:00"),
        ("America/Santiago", "2026-08-31T12:00+00:00", "2026-09-01T00:00-04:00"),
    ],
)
def test_a_period_ends_with_the_issuers_month(settings, zone: str, now: str, first: str) -> None:
    settings.TIME_ZONE = zone
    assert next_month(datetime.fromisoformat(now)) == datetime.fromisoformat(first)


def test_what_only_a_provider_has_is_refused_in_words() -> None:
    transfer = BankTransfer()
    page = {"organization": ORG, "customer": "", "currency": "USD", "back": "/", "key": "k"}
    for deed in (
        lambda: transfer.subscription("x"),
        lambda: transfer.invoice("x"),
        lambda: transfer.usage_add(customer="", lines=()),
        lambda: transfer.checkout_url(**page),
        lambda: transfer.checkout_finish("x"),
        lambda: transfer.portal_url(customer="", back="/"),
        lambda: transfer.top_up(
            organization=ORG, customer="", amount=1, currency="USD", text="", key="k"
        ),
        lambda: transfer.event(b"{}", ""),
    ):
        with pytest.raises(GatewayError) as refused:
            deed()
        assert refused.value.code == "not_offered"
    assert transfer.invoices("") == ()
    assert transfer.payment_method("") is None


def test_periods_begin_now() -> None:
    held = begin(BankTransfer())
    assert held.period_start <= datetime.now(UTC) < held.period_end
