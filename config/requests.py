"""A request as it travels through the house: its id, whom it comes from, what the walls and the
gate put on it; and that no answer stays behind in a browser or a proxy.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django_htmx.middleware import HtmxDetails
from uuid6 import uuid7

if TYPE_CHECKING:
    from config.gate import Lock, Refusal


class Request(HttpRequest):
    """What every view gets. Never instantiated: it names what the middleware adds."""

    id: str
    htmx: HtmxDetails
    lock: Lock
    refusal: Refusal | None


class RequestIdMiddleware:
    """Sets `request.id` and answers with it in `X-Request-ID`; no answer is kept by anyone.

    Static files are answered before, and are kept.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.id = new_request_id()  # type: ignore[attr-defined]
        response = self.get_response(request)
        # The back button after signing out shows nothing, and a shared computer keeps nothing.
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        return response


class PageAddressMiddleware:
    """Forgets an `HX-Current-URL` that is no address, before anything is read out of it.

    htmx sends the page that one is on; made up, it would be a failure wherever a view asks for it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            urlsplit(HtmxDetails(request).current_url or "")
        except ValueError:
            del request.META["HTTP_HX_CURRENT_URL"]
            del request.headers  # Django keeps what it read of them.
        return self.get_response(request)


def asks_part(request: HttpRequest) -> bool:
    """Does htmx want the changed part alone? On the way back in its history it wants the page."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request


def new_request_id() -> str:
    return uuid7().hex


def client_ip(request: HttpRequest) -> str | None:
    """Where the request comes from: the last address that no proxy of ours stands for.

    `X-Forwarded-For` is read from the right, and believed only as far as `TRUSTED_PROXIES` sent it.
    """
    address: str | None = request.META.get("REMOTE_ADDR") or None
    if address is None or not settings.TRUSTED_PROXIES or not _is_ours(address):
        return address
    for said in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        if not _is_address(said.strip()):
            return address
        address = said.strip()
        if not _is_ours(address):
            return address
    return address


@lru_cache(maxsize=1024)
def _is_ours(address: str) -> bool:
    found = ipaddress.ip_address(address)
    # A server that listens on both kinds of address names an IPv4 one as IPv6.
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ipaddress.ip_network(net) for net in settings.TRUSTED_PROXIES)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
