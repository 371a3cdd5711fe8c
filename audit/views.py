"""The log's pages. HTTP only: get, ask, act, show."""

from __future__ import annotations

import time
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.db import DatabaseError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import push_url, trigger_client_event

from audit import actions, pages, queries
from audit.entries import hash_words
from audit.events import Event
from audit.forms import EventFilterForm, action_choices
from audit.ledger import Actor, Target
from audit.models import Outcome
from audit.pages import Address
from config.gate import Access, gate
from config.requests import Request
from config.roles import Permission

READ_AGAIN_AFTER = 600
"""Seconds in which a session's next look at the log counts as the same reading."""

LONGEST_ON_PAGE = 200_000
"""How many entries are verified while somebody waits: two seconds or so."""


class Place(Protocol):
    """The organization of a request."""

    @property
    def id(self) -> UUID: ...
    @property
    def slug(self) -> str: ...
    @property
    def name(self) -> str: ...


class Reader(Access, Protocol):
    """Whoever reads the log, as the ledger names them."""

    @property
    def identity(self) -> Actor: ...


class LogRequest(Request):
    """What a view here gets. Never instantiated."""

    access: Reader
    org: Place


@gate(Permission.AUDIT_VIEW, records=Event.AUDIT_READ)
def event_list(request: LogRequest, slug: str) -> HttpResponse:
    """The log, newest first. A first page is a reading, and leaves an entry."""
    form, cursor = EventFilterForm(request.GET), request.GET.get("page")
    address = Address(request.path, form.query)
    partial = bool(request.htmx) and not request.htmx.history_restore_request
    template = "audit/events.html#log" if partial else "audit/events.html"
    try:
        context = _log(request, form, address)
    except DatabaseError:
        return render(request, template, {"failed": True, "address": address}, status=503)
    response = render(request, template, context)
    if cursor is None:
        _remember_reading(request)
    return push_url(response, address.at(cursor) or str(address)) if partial else response


@gate(Permission.AUDIT_VIEW)
def event_view(request: LogRequest, slug: str, sequence: int) -> HttpResponse:
    """One entry: before and after, what it follows, and whether it holds."""
    found = queries.event_get(organization=request.org.id, sequence=sequence)
    if found is None:
        raise Http404
    entry, follows = found
    context = {
        "entry": entry,
        "follows": hash_words(follows),
        "flaw": queries.first_flaw(request.org.id, after=sequence - 1, up_to=sequence),
        "links": pages.narrowing(entry, _log_behind(request)),
        "checked": True,
        "raw": pages.raw(entry),
    }
    template = "audit/_entry_more.html" if request.htmx else "audit/event.html"
    return render(request, template, context)


@gate(Permission.AUDIT_VIEW, records=Event.AUDIT_VERIFIED)
def event_verify(request: LogRequest, slug: str) -> HttpResponse:
    """Check the whole chain, while it is short enough to wait for."""
    org = request.org
    if request.method != "POST":
        return redirect("event_list", slug)
    if queries.newest_sequence(org.id) > LONGEST_ON_PAGE:
        text = f"This log is long. Run “manage.py audit verify --org {org.slug}” on the server."
        return _verified(request, text, kind="info")
    verdict = actions.event_verify(
        organization=org.id, target=_target(org), actor=request.access.identity
    )
    if verdict.flaw:
        return _verified(request, str(verdict.flaw), kind="bad")
    return _verified(request, f"All {verdict.entries:,} entries hold", kind="ok")


def _log(request: LogRequest, form: EventFilterForm, address: Address) -> dict[str, Any]:
    """Everything below the title, in five queries."""
    org, asked = request.org.id, form.asked
    page = queries.event_list(organization=org, filters=asked, cursor=request.GET.get("page"))
    actors = queries.recent_actors(org)
    return {
        "address": address,
        "days": pages.by_day(page.rows),
        "total": pages.count_words(
            queries.event_count(organization=org, filters=asked), most=asked.most_counted
        ),
        "newer": address.at(page.newer),
        "older": address.at(page.older),
        "chips": pages.chips(form, address, page.rows, actors),
        "presets": pages.presets(address),
        "actors": actors,
        "actions": action_choices(),
        "outcomes": Outcome.choices,
        "misread": form.misread,
        "verified": queries.last_verified(org),
    }


def _log_behind(request: LogRequest) -> Address:
    """The log as it is filtered on the page that opened an entry; whole for a page of its own."""
    path = reverse("event_list", args=[request.org.slug])
    here = urlsplit((request.htmx.current_url_abs_path if request.htmx else None) or "")
    asked = here.query if here.path == path else ""
    return Address(path, EventFilterForm(QueryDict(asked)).query)


def _remember_reading(request: LogRequest) -> None:
    """Once a session in ten minutes, so that the log does not fill with looks at itself."""
    key, now = f"audit-read:{request.org.id}", time.time()
    if now - request.session.get(key, 0) < READ_AGAIN_AFTER:
        return
    actions.event_read(
        organization=request.org.id, target=_target(request.org), actor=request.access.identity
    )
    request.session[key] = now


def _verified(request: LogRequest, text: str, *, kind: str) -> HttpResponse:
    if not request.htmx:
        level = {"ok": messages.success, "bad": messages.error}.get(kind, messages.info)
        level(request, text)
        return redirect("event_list", request.org.slug)
    verified = queries.last_verified(request.org.id)
    response = render(request, "audit/events.html#verified", {"verified": verified})
    return trigger_client_event(response, "toast", {"text": text, "kind": kind})


def _target(org: Place) -> Target:
    return Target("organization", org.id, org.name)
