"""Insights: how the organization uses the platform, and how enabled projects do.

HTTP only: get, ask, act, show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from audit.events import Event
from config.charts import swatch
from config.gate import gate
from config.keyset import page_links
from config.requests import asks_part
from config.roles import Permission, Role, roles_with
from orgs.access import Access
from orgs.queries.organizations import owner_names
from orgs.tenancy import OrgRequest
from projects import insights_charts as charts
from projects.actions.insights import insights_disable, insights_enable
from projects.forms.projects import search_of
from projects.models import Project
from projects.queries import insights as usage
from projects.queries import insights_projects as reads
from projects.queries import insights_switches as switches
from projects.queries.insights_people import group_shares
from projects.weeks import Span

OWNERS_NAMED = 5


@gate(Permission.INSIGHTS_VIEW, plan="insights")
@require_safe
def insights(request: OrgRequest, slug: str) -> HttpResponse:
    access = request.access
    span, page = Span.now(), reads.enabled_page(request.org.id, request.GET.get("page"))
    context: dict[str, Any] = {
        "rows": reads.numbers_of(request.org.id, page.rows, span),
        **page_links(request, page),
        **_who_decides(access),
    }
    if asks_part(request):
        return render(request, "projects/insights.html#list", context)
    context |= _platform(access, span)
    return render(request, "projects/insights.html", context)


@gate(Permission.INSIGHTS_VIEW, plan="insights")
@require_safe
def project_insights(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    access = request.access
    rows = Project.objects.in_org(request.org.id).kept().select_related("insights")
    project = get_object_or_404(rows, pk=pk)
    is_on = hasattr(project, "insights")
    sees = access.can(Permission.PROJECTS_VIEW, project)
    if not (is_on or sees or access.can(Permission.INSIGHTS_ENABLE)):
        raise Http404
    context = {"project": project, "sees": sees, "is_on": is_on, **_who_decides(access)}
    if is_on:
        context |= _velocity_and_adoption(access, project)
    return render(request, "projects/project_insights.html", context)


@gate(Permission.INSIGHTS_ENABLE, plan="insights")
@require_safe
def insights_projects(request: OrgRequest, slug: str) -> HttpResponse:
    search, only_on = search_of(request.GET), request.GET.get("state") == "on"
    page, rows = switches.switch_page(
        request.org.id, search=search, only_on=only_on, cursor=request.GET.get("page")
    )
    context = {
        "rows": rows,
        **page_links(request, page),
        "search": search,
        "only_on": only_on,
        "viewers": _viewers(request.access),
    }
    if asks_part(request):
        return render(request, "projects/insights_projects.html#list", context)
    return render(request, "projects/insights_projects.html", context)


@gate(Permission.INSIGHTS_ENABLE, plan="insights", records=Event.INSIGHTS_ENABLED)
@require_POST
def project_insights_enable(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    return _turned(request, pk, insights_enable, "Insights of {} are on", "were on already")


@gate(Permission.INSIGHTS_ENABLE, plan="insights", records=Event.INSIGHTS_DISABLED)
@require_POST
def project_insights_disable(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    return _turned(request, pk, insights_disable, "Insights of {} are off", "were off already")


def _platform(access: Access, span: Span) -> dict[str, Any]:
    counted = usage.platform_usage(access.org.id, span)
    return {
        "usage": counted,
        "groups": group_shares(access, span),
        "may_view_groups": access.can(Permission.GROUPS_VIEW),
        "runs_chart": charts.runs_chart(counted.weeks),
        "people_chart": charts.people_chart(counted.weeks),
    }


def _velocity_and_adoption(access: Access, project: Project) -> dict[str, Any]:
    page = reads.project_page(access, project, Span.now())
    return {
        "page": page,
        "numbers": page.numbers,
        "span": page.span,
        "may_view_groups": access.can(Permission.GROUPS_VIEW),
        "runs_chart": charts.runs_chart(page.numbers.weeks),
        "success_chart": charts.success_chart(page.numbers.weeks),
        "people_chart": charts.people_chart(page.numbers.weeks),
    }


def _turned(
    request: OrgRequest, pk: UUID, deed: Callable[..., bool], done: str, before: str
) -> HttpResponse:
    """The switch as it stands now: its row for htmx, else the page it was turned on."""
    project = get_object_or_404(Project.objects.in_org(request.org.id).kept(), pk=pk)
    try:
        changed = deed(project=project, actor=request.access)
    except ValidationError as error:
        raise Http404 from error
    text = done.format(project.name) if changed else f"Insights of {project.name} {before}"
    if not request.htmx:
        messages.success(request, text)
        if request.POST.get("to") == "project":
            return redirect("project_insights", request.org.slug, pk)
        return redirect(reverse("insights_projects", args=[request.org.slug]))
    row = switches.switch_row(request.org.id, pk)
    response = render(request, "projects/insights_projects.html#row", {"row": row, "swapped": True})
    return trigger_client_event(response, "toast", {"text": text, "kind": "ok"})


def _who_decides(access: Access) -> dict[str, Any]:
    """Whether this person turns insights on, or else whom to ask."""
    may = access.can(Permission.INSIGHTS_ENABLE)
    owners = [] if may else owner_names(access.org.id, most=OWNERS_NAMED)
    ask = f"An Owner turns them on: ask {_list(owners, 'or')}." if owners else ""
    return {"may_enable": may, "ask_text": ask, "swatches": (swatch(1), swatch(2))}


def _viewers(access: Access) -> str:
    """The roles that view insights here, as the policies stand."""
    roles = roles_with(Permission.INSIGHTS_VIEW, access.policies)
    return _list([f"{role.label}s" for role in roles if role is not Role.SUPERADMIN], "and")


def _list(words: list[str], last: str) -> str:
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
