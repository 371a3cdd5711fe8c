"""A stand-in for Stripe that answers what it was told to, and remembers what it was asked.

The shapes are written after the fixtures that Stripe publishes beside its OpenAPI description and
the types of its Python client (version 2026-10-28): the fields that the gateway reads, with the
names and the nesting that they have there, and some that it must not mind.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from billing.gateway.stripe import Stripe

PRICES = {
    "team": "price_team",
    "enterprise": "price_enterprise",
    "enterprise_base": "price_enterprise_base",
}
SECRET = "whsec_of_nobody"
NOON = 1_794_052_800  # 7 November 2026


@dataclass
class Asked:
    method: str
    path: str
    form: dict[str, str]
    key: str


class Recorded:
    """Answers by method and path: each list is used up, but for its last answer."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: dict[tuple[str, str], list[tuple[int, Any]]] = {}
        self.delay = 0.0
        self.base = ""

    def answer(self, call: str, body: Any, *, status: int = 200) -> None:
        method, path = call.split(" ")
        self.answers.setdefault((method, path), []).append((status, body))

    def refuse(self, call: str, status: int, **error: Any) -> None:
        said = {"type": "invalid_request_error", "message": "Said to a programmer"} | error
        self.answer(call, {"error": said}, status=status)

    def gateway(self, **changed: Any) -> Stripe:
        said = {"webhook_secret": SECRET, "base": self.base, "prices": PRICES} | changed
        return Stripe("sk_test_of_nobody", **said)

    def sent(self, call: str) -> list[Asked]:
        method, path = call.split(" ")
        return [one for one in self.asked if (one.method, one.path) == (method, path)]

    @contextmanager
    def listening(self) -> Iterator[Recorded]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.base = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._reply()

            do_POST = do_DELETE = do_GET  # noqa: N815 - as http.server calls them

            def _reply(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                url = urlsplit(self.path)
                form = dict(parse_qsl(body or url.query, keep_blank_values=True))
                key = self.headers.get("Idempotency-Key") or ""
                store.asked.append(Asked(self.command, url.path, form, key))
                time.sleep(store.delay)
                status, said = store.next(self.command, url.path)
                text = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                # Whoever waited no longer is gone.
                with suppress(BrokenPipeError, ConnectionResetError):
                    self.wfile.write(text)

            def log_message(self, *args: object) -> None:
                return

        return Handler

    def next(self, method: str, path: str) -> tuple[int, Any]:
        waiting = self.answers.get((method, path))
        if not waiting:
            return 404, {"error": {"type": "invalid_request_error", "code": "resource_missing"}}
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


def listed(*data: Any, more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": list(data), "has_more": more, "url": "/v1/things"}


def a_customer(ref: str = "cus_1", *, method: str | None = "pm_1") -> dict[str, Any]:
    return {
        "id": ref,
        "object": "customer",
        "default_source": None,
        "invoice_settings": {"custom_fields": None, "default_payment_method": method},
        "metadata": {},
    }


def a_method(ref: str = "pm_1", *, kind: str = "card", **what: Any) -> dict[str, Any]:
    card = {"brand": "visa", "display_brand": "visa", "last4": "4242"}
    card |= {"exp_month": 12, "exp_year": 2031, "wallet": None} | what
    return {"id": ref, "object": "payment_method", "type": kind, kind: card, "customer": "cus_1"}


def an_item(price: str, quantity: int, ref: str = "si_1") -> dict[str, Any]:
    return {
        "id": ref,
        "object": "subscription_item",
        "price": {"id": price, "object": "price", "recurring": {"interval": "month"}},
        "quantity": quantity,
        "current_period_start": NOON,
        "current_period_end": NOON + 30 * 86400,
    }


def a_subscription(*items: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "id": "sub_1",
        "object": "subscription",
        "customer": "cus_1",
        "status": "active",
        "items": listed(*(items or (an_item("price_team", 3),))),
        "cancel_at": None,
        "cancel_at_period_end": False,
        "ended_at": None,
        "default_payment_method": None,
        "latest_invoice": "in_1",
    } | changed


def a_line(text: str, amount: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": f"il_{amount}",
        "object": "line_item",
        "description": text,
        "amount": amount,
        "currency": "usd",
        "quantity": 1,
        "period": {"start": NOON, "end": NOON + 30 * 86400},
        "parent": {"type": "subscription_item_details"},
    } | changed


def an_invoice(*lines: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "id": "in_1",
        "object": "invoice",
        "customer": "cus_1",
        "number": "7FE1103-0001",
        "status": "open",
        "currency": "usd",
        "total": 8640,
        "total_taxes": [{"amount": 1440, "tax_behavior": "exclusive"}],
        "amount_due": 8640,
        "amount_paid": 0,
        "created": NOON,
        "due_date": None,
        "period_start": NOON - 86400,
        "period_end": NOON,
        "status_transitions": {"finalized_at": NOON, "paid_at": None, "voided_at": None},
        "hosted_invoice_url": "https://invoice.stripe.com/i/acct_1/test_1",
        "invoice_pdf": "https://pay.stripe.com/invoice/acct_1/test_1/pdf",
        "parent": {"subscription_details": {"subscription": "sub_1"}},
        "metadata": {},
        "lines": listed(*(lines or (a_line("3 × Team", 7200, quantity=3),))),
    } | changed
