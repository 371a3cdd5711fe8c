"""One call of the self-test, undone, and what can be seen of its answer from outside.

The portal has a connection of its own; what is done there is undone as well.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode

from django.core.signals import request_finished
from django.db import DEFAULT_DB_ALIAS, close_old_connections, connections, transaction
from django.http import HttpResponseBase
from django.test.client import ClientHandler, RequestFactory
from django.utils.html import escape

from config import portal

METHODS = ("get", "post")
ALL_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
LONGEST_LOCK = "10s"
SHORTEST = 4
"""A shorter word that somebody wrote stands in any page."""
_CHUNKS = 200
# What is new in every answer: the masked token of a form, and the id of the request.
_FRESH = re.compile(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+|[0-9a-f]{32}')
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
# Statements are compared without the values in them, and without the names of savepoints.
_VALUES = re.compile(r"'[^']*'|\b[sx]?\d[\w]*")


class Caller(RequestFactory):
    """Comes with the cookies it was given, every time: what an answer sets, it forgets."""

    def answered(self, method: str, path: str, **sent: Any) -> HttpResponseBase:
        # As over TLS: on a server that insists on it, plain calls would all be sent away alike.
        request = self.generic(method, path, secure=True, **sent)
        return _handler()(request.environ)


@cache
def _handler() -> ClientHandler:
    return ClientHandler(enforce_csrf_checks=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What is sent; `words` are the caller's own: wherever they stand, the answer tells nothing."""

    method: str = "get"
    address: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    said: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    words: Sequence[str] = ()

    @property
    def path(self) -> str:
        return f"{self.address}?{urlencode(self.query)}" if self.query else self.address

    def by(self, token: str) -> Call:
        """The same with a service token; an empty one is none."""
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return replace(self, headers={**self.headers, **bearer})

    def __str__(self) -> str:
        body = f" {json.dumps(self.said)}" if self.said is not None else ""
        shown = self.path if len(self.path) <= 160 else f"{self.path[:160]}…"
        return f"{self.method.upper()} {shown}{body}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an outsider can see of an answer. The time is no part of being equal."""

    status: int
    says: str
    leads_to: str = ""
    statements: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)


def ask(client: Caller, call: Call, *, reads: bool = True) -> Answer:
    """Send it, and undo whatever it did. A file that is streamed need not be read."""
    with undone(), _counted() as statements:
        began = time.perf_counter()
        try:
            response = client.answered(call.method.upper(), call.path, **_sent(call))
        except Exception as error:
            # A failure is an answer too, and not the same as none.
            return Answer(500, type(error).__name__, seconds=time.perf_counter() - began)
        body = _body(response, reads)
        took = time.perf_counter() - began
    leads_to = response.headers.get("Location", "") or response.headers.get("HX-Redirect", "")
    return Answer(response.status_code, body, leads_to, tuple(statements), took)


def _sent(call: Call) -> dict[str, Any]:
    """The body and the headers, as the client wants them."""
    if call.said is not None:
        return {
            "data": json.dumps(call.said),
            "content_type": "application/json",
            "headers": call.headers,
        }
    form = "application/x-www-form-urlencoded"
    return {"data": urlencode(call.form), "content_type": form, "headers": call.headers}


def _body(response: Any, reads: bool) -> str:
    if not response.streaming:
        return _FRESH.sub("", response.content.decode(errors="replace"))
    chunks = b"".join(islice(response.streaming_content, _CHUNKS)) if reads else b""
    # An export holds one of a few places until it is closed; the connection is this check's own.
    request_finished.disconnect(close_old_connections)
    response.close()
    request_finished.connect(close_old_connections)
    return _FRESH.sub("", chunks.decode(errors="replace"))


def without(answer: Answer, *calls: Call) -> Answer:
    """The answer without what the callers wrote: that is their own."""
    said = {word for call in calls for word in (call.path, *call.words) if len(word) >= SHORTEST}
    words = sorted({form for word in said for form in _forms(word)}, key=len, reverse=True)

    def blank(text: str) -> str:
        for word in words:
            text = text.replace(word, "…")
        return text

    return replace(answer, says=blank(answer.says), leads_to=blank(answer.leads_to))


def _forms(word: str) -> Iterator[str]:
    """As it is, shortened, in a page, and in an address, that may stand within another."""
    yield from (word, escape(word))
    if _UUID.fullmatch(word):
        yield f"…{word[-8:]}"
    for safe in ("", "/"):
        yield quote(word, safe=safe)
        yield quote(quote(word, safe=safe), safe=safe)
    yield quote(word, safe="/@")


@contextmanager
def everything_undone() -> Iterator[None]:
    """The whole check: what is made for it, and what anybody does in it."""
    known = _aliases.set(_connected())
    try:
        with undone():
            for alias in _aliases.get():
                with connections[alias].cursor() as cursor:
                    # Nothing waits for ever, should somebody at work hold what it wants.
                    cursor.execute(f"SET LOCAL lock_timeout = '{LONGEST_LOCK}'")
            yield
    finally:
        _aliases.reset(known)


@contextmanager
def undone() -> Iterator[None]:
    """On the connection of pages and on that of the portal, where it is another."""
    with ExitStack() as stack:
        for alias in _aliases.get():
            stack.enter_context(transaction.atomic(using=alias))
        try:
            yield
        finally:
            for alias in _aliases.get():
                transaction.set_rollback(True, using=alias)


def portal_is_apart() -> bool:
    """Is the portal's connection another? It does not see what has not been committed here."""
    return len(_aliases.get()) > 1


_aliases: ContextVar[tuple[str, ...]] = ContextVar("_aliases", default=(DEFAULT_DB_ALIAS,))


def _connected() -> tuple[str, ...]:
    """The connections that requests run on: that of pages, and that of the portal."""
    if not portal.is_open():
        return (DEFAULT_DB_ALIAS,)
    with portal.as_portal():
        theirs = connections[DEFAULT_DB_ALIAS].alias
    return tuple(dict.fromkeys((DEFAULT_DB_ALIAS, theirs)))


@contextmanager
def _counted() -> Iterator[list[str]]:
    """Every statement, as its text without values: how many and which, whatever plan they get."""
    seen: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(_VALUES.sub("?", str(sql)))
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for alias in _aliases.get():
            stack.enter_context(connections[alias].execute_wrapper(note))
        yield seen
