"""Where a payment provider tells what happened."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.actions.mirror import event_take
from billing.actions.month import UsageIsBehindError
from billing.gateway import Gateway, GatewayError, ProviderEvent, gateway_of
from config.gate import public
from config.requests import client_ip

log = logging.getLogger(__name__)

# The largest events, invoices with all their lines, stay far below this.
LARGEST = 512 * 1024


@public
@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Take an event that Stripe has signed; nobody else is listened to.

    200 where it has had its effect, now or before, and where it has none here: otherwise Stripe
    would tell for days what is nobody's here. 400 for what Stripe did not sign or not lately, 413
    for what is too large, 404 without Stripe, 503 where it is to be told again.
    """
    try:
        provider = gateway_of("stripe")
    except GatewayError:
        return HttpResponse("No such provider here.\n", status=404, content_type="text/plain")
    body = request.read(LARGEST + 1)
    if len(body) > LARGEST:
        return _answer(413, "Too large.")
    try:
        event = provider.event(body, request.headers.get("Stripe-Signature", ""))
    except GatewayError as refused:
        log.warning("An event from %s was refused: %s", client_ip(request), refused.code)
        return _answer(503 if refused.code == "no_secret" else 400, refused.sentence)
    return _taken(event, provider)


def _taken(event: ProviderEvent, provider: Gateway) -> HttpResponse:
    try:
        is_ours = event_take(event, provider=provider)
    except (GatewayError, UsageIsBehindError) as error:
        log.warning("The event %s is to be told again: %s", event.id, error)
        return _answer(503, "Tell this again later.")
    return _answer(200, "Taken." if is_ours else "Nothing to do.")


def _answer(status: int, text: str) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain")
