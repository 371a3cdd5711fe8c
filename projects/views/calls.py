"""The request log. HTTP only: get, ask, show."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import render
from django_htmx.http import push_url

from audit.pages import Address
from config.gate import gate
from config.requests import asks_part
from config.roles import Permission
from orgs.tenancy import OrgRequest
from projects import call_lines
from projects.doors import KeyRequest, ProjectRequest, key_at, project_at, seeing_key
from projects.forms.calls import DECISIONS, CallFilterForm
from projects.models import Key
from projects.queries import calls as queries
from projects.queries.projects import project_head
from projects.refusals import REFUSALS


@gate(Permission.KEYS_SET_POLICIES)
def call_list(request: OrgRequest, slug: str) -> HttpResponse:
    """Every request of the organization's keys, newest first (S2-154)."""
    return _log(request, "projects/call_list.html", {"sees_costs": True})


@gate(seeing_key, on=key_at)
def key_calls(request: KeyRequest, slug: str, pk: UUID) -> HttpResponse:
    """Every request of one key."""
    key = request.target
    context = {
        "key": key,
        "sees_costs": True,
        "sees_log": request.access.can(Permission.KEYS_SET_POLICIES),
    }
    return _log(request, "projects/key_calls.html", context, key=key.pk)


@gate(Permission.PROJECTS_VIEW_AUDIT, on=project_at)
def project_calls(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    """Every request of keys in one project: its audit trail of keys (S2-153)."""
    project, access = request.target, request.access
    context: dict[str, Any] = {
        "project": project,
        "sees_costs": access.can(Permission.PROJECTS_VIEW_COSTS, project),
    }
    if not asks_part(request):
        context["head"] = project_head(access, project, current="project_audit")
    return _log(request, "projects/project_calls.html", context, project=project.pk)


def _log(request: OrgRequest, page: str, context: dict[str, Any], **fixed: UUID) -> HttpResponse:
    """A page of the log under what `fixed` says and the address asks for."""
    form = CallFilterForm(request.GET, fixed=tuple(fixed))
    address = Address(request.path, form.query)
    template = "projects/_calls.html" if asks_part(request) else page
    context |= {"address": address, "fixed": fixed}
    try:
        context |= _found(request, form, address, fixed)
    except DatabaseError:
        return render(request, template, context | {"failed": True}, status=503)
    response = render(request, template, context)
    # The address without the filters that are empty, and with the page.
    here = address.at(request.GET.get("page")) or str(address)
    return push_url(response, here) if asks_part(request) else response


def _found(
    request: OrgRequest, form: CallFilterForm, address: Address, fixed: dict[str, UUID]
) -> dict[str, Any]:
    org, asked, cursor = request.org.id, form.asked(**fixed), request.GET.get("page")
    page = queries.call_page(organization=org, filters=asked, cursor=cursor)
    names = queries.names_of(request.access, page.rows)
    keys = [] if "key" in fixed else _keys_offered(request, fixed.get("project"))
    reader = call_lines.Reader(request.access)
    return {
        "days": call_lines.days_of(page.rows, names, reader, address, fixed=tuple(fixed)),
        "searched_to": page.searched_to,
        "count": queries.call_count(organization=org, filters=asked),
        "most": queries.MOST_COUNTED,
        "searched": queries.SEARCHED,
        "newer": address.at(page.newer),
        "older": address.at(page.older),
        "chips": call_lines.chips(form, address, names, keys),
        "presets": call_lines.presets(address),
        "keys": keys,
        "decisions": DECISIONS,
        "reasons": REFUSALS,
        "misread": form.misread,
    }


def _keys_offered(request: OrgRequest, project: UUID | None) -> list[Key]:
    """The keys to narrow the log to, as far as this person may know of them."""
    reader = call_lines.Reader(request.access)
    keys = queries.keys_to_choose(request.org.id, project=project)
    return [key for key in keys if reader.sees(key)]
