"""What Stripe's client raises, said in our own words.

Codes of refusal: https://docs.stripe.com/error-codes and https://docs.stripe.com/declines/codes.
The provider's own sentences are not shown: they speak to who wrote the program.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from billing.gateway.facts import GatewayError

logger = logging.getLogger(__name__)

_CARDS = {
    "card_declined": "The card was declined.",
    "insufficient_funds": "The card was declined: there is not enough money on it.",
    "expired_card": "The card has expired.",
    "incorrect_cvc": "The card’s security code is wrong.",
    "processing_error": "The card could not be charged just now.",
    "authentication_required": "The bank wants this payment confirmed. Pay on Stripe’s page.",
    "subscription_payment_intent_requires_action": (
        "The bank wants this payment confirmed. Pay on Stripe’s page."
    ),
    "invoice_payment_intent_requires_action": (
        "The bank wants this payment confirmed. Pay on Stripe’s page."
    ),
}
_CONFIRM = {code for code, sentence in _CARDS.items() if "confirmed" in sentence}
_INVALID = {
    "tax_id_invalid": "The payment provider does not take this tax id.",
    "email_invalid": "The payment provider does not take this address of mail.",
    "amount_too_small": "The payment provider charges no amount so small.",
    "amount_too_large": "The payment provider charges no amount so large.",
}
_BUSY = {"idempotency_key_in_use", "lock_timeout", "rate_limit"}


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Calls for `what` in here raise GatewayError alone, also for answers that make no sense."""
    try:
        yield
    except stripe.StripeError as error:
        refused = _refusal(error, what)
        if refused.code in {"misconfigured", "refused", "provider_error"}:
            logger.warning("Stripe refused a %s: %s %s", what, type(error).__name__, error.code)
        raise refused from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        logger.exception("Stripe’s answer about a %s could not be read", what)
        raise GatewayError(
            "provider_error", "The payment provider’s answer could not be read.", again=True
        ) from error


def _refusal(error: stripe.StripeError, what: str) -> GatewayError:
    code = str(error.code or "")
    # A test server says so with the status alone.
    if isinstance(error, stripe.CardError) or error.http_status == 402 or code in _CARDS:
        return _card(error, code)
    if isinstance(error, stripe.APIConnectionError):
        return GatewayError(
            "unreachable", "The payment provider cannot be reached. Try again soon.", again=True
        )
    if isinstance(error, stripe.RateLimitError) or code in _BUSY or error.http_status == 409:
        return GatewayError("busy", "The payment provider is busy. Try again soon.", again=True)
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return GatewayError(
            "misconfigured",
            "The payment provider does not let this installation in. Ask who runs it.",
        )
    return _invalid(error, code, what)


def _card(error: stripe.StripeError, code: str) -> GatewayError:
    declined = str(getattr(error.error, "decline_code", None) or "")
    code = declined if declined in _CARDS else code
    sentence = _CARDS.get(code, "The payment method was refused.")
    if code in _CONFIRM:
        return GatewayError("confirmation_needed", sentence)
    return GatewayError("payment_refused", sentence, again=code == "processing_error")


def _invalid(error: stripe.StripeError, code: str, what: str) -> GatewayError:
    if isinstance(error, stripe.IdempotencyError):
        return GatewayError(
            "asked_otherwise", "This was asked before, with other values. Load the page again."
        )
    if code == "resource_missing" or error.http_status == 404:
        return GatewayError("unknown", f"The payment provider does not know this {what}.")
    if code in _INVALID:
        return GatewayError(code, _INVALID[code])
    if isinstance(error, stripe.InvalidRequestError):
        return GatewayError("refused", "The payment provider refused this. Ask who runs it.")
    return GatewayError(
        "provider_error", "The payment provider has a fault. Try again soon.", again=True
    )
