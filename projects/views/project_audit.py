"""The audit log of one project, as a tab of it. HTTP only: get, ask, show."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django_htmx.http import push_url

from audit import pages
from audit.actions import project_read
from audit.events import Event
from audit.forms import EventFilterForm
from audit.ledger import Target
from audit.pages import Address
from audit.queries import EventPage, Someone
from audit.readings import is_new_reading
from config.gate import gate
from config.requests import asks_part
from config.roles import Permission
from projects.doors import ProjectRequest, project_at
from projects.queries.project_log import project_log
from projects.queries.projects import project_head


@gate(Permission.PROJECTS_VIEW_AUDIT, records=Event.AUDIT_PROJECT_READ, on=project_at)
def project_audit(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    """What was done to the project and to what is in it. A first page is a reading."""
    # The log of the organization says more of an entry, to who may read all of it.
    apart = not request.access.can(Permission.AUDIT_VIEW)
    form, cursor = EventFilterForm(_asked(request.GET, apart)), request.GET.get("page")
    page = project_log(
        project=request.target, cursor=cursor, viewer=request.access, filters=form.asked
    )
    context = _log(form, Address(request.path, form.query), page) | {"apart": apart}
    if cursor is None:
        _remember_reading(request)
    if asks_part(request):
        response = render(request, "projects/project_audit.html#log", context)
        address = context["address"]
        return push_url(response, address.at(cursor) or str(address))
    context["head"] = project_head(request.access, request.target)
    return render(request, "projects/project_audit.html", context)


def _asked(query: QueryDict, apart: bool) -> QueryDict:
    """The fields that this log has: addresses are for the readers of the whole one."""
    query = query.copy()
    for name in ("key", "ip") if apart else ("key",):
        query.pop(name, None)
    return query


def _log(form: EventFilterForm, address: Address, page: EventPage) -> dict[str, Any]:
    actors = {
        entry.actor_id: Someone(entry.actor_id, entry.actor_label)
        for entry in page.rows
        if entry.actor_id and entry.actor_label
    }
    by_name = sorted(actors.values(), key=lambda someone: someone.label.casefold())
    return {
        "address": address,
        "days": pages.by_day(page.rows),
        "page": page,
        "total": pages.found_words(page) if form.asked.fields else "",
        "newer": address.at(page.newer),
        "older": address.at(page.older),
        "bar": pages.bar(form, address, page.rows, by_name),
        "misread": form.misread,
        "part": True,
        "empty_text": "The first deed in this project will stand here.",
    }


def _remember_reading(request: ProjectRequest) -> None:
    project = request.target
    if is_new_reading(request.session, project.pk):
        project_read(
            organization=project.organization_id,
            target=Target("project", project.pk, project.name),
            actor=request.access.identity,
        )
