"""What Stripe is sent: parameters, made of our words. Pure functions.

Parameters: https://docs.stripe.com/api; tax ids: https://docs.stripe.com/billing/customer/tax-ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from billing.gateway import shapes
from billing.gateway.facts import Buyer, GatewayError, UsageLine
from billing.gateway.transfer import next_month
from billing.tax import EU

Sent = dict[str, Any]

_TAX_IDS = dict.fromkeys(EU, "eu_vat") | {
    "AU": "au_abn",
    "CA": "ca_bn",
    "CH": "ch_vat",
    "GB": "gb_vat",
    "IN": "in_gst",
    "JP": "jp_trn",
    "NO": "no_vat",
    "NZ": "nz_gst",
    "US": "us_ein",
}
LONGEST_FIELD = 140


def named(buyer: Buyer, *, anew: bool) -> Sent:
    """The customer. What is empty is left out when they are made, and taken away later."""
    address = {
        "line1": buyer.street,
        "line2": buyer.street_2,
        "postal_code": buyer.postcode,
        "city": buyer.city,
        "state": buyer.region,
        "country": buyer.country,
    }
    said: Sent = {
        "name": buyer.name,
        "email": buyer.email,
        "address": {part: text for part, text in address.items() if text} if anew else address,
        "metadata": {"organization": str(buyer.organization)},
    }
    order = buyer.purchase_order[:LONGEST_FIELD]
    if order or not anew:
        fields = [{"name": "Purchase order", "value": order}] if order else ""
        said["invoice_settings"] = {"custom_fields": fields}
    kind = tax_id_kind(buyer)
    if anew and kind:
        said["tax_id_data"] = [{"type": kind, "value": buyer.tax_id}]
    return {name: value for name, value in said.items() if value or not anew}


def tax_id_kind(buyer: Buyer) -> str:
    """How Stripe calls this country's; empty where there is none, or none that we send."""
    return _TAX_IDS.get(buyer.country, "") if buyer.tax_id else ""


def is_same_tax_id(said: Mapping[str, Any], buyer: Buyer) -> bool:
    def bare(text: str) -> str:
        return "".join(letter for letter in text.upper() if letter.isalnum())

    return said["type"] == tax_id_kind(buyer) and bare(said["value"]) == bare(buyer.tax_id)


def items(prices: Mapping[str, str], plan: str, seats: int) -> list[Sent]:
    """What is sold as this plan: its seats first. Raises GatewayError for one without a price."""
    seat, base = prices.get(plan), prices.get(f"{plan}{shapes.BASE}")
    if not seat:
        raise GatewayError("no_price", f"STRIPE_PRICES has no price for the plan {plan}.")
    sold: list[Sent] = [{_kind(seat): seat, "quantity": seats}]
    return [*sold, {_kind(base): base, "quantity": 1}] if base else sold


def _kind(price: str) -> str:
    return "price" if price.startswith("price_") else "plan"


def instead(said: Mapping[str, Any], prices: Mapping[str, str], wanted: Sequence[Sent]) -> Sent:
    """Change the items that a subscription has into those wanted: seats into seats."""
    seats = shapes.seat_item(said, prices=prices)
    others = [item for item in shapes.items_of(said) if item["id"] != seats["id"]]
    held = [seats, *others]
    changed = [{"id": old["id"], **new} for old, new in zip(held, wanted, strict=False)]
    gone = [{"id": old["id"], "deleted": True} for old in held[len(wanted) :]]
    return {"items": [*changed, *wanted[len(held) :], *gone]}


def usage(line: UsageLine, *, customer: str, invoice: str) -> Sent:
    said: Sent = {
        "customer": customer,
        "amount": line.amount,
        "currency": line.currency.lower(),
        "description": line.text,
        "period": {"start": _seconds(line.starts_at), "end": _seconds(line.ends_at)},
        "metadata": {"bailiwick": line.ref},
    }
    return said | ({"invoice": invoice} if invoice else {})


def anchor() -> int:
    """The next month's first moment: periods are calendar months of the issuer."""
    return _seconds(next_month(timezone.now()))


def taxed() -> Sent:
    """Stripe computes the tax only where the operator has set that up there."""
    return {"automatic_tax": {"enabled": True}} if settings.STRIPE_TAX else {}


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
