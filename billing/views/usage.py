"""How much is used, by whom, and what it costs. HTTP only: get, ask, act, show."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from billing.forms.usage import Dimension, UsageAsked
from billing.periods import today_here
from billing.queries.usage import usage_page
from billing.usage_lines import Shown
from config.gate import gate
from config.roles import Permission, Scope
from orgs.access import refused
from orgs.models import Entitlement
from orgs.tenancy import OrgRequest
from projects.doors import ProjectRequest, project_at
from projects.models import Project
from projects.queries.projects import project_head


@gate(Permission.BILLING_VIEW_USAGE)
@require_safe
def usage(request: OrgRequest, slug: str) -> HttpResponse:
    """Usage of the organization by day, and by whom (S1-034, S3-060); costs to who may see them."""
    costs = request.access.can(Permission.BILLING_VIEW_COSTS)
    asked = UsageAsked.read(request.GET, today=today_here(), costs=costs)
    return _usage(request, "billing/usage.html", asked, {"costs": costs, **_export(request)})


@gate(Permission.PROJECTS_VIEW_COSTS, on=project_at)
@require_safe
def project_costs(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    """The same of one project, for who may see its costs (S2-067)."""
    project, access = request.target, request.access
    elsewhere = (Dimension.PROJECT, Dimension.GROUP)
    asked = UsageAsked.read(request.GET, today=today_here(), costs=True, leaving_out=elsewhere)
    context = {"costs": True, "head": project_head(access, project, current="project_costs")}
    return _usage(request, "billing/project_costs.html", asked, context, project=project)


def _usage(
    request: OrgRequest,
    template: str,
    asked: UsageAsked,
    context: dict[str, Any],
    *,
    project: Project | None = None,
) -> HttpResponse:
    """The page, or the next rows of its table where these alone are asked for."""
    context |= {"asked": asked, **_beginning(request)}
    try:
        page = usage_page(request.access, asked, project=project)
    except DatabaseError:
        return render(request, template, context | {"failed": True}, status=503)
    context["shown"] = Shown(
        request.access, page, request.path, costs=context["costs"], project=project
    )
    if request.htmx and request.headers.get("HX-Target") == "more-rows":
        return render(request, "billing/_usage.html#rows", context)
    return render(request, template, context)


def _beginning(request: OrgRequest) -> dict[str, Any]:
    """Where usage begins, while there is none: with a key, for who may make one."""
    slug, makes = request.org.slug, request.access.can(Permission.KEYS_CREATE)
    return {
        "key_url": reverse("key_create", args=[slug]) if makes else "",
        "reference_url": reverse("api_reference"),
    }


def _export(request: OrgRequest) -> dict[str, Any]:
    """May this person export, and if not, which gate is closed: the role's or the plan's."""
    access = request.access
    if not access.can(Permission.BILLING_EXPORT_USAGE):
        words = refused(Permission.BILLING_EXPORT_USAGE, Scope.ORGANIZATION, access.policies)
        return {"may_export": False, "export_refusal": f"{words}."}
    if not access.includes(Entitlement.USAGE_EXPORT):
        return {
            "may_export": False,
            "export_refusal": access.plan_refusal(Entitlement.USAGE_EXPORT),
        }
    return {"may_export": True}
