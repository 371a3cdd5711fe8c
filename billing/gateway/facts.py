"""What passes between Bailiwick and a payment provider, in Bailiwick's own words.

No object of a provider's library leaves the gateway: everything here is frozen and plain. Amounts
are minor units of their currency; moments are aware.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


class Standing(enum.StrEnum):
    """How a subscription stands; but for the first, as `Subscription.State` has it."""

    PENDING = "pending"  # Begun at the provider, and not paid for once: not yet a subscription.
    ACTIVE = "active"
    PAST_DUE = "past_due"
    ENDED = "ended"


class InvoiceStanding(enum.StrEnum):
    """How an invoice stands; but for the last, as `Invoice.State` has it."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"  # Given up by the provider, and still owed.


class Topic(enum.StrEnum):
    """What an event is about: what is to be read anew."""

    SUBSCRIPTION = "subscription"
    INVOICE = "invoice"
    PAYMENT_METHOD = "payment_method"
    CHECKOUT = "checkout"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Buyer:
    """Who pays, as invoices name them. `tax_id` is written as its country writes it."""

    organization: UUID
    name: str
    email: str = ""
    street: str = ""
    street_2: str = ""
    postcode: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    tax_id: str = ""
    purchase_order: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriptionFacts:
    """A subscription as the provider has it. `ref` is empty where only we know of it."""

    ref: str
    customer: str
    standing: Standing
    plan: str
    seats: int
    period_start: datetime
    period_end: datetime
    ends_at: datetime | None = None  # It was cancelled, and lasts until then.
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LineFacts:
    text: str
    amount: int
    quantity: int
    starts_at: datetime
    ends_at: datetime
    ref: str = ""  # Ours, where we put it there.


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceFacts:
    """An invoice that the provider issued. `gross` may be below zero: credit for the next one."""

    ref: str
    customer: str
    subscription: str
    number: str
    standing: InvoiceStanding
    currency: str
    net: int
    tax: int
    gross: int
    paid: int
    credit_used: int
    made_at: datetime
    issued_at: datetime | None
    due_at: datetime | None
    settled_at: datetime | None
    period_start: datetime
    period_end: datetime
    url: str
    is_top_up: bool
    is_renewal: bool
    lines: tuple[LineFacts, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class MethodFacts:
    """How a customer pays: “visa 4242, 12/2030”. Nothing that one could pay with."""

    ref: str
    kind: str
    brand: str
    last4: str
    month: int | None = None
    year: int | None = None

    @property
    def label(self) -> str:
        brand = (self.brand or self.kind).replace("_", " ")
        words = f"{brand[:1].upper()}{brand[1:]} ending in {self.last4}" if self.last4 else brand
        return f"{words}, valid to {self.month:02}/{self.year}" if self.month else words


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageLine:
    """Metered usage for one line of an invoice. `ref` is ours, and makes the line unique."""

    ref: str
    text: str
    amount: int
    currency: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderEvent:
    """What a provider told. Only where to look: `object` is read anew before anything changes."""

    id: str
    type: str
    topic: Topic
    object: str
    customer: str
    made_at: datetime

    @property
    def is_failed_payment(self) -> bool:
        return self.type in {"invoice.payment_failed", "invoice.payment_action_required"}


class GatewayError(Exception):
    """The provider refused, or could not be asked.

    `code` is stable; `sentence` may be shown to whoever asked; `again` says whether trying again
    later, with nothing changed, may help. Nothing was changed at the provider, unless `code` is
    "unreachable": then the same call with the same key finds out.
    """

    def __init__(self, code: str, sentence: str, *, again: bool = False) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.again = code, sentence, again


def deed_key(deed: str, *ids: object) -> str:
    """The idempotency key of a deed: the same ids give the same key, and so one effect.

    Name what makes the deed this one: the row, and what changes when it is tried anew, such as
    the id of the form that was sent. A provider keeps refusals too, for a day under the same key.
    """
    said = "\x1f".join(str(part) for part in ids)
    return f"{deed}:{hashlib.sha256(said.encode()).hexdigest()[:40]}"
