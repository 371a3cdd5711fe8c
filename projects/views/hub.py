"""The Hub: what is published, tasks for people, and one's own history.

HTTP only: get, ask, act, show.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from audit.events import Event
from config.gate import gate
from config.keyset import page_links
from config.requests import asks_part
from config.roles import Permission
from orgs.models import Membership
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show
from projects.actions import tasks as actions
from projects.forms.projects import search_of
from projects.forms.tasks import TaskCompleteForm
from projects.kinds import KINDS, PUBLISHABLE, kind_of
from projects.models import HumanTask
from projects.queries import hub as queries
from projects.queries.resources import resource_may

RECORDS_OF_ONE = 10
PEOPLE_OFFERED = 20


@gate(Permission.HUB_ACCESS)
def hub(request: OrgRequest, slug: str) -> HttpResponse:
    asked = request.GET.get("kind", "")
    kind = asked if asked in PUBLISHABLE else ""
    search = search_of(request.GET)
    page = queries.hub_list(
        access=request.access, kind=kind, search=search, cursor=request.GET.get("page")
    )
    for item in page.rows:
        item.look = kind_of(item)  # type: ignore[attr-defined]
    context: dict[str, Any] = {"page": page, **page_links(request, page), "q": search, "kind": kind}
    if asks_part(request):
        return render(request, "projects/hub.html#hub-list", context)
    tasks = []
    if request.access.can(Permission.HUMAN_TASKS_COMPLETE):
        tasks = list(queries.open_tasks(request.access)[: queries.TASKS_ON_TOP + 1])
    context |= {
        "kinds": [KINDS[value] for value in PUBLISHABLE],
        "tasks": tasks[: queries.TASKS_ON_TOP],
        "more_tasks": len(tasks) > queries.TASKS_ON_TOP,
    }
    return render(request, "projects/hub.html", context)


@gate(Permission.HUB_ACCESS)
def hub_history(request: OrgRequest, slug: str) -> HttpResponse:
    records = queries.own_records(request.access)
    page = queries.record_list(records, cursor=request.GET.get("page"))
    context = {"page": page, **page_links(request, page)}
    return render(request, "projects/hub_history.html", context)


@gate(Permission.HUB_ACCESS)
def hub_item(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    items = queries.hub_items(request.access).select_related("project", "published_by")
    item = get_object_or_404(items, pk=pk)
    records = queries.own_records(request.access).filter(resource=item)
    context = {
        "item": item,
        "kind": kind_of(item),
        "page": queries.record_list(records, size=RECORDS_OF_ONE),
        "may": resource_may(request.access, item) | {"open": _may_open(request)},
    }
    return render(request, "projects/hub_item.html", context)


@gate(Permission.HUMAN_TASKS_COMPLETE)
def task_view(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    task, reassigns = _task(request, pk)
    return render(request, "projects/task.html", _facts(request, task, reassigns))


@gate(Permission.HUMAN_TASKS_COMPLETE, records=Event.TASK_COMPLETED)
def task_complete(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    task, reassigns = _task(request, pk)
    form = TaskCompleteForm(posted(request))
    if form.is_valid():
        try:
            actions.task_complete(task=task, outcome=form.told(), actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            return elsewhere(request, f"{task.title} is completed", to=reverse("hub", args=[slug]))
    context = _facts(request, task, reassigns)
    return show(request, "projects/task_complete.html", form, context)


@gate(Permission.HUMAN_TASKS_COMPLETE, records=Event.TASK_REASSIGNED)
def task_reassign(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    task, reassigns = _task(request, pk)
    if not reassigns:
        raise Http404
    refusal: ValidationError | None = None
    if request.method == "POST":
        to = _member(request, request.POST.get("member", ""))
        try:
            actions.task_reassign(task=task, to=to, actor=request.access)
        except ValidationError as error:
            refusal = error
        else:
            page = reverse("task_view", args=[slug, task.pk])
            return elsewhere(request, f"{task.title} waits for {to.name} now", to=page)
    search = search_of(request.GET)
    others = queries.assignable(task, search=search)
    context = {
        "task": task,
        "q": search,
        "found": [one for one in others[: PEOPLE_OFFERED + 1] if one.pk != task.assigned_to_id],
        "refusal": refusal.messages[0] if refusal else "",
    }
    if request.headers.get("HX-Target") == "assignable":
        return render(request, "projects/task_reassign.html#assignable", context)
    response = show(request, "projects/task_reassign.html", None, context)
    if refusal is not None:
        response.status_code, response.reason_code = 422, refusal.code  # type: ignore[attr-defined]
    return response


def _may_open(request: OrgRequest) -> bool:
    """Who has more of the console than the Hub may go on to the resource itself."""
    return request.access.can(Permission.ORG_VIEW_DASHBOARD)


def _task(request: OrgRequest, pk: UUID) -> tuple[HumanTask, bool]:
    """The task, and whether this person may reassign it; anybody else's is not there (S2-093).

    One's own is there while one has access to where it stands.
    """
    access = request.access
    task = get_object_or_404(queries.task(request.org.id, pk))
    reassigns = access.can(Permission.PROJECTS_CHANGE, task.project)
    mine = task.assigned_to_id == access.membership_id
    if not reassigns and not (mine and queries.is_within_reach(task, access)):
        raise Http404
    return task, reassigns


def _facts(request: OrgRequest, task: HumanTask, reassigns: bool) -> dict[str, object]:
    mine = task.assigned_to_id == request.access.membership_id
    is_open = task.state == HumanTask.State.OPEN
    may_open = _may_open(request)
    return {
        "task": task,
        "may": {
            "complete": mine and is_open,
            "reassign": reassigns and is_open,
            "open": may_open and request.access.can(Permission.PROJECTS_VIEW, task.project),
        },
    }


def _member(request: OrgRequest, pk: str) -> Membership:
    try:
        wanted = UUID(pk)
    except ValueError:
        wanted = UUID(int=0)
    return get_object_or_404(Membership.objects.in_org(request.org.id), pk=wanted)
