"""What the platform reported: logs of runners, runs of automations, every execution. HTTP only."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render

from config.gate import gate
from config.keyset import page_links
from config.requests import asks_part
from config.roles import Permission
from orgs.tenancy import OrgRequest
from projects.models import Execution
from projects.queries import executions as queries
from projects.queries.executions import ExecutionFilter
from projects.queries.rooms import automation_tabs, runner_tabs


@gate(Permission.RUNNERS_VIEW_LOGS)
def runner_logs(request: OrgRequest, slug: str) -> HttpResponse:
    rows = queries.runner_logs(request.org.id)
    context = {"tabs": runner_tabs(request.access)}
    return _records(request, rows, "projects/runner_logs.html", context)


@gate(Permission.AUTOMATIONS_VIEW_HISTORY)
def automation_history(request: OrgRequest, slug: str) -> HttpResponse:
    rows = queries.automation_runs(request.org.id)
    context = {"tabs": automation_tabs(request.access)}
    return _records(request, rows, "projects/automation_history.html", context)


@gate(Permission.EXECUTIONS_VIEW)
def execution_list(request: OrgRequest, slug: str) -> HttpResponse:
    rows = queries.all_executions(request.org.id)
    context = {"kinds": queries.KINDS, "of_all": True}
    return _records(request, rows, "projects/execution_list.html", context)


def _records(
    request: OrgRequest, rows: QuerySet[Execution], template: str, context: dict[str, Any]
) -> HttpResponse:
    """A page of records under the filters of its address; its partial for htmx."""
    filters = ExecutionFilter.read(request.GET)
    page = queries.execution_page(rows, filters=filters, cursor=request.GET.get("page"))
    context |= {
        "lines": queries.lines_of(page.rows),
        **page_links(request, page),
        "filters": filters,
        "chips": queries.chips(request.org.id, filters),
        "states": queries.STATES,
    }
    if asks_part(request):
        return render(request, "projects/_executions.html", context)
    return render(request, template, context)
