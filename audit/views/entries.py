"""The log's pages: the list of entries, one entry, and verifying. HTTP only."""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import push_url, trigger_client_event

from audit import actions, kept, pages, proof, queries
from audit.actions.entries import AT_MOST_EVERY
from audit.entries import hash_words
from audit.events import Event
from audit.forms import EventFilterForm
from audit.ledger import Actor, Target
from audit.pages import Address
from audit.readings import is_new_reading
from config.gate import Access, gate
from config.requests import Request, asks_part
from config.roles import Permission

LONGEST_ON_PAGE = 200_000
"""How many entries are verified while somebody waits: two seconds or so."""

FOLLOWED_UNSEEN = 1_000
"""How many entries that do not match pass before a page that follows moves its place on."""


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
    @property
    def membership_id(self) -> UUID: ...


class LogRequest(Request):
    """What a view here gets. Never instantiated."""

    access: Reader
    org: Place


@gate(Permission.AUDIT_VIEW, records=Event.AUDIT_READ)
def event_list(request: LogRequest, slug: str) -> HttpResponse:
    """The log, newest first. A first page is a reading, and leaves an entry."""
    form, cursor = EventFilterForm(request.GET), request.GET.get("page")
    address = Address(request.path, form.query)
    partial = asks_part(request)
    if partial and "after" in request.GET:
        return _newer(request, form, address)
    template = "audit/events.html#log" if partial else "audit/events.html"
    try:
        context = _log(request, form, address, cursor)
    except DatabaseError:
        return render(request, template, {"failed": True, "address": address}, status=503)
    response = render(request, template, context)
    if cursor is None:
        _remember_reading(request)
    shown = address.at(cursor) or str(context["following"] or address)
    return push_url(response, shown) if partial else response


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
    """Check the whole chain, while it is short enough to wait for; at most once a minute."""
    org = request.org
    if request.method != "POST":
        return redirect("event_list", slug)
    if queries.newest_sequence(org.id) - proof.base_of(org.id)[0] > LONGEST_ON_PAGE:
        text = f"This log is long. Run “manage.py audit verify --org {org.slug}” on the server."
        return _verified(request, text, kind="info")
    who = request.access.identity
    try:
        verdict = actions.event_verify(
            organization=org.id, target=_target(org), actor=who, every=AT_MOST_EVERY
        )
    except ValidationError as refused:
        return _verified(request, refused.messages[0], kind="info")
    if verdict.flaw:
        return _verified(request, str(verdict.flaw), kind="bad")
    return _verified(request, f"All {verdict.checked:,} entries hold", kind="ok")


def _log(
    request: LogRequest, form: EventFilterForm, address: Address, cursor: str | None
) -> dict[str, Any]:
    """Everything below the title, in eight queries at most."""
    org, asked = request.org.id, form.asked
    page = queries.event_list(organization=org, filters=asked, cursor=cursor)
    actors = queries.recent_actors(org)
    follows = request.GET.get("follow") == "1" and cursor is None
    return {
        "address": address,
        "days": pages.by_day(page.rows),
        "page": page,
        "total": _total(org, asked, page),
        "newer": address.at(page.newer),
        "older": address.at(page.older),
        "bar": pages.bar(form, address, page.rows, actors),
        "misread": form.misread,
        "verified": proof.proven(org),
        "following": address.having(follow=1) if follows else None,
        "poll": _poll(address, queries.newest_sequence(org), 0) if follows else None,
        "saved": kept.saved(
            queries.saved_list(organization=org, membership=request.access.membership_id),
            address,
            mine=request.access.membership_id,
            may_delete=request.access.can(Permission.ORG_MANAGE_SETTINGS),
        ),
        "follow": address.having(follow=1),
        "save": Address(reverse("filter_save", args=[request.org.slug]), address.query),
        "may_keep": request.access.can(Permission.ORG_MANAGE_SETTINGS),
        "may_export": request.access.can(Permission.AUDIT_EXPORT),
        "export": Address(reverse("event_export", args=[request.org.slug]), address.query),
    }


def _total(org: UUID, asked: queries.EventFilter, page: queries.EventPage) -> str:
    if asked.is_search:
        return pages.found_words(page)
    number = queries.event_count(organization=org, filters=asked)
    return pages.count_words(number, most=asked.most_counted)


def _newer(request: LogRequest, form: EventFilterForm, address: Address) -> HttpResponse:
    """What came since the last look, for who follows: no reading of its own, and not for ever."""
    after, seen = (pages.number(request.GET.get(name)) for name in ("after", "seen"))
    rows, reached = queries.events_newer(
        organization=request.org.id,
        filters=form.asked,
        sequence=after,
        size=min(queries.PAGE_SIZE, pages.MOST_FOLLOWED),
    )
    if not rows and reached - after < FOLLOWED_UNSEEN:
        # Nothing to show: the page asks again from where it stands.
        return HttpResponse(status=204)
    seen += len(rows)
    more = seen < pages.MOST_FOLLOWED
    context = {
        "rows": rows,
        "said": pages.arrived_words(len(rows)) if rows else "",
        "poll": _poll(address, reached, seen) if more else None,
        "following": address.having(follow=1),
    }
    return render(request, "audit/events.html#newer", context)


def _poll(address: Address, after: int, seen: int) -> Address:
    return address.having(follow=1, after=after, seen=seen)


def _log_behind(request: LogRequest) -> Address:
    """The log as it is filtered on the page that opened an entry; whole for a page of its own."""
    path = reverse("event_list", args=[request.org.slug])
    here = urlsplit((request.htmx.current_url_abs_path if request.htmx else None) or "")
    asked = here.query if here.path == path else ""
    return Address(path, EventFilterForm(QueryDict(asked)).query)


def _remember_reading(request: LogRequest) -> None:
    if is_new_reading(request.session, request.org.id):
        actions.event_read(
            organization=request.org.id, target=_target(request.org), actor=request.access.identity
        )


def _verified(request: LogRequest, text: str, *, kind: str) -> HttpResponse:
    if not request.htmx:
        level = {"ok": messages.success, "bad": messages.error}.get(kind, messages.info)
        level(request, text)
        return redirect("event_list", request.org.slug)
    verified = proof.proven(request.org.id)
    response = render(request, "audit/events.html#verified", {"verified": verified})
    return trigger_client_event(response, "toast", {"text": text, "kind": kind})


def _target(org: Place) -> Target:
    return Target("organization", org.id, org.name)
