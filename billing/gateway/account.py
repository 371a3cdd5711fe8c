"""One account at Stripe: its client, and how its customers pay.

Facts of the client: https://github.com/stripe/stripe-python (timeouts, retries, base addresses).
"""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

import stripe
from django.core.exceptions import ImproperlyConfigured

from billing.gateway import shapes
from billing.gateway.facts import GatewayError, MethodFacts
from billing.gateway.refusals import asking

CONNECT, READ = 3.0, 10.0
RETRIES = 2

# What this server is and runs on is nobody's business.
stripe.enable_telemetry = False


class Account:
    def __init__(self, key: str, *, base: str = "") -> None:
        """Raises ImproperlyConfigured for a `base` that is not of this machine."""
        client = stripe.StripeClient(
            key,
            base_addresses={"api": _local(base)} if base else None,
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=(CONNECT, READ)),
        )
        self.api = client.v1

    def payment_method(self, customer: str, *, subscription: str = "") -> MethodFacts | None:
        """The subscription's own, the customer's default, or the only sort that has neither."""
        with asking("payment method"):
            ref = self._default_method(customer, subscription)
            if ref:
                return shapes.method_facts(plain(self.api.payment_methods.retrieve(ref)))
            found = self.api.payment_methods.list({"customer": customer, "type": "card"}).data
            return shapes.method_facts(plain(found[0])) if found else None

    def _default_method(self, customer: str, subscription: str) -> str:
        if subscription:
            said = plain(self.api.subscriptions.retrieve(subscription))
            if own := shapes.id_of(said.get("default_payment_method")):
                return own
        said = plain(self.api.customers.retrieve(customer))
        chosen = (said.get("invoice_settings") or {}).get("default_payment_method")
        return shapes.id_of(chosen or said.get("default_source"))

    def method_needed(self, customer: str) -> None:
        """Raises GatewayError where there is nothing to charge."""
        if self.payment_method(customer) is None:
            raise GatewayError("payment_method_needed", "Add a payment method first.")


def plain(answer: stripe.StripeObject) -> dict[str, Any]:
    """An answer as plain data: from here on nothing of the client is seen."""
    return answer.to_dict()


def once(key: str, part: str = "") -> Any:
    """The options that make a repeated call have one effect; `part` names one call of several."""
    return {"idempotency_key": f"{key}:{part}" if part else key}


def _local(base: str) -> str:
    """An address of this machine, for tests: the secret key is sent to no other server's."""
    host = urlsplit(base).hostname or ""
    try:
        is_local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_local = False
    if not is_local:
        raise ImproperlyConfigured("STRIPE_API_BASE is for a test server on this machine alone.")
    return base.rstrip("/")
