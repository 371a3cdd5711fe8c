"""The projects that come with an invitation. HTTP only: get, ask, act, show."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django_htmx.http import trigger_client_event

from audit.events import Event
from config.gate import gate
from config.roles import PROJECT_ROLES, Permission, Role
from orgs.ceiling import may_grant
from orgs.models import Invitation
from orgs.tenancy import OrgRequest
from orgs.views.dialog import posted, show
from projects.actions import joining as actions
from projects.forms.projects import search_of
from projects.forms.requests import PromiseForm, refuse
from projects.models import InvitationProject, Project
from projects.queries.promises import OFFERED, UNSEEN, offered, promisable, promised_with

TEMPLATE = "projects/invitation_projects.html"


@gate(Permission.MEMBERS_INVITE, records=Event.INVITATION_PROJECT_PROMISED)
def invitation_projects(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    """The list of what is promised, with a form for one more; each POST changes one line."""
    rows = Invitation.objects.in_org(request.org.id)
    invitation = get_object_or_404(rows, pk=pk)
    form = PromiseForm(
        None if "withdraw" in request.POST else posted(request),
        projects=promisable(request.access),
        initial={"role": Role.PROJECT_MEMBER},
    )
    done = _answer(request, invitation, form) if request.method == "POST" else ""
    if done and not request.htmx:
        return redirect("invitation_projects", slug, pk)
    if done:
        form = PromiseForm(initial={"role": Role.PROJECT_MEMBER}, projects=form.projects)
    context = _context(request, invitation)
    if request.headers.get("HX-Target") == "offered":
        return render(request, f"{TEMPLATE}#offered", context | {"form": form})
    response = show(request, TEMPLATE, form, context)
    if done:
        trigger_client_event(response, "toast", {"text": done, "kind": "ok"})
    return response


def _answer(request: OrgRequest, invitation: Invitation, form: PromiseForm) -> str:
    """What is true now; empty when it was refused, with why on the form."""
    try:
        if "withdraw" in request.POST:
            promise = get_object_or_404(
                InvitationProject.objects.in_org(request.org.id).select_related(
                    "project", "invitation"
                ),
                invitation=invitation,
                pk=_uuid(request.POST["withdraw"]),
            )
            actions.invitation_project_withdraw(promise=promise, actor=request.access)
            seen = request.access.visible(Project.objects.filter(pk=promise.project_id)).exists()
            return f"{promise.project.name if seen else UNSEEN} no longer comes with it"
        if not form.is_valid():
            return ""
        made = actions.invitation_project_promise(
            invitation=invitation, **form.cleaned_data, actor=request.access
        )
    except ValidationError as error:
        refuse(form, error)
        return ""
    return f"{made.project.name} comes with the invitation"


def _context(request: OrgRequest, invitation: Invitation) -> dict[str, Any]:
    search = search_of(request.GET)
    return {
        "invitation": invitation,
        "promised": promised_with(invitation, request.access),
        "offered": offered(request.access, invitation, search),
        "most": OFFERED,
        "q": search,
        "roles": PROJECT_ROLES,
        "may_change": invitation.is_open and may_grant(request.access, Role(invitation.role)),
        "for_end_user": invitation.role == Role.END_USER,
    }


def _uuid(said: str) -> UUID:
    try:
        return UUID(said)
    except ValueError:
        return UUID(int=0)
