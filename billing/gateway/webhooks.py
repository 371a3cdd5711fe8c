"""Stripe's events: whether Stripe made them, and what they are about. No effects here.

Only the ids are taken from an event. What it says of the object is old by the time it arrives, and
events overtake each other: whoever handles one reads the object anew.
Signatures and their tolerance: https://docs.stripe.com/webhooks#verify-official-libraries
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from stripe import SignatureVerificationError, WebhookSignature

from billing.gateway.facts import GatewayError, ProviderEvent, Topic

TOLERANCE = 300
LONGEST_ID = 255

_TOPICS = (
    ("customer.subscription.", Topic.SUBSCRIPTION),
    ("invoice.", Topic.INVOICE),
    ("payment_method.", Topic.PAYMENT_METHOD),
    ("customer.updated", Topic.PAYMENT_METHOD),
    ("checkout.session.completed", Topic.CHECKOUT),
)
# They share the beginning, and are about other things.
_OTHERS = ("invoice.upcoming", "customer.subscription.trial_will_end")


def read_event(payload: bytes, signature: str, *, secret: str) -> ProviderEvent:
    """The event of a request's body, which must be signed with the secret within 5 minutes.

    Raises GatewayError with the codes no_secret, forged, old and malformed.
    """
    if not secret.strip():
        raise GatewayError("no_secret", "Set STRIPE_WEBHOOK_SECRET to take events from Stripe.")
    _verify(payload, signature, secret)
    try:
        said = json.loads(payload)
        return _read(said)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        raise GatewayError("malformed", "This is not an event as Stripe sends it.") from None


def _verify(payload: bytes, signature: str, secret: str) -> None:
    try:
        WebhookSignature.verify_header(payload, signature, secret)
    # Bytes that are no text, and a signature with other letters, are raised as these two.
    except (SignatureVerificationError, ValueError, TypeError):
        raise GatewayError("forged", "The signature is not Stripe’s.") from None
    try:
        WebhookSignature.verify_header(payload, signature, secret, TOLERANCE)
    except SignatureVerificationError:
        raise GatewayError("old", "The signature is more than five minutes old.") from None


def _read(said: dict[str, Any]) -> ProviderEvent:
    if said["object"] != "event":
        raise ValueError(said["object"])
    kind = _text(said["type"])
    told: dict[str, Any] = said["data"]["object"]
    before: dict[str, Any] = said["data"].get("previous_attributes") or {}
    topic = _topic(kind)
    about = _text(told.get("id") or "-")
    # A method that was taken away names its customer only in what it had before.
    customer = told.get("customer") or before.get("customer") or ""
    if told.get("object") == "customer":
        customer = about
    return ProviderEvent(
        id=_text(said["id"]),
        type=kind,
        topic=topic,
        object=about,
        customer=_text(customer["id"] if isinstance(customer, dict) else customer or "-").strip(
            "-"
        ),
        made_at=datetime.fromtimestamp(said["created"], UTC),
    )


def _topic(kind: str) -> Topic:
    if kind in _OTHERS:
        return Topic.OTHER
    return next((topic for begin, topic in _TOPICS if kind.startswith(begin)), Topic.OTHER)


def _text(value: object) -> str:
    """A name as Stripe writes them; whatever else was signed by mistake goes no further."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID or not value.isprintable():
        raise ValueError(value)
    return value
