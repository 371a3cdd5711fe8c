"""Who could do what at an earlier moment, and why. HTTP only: get, ask, show."""

from __future__ import annotations

import datetime
import time
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit import proof
from audit.actions import event_read
from audit.events import Event
from audit.ledger import Target
from config.gate import gate
from config.keyset import page_links
from config.moments import format_local, local
from config.roles import Permission, Scope
from orgs.tenancy import OrgRequest
from projects.explain import asked_at, by_area
from projects.forms.as_of import AsOf
from projects.forms.explain import NotUnderstoodError
from projects.history.moments import Moment, first_stated, moment_of
from projects.queries.as_of import person_answer
from projects.queries.as_of_finding import found
from projects.queries.as_of_organization import organization_answer
from projects.queries.as_of_places import place_answer

READ_AGAIN_AFTER = 600
"""Seconds in which a session's next look at the past counts as the same reading of the log."""

_ABOUT = ("member", "place", "permission")
_AGO = (("Yesterday", 1), ("A week ago", 7), ("30 days ago", 30), ("A year ago", 365))


@gate(Permission.AUDIT_VIEW, records=Event.AUDIT_READ)
@require_safe
def as_of(request: OrgRequest, slug: str) -> HttpResponse:
    """A person, a place, or neither: the organization. What the reader may not see is 404."""
    try:
        asked = AsOf.read(request.GET)
    except NotUnderstoodError as error:
        raise Http404 from error
    now = timezone.now()
    moment = moment_of(request.org.id, min(asked.at or now, now))
    first = first_stated(request.org.id)
    context = _around(request, asked, moment) | {"first": first}
    context["ahead"] = asked.at is not None and asked.at > now
    if first is None or moment.sequence < first.sequence:
        context["kind"] = "early"
    elif asked.member:
        context |= _person(request, asked, asked.member, moment)
    elif asked.place and asked.scope:
        context |= _place(request, asked, asked.scope, asked.place, moment)
    else:
        answer = organization_answer(access=request.access, moment=moment)
        context |= {"kind": "organization", "answer": answer}
        context["since_url"] = _log_since(request, moment)
    _remember_reading(request)
    return render(request, "projects/as_of.html", context)


def _person(request: OrgRequest, asked: AsOf, member: UUID, moment: Moment) -> dict[str, Any]:
    answer = person_answer(
        access=request.access,
        moment=moment,
        member=member,
        scope=asked.scope,
        place=asked.place,
        permission=asked.permission,
    )
    choices = asked_at(answer.there)
    return {"kind": "person", "answer": answer, "areas": by_area(choices)}


def _place(
    request: OrgRequest, asked: AsOf, scope: Scope, place: UUID, moment: Moment
) -> dict[str, Any]:
    answer = place_answer(
        access=request.access,
        moment=moment,
        scope=scope,
        place=place,
        permission=asked.permission,
        search=asked.search,
        cursor=asked.cursor,
    )
    links = page_links(request, answer.page)
    areas = by_area(asked_at(answer.place)) if answer.place else []
    return {"kind": "place", "answer": answer, "areas": areas, **links}


def _around(request: OrgRequest, asked: AsOf, moment: Moment) -> dict[str, Any]:
    """The question itself, and the moments and names to ask about instead."""
    path, now = reverse("as_of", args=[request.org.slug]), timezone.now()
    same = {name: said for name in _ABOUT if (said := request.GET.get(name))}
    when = {"at": asked.written} if asked.written else {}
    today = timezone.localdate(now)
    days = [(label, (today - datetime.timedelta(days=ago)).isoformat()) for label, ago in _AGO]
    without_place = {name: value for name, value in same.items() if name != "place"}
    return {
        "asked": asked,
        "moment": moment,
        "at": asked.written or format_local(moment.at, "Y-m-d\\TH:i"),
        "is_day": len(asked.written) == 10,
        "path": path,
        "same": same,
        "whole_url": f"{path}?{urlencode(when)}" if when else path,
        "days": [
            (label, f"{path}?{urlencode(same | {'at': day})}", day == asked.written)
            for label, day in days
        ],
        "without_place": f"{path}?{urlencode(without_place | when)}",
        "now_url": f"{path}?{urlencode(same)}",
        "verified": proof.proven(request.org.id),
        "found": found(access=request.access, moment=moment, search=asked.search)
        if not (asked.member or asked.place)
        else [],
        "local": local(moment.at),
    }


def _log_since(request: OrgRequest, moment: Moment) -> str:
    since = format_local(moment.at, "Y-m-d\\TH:i")
    return f"{reverse('event_list', args=[request.org.slug])}?{urlencode({'since': since})}"


def _remember_reading(request: OrgRequest) -> None:
    """Rebuilding the past reads the log: an entry, once a session in ten minutes."""
    key, now = f"as-of-read:{request.org.id}", time.time()
    if now - request.session.get(key, 0) < READ_AGAIN_AFTER:
        return
    event_read(
        organization=request.org.id,
        target=Target("organization", request.org.id, request.org.name),
        actor=request.access.identity,
        reason="As of an earlier moment",
    )
    request.session[key] = now
