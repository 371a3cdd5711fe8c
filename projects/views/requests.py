"""Requests, the inbox and its notices. HTTP only: get, ask, act, show."""

from __future__ import annotations

from functools import partial
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from audit.events import Event
from config.gate import gate
from config.keyset import Page, capped_count, page_links
from config.roles import Permission
from orgs.access import Access
from orgs.actions import notices
from orgs.actions.members import own_membership
from orgs.models import Entitlement
from orgs.preview import Preview, rehearse
from orgs.tenancy import OrgRequest
from orgs.views.dialog import asks_preview, elsewhere, posted, show, show_preview
from projects.actions import request_answers as answers
from projects.actions import requests as actions
from projects.asked import Asked, asked_in
from projects.doors import ResourceRequest, resource_at
from projects.forms.requests import (
    AccessRequestForm,
    ApproveForm,
    ProjectRequestForm,
    RefuseForm,
    RequestForm,
    refuse,
)
from projects.models import Request, Workspace
from projects.queries import requests as queries
from projects.queries.ways import ways

Kind = Request.Kind
TABS = {"waiting": "Waiting for you", "asked": "Asked by you", "notices": "Notices"}
MOST_COUNTED = 99


@gate(Permission.ORG_VIEW)
def inbox(request: OrgRequest, slug: str) -> HttpResponse:
    access, cursor = request.access, request.GET.get("page")
    waiting, asked = queries.waiting_for(access), queries.asked_by(access)
    counts = {
        "waiting": capped_count(waiting, cap=MOST_COUNTED),
        "asked": capped_count(queries.still_open(asked), cap=MOST_COUNTED),
        "notices": access.unread,
    }
    tab = _tab(request.GET.get("tab", ""), counts)
    page: Page[Any] = (
        queries.notice_list(access, cursor=cursor)
        if tab == "notices"
        else queries.request_list(waiting if tab == "waiting" else asked, cursor=cursor)
    )
    context = {
        "tab": tab,
        "tabs": [(name, label, counts[name]) for name, label in TABS.items()],
        "most": MOST_COUNTED,
        "page": page,
        **page_links(request, page),
        "may": _may_ask(access),
    }
    return render(request, "projects/inbox.html", context)


def _tab(asked: str, counts: dict[str, int]) -> str:
    """The one that is asked for, else the first with something in it."""
    if asked in TABS:
        return asked
    return next((name for name in TABS if counts[name]), "waiting")


def _may_ask(access: Access) -> dict[str, bool]:
    """Who hands out the roles of groups has no need to ask for one."""
    hands_out = access.can(Permission.GROUPS_ASSIGN_ROLES)
    return {
        "request_project": access.can(Permission.PROJECTS_REQUEST),
        "ask_role": not hands_out and access.org.includes(Entitlement.GROUP_ROLES),
    }


@gate(Permission.ORG_VIEW)
@require_POST
def notices_read(request: OrgRequest, slug: str) -> HttpResponse:
    """No entry in the log: what somebody has read is their own."""
    member = request.access.membership_id
    if member is not None:
        notices.notices_read(membership=member, organization=request.org.id)
    return redirect(f"{reverse('inbox', args=[slug])}?tab=notices")


@gate(Permission.PROJECTS_REQUEST, records=Event.REQUEST_MADE)
def project_request(request: OrgRequest, slug: str) -> HttpResponse:
    workspaces = request.access.visible(Workspace.objects.order_by("sort_name", "id"))
    form = ProjectRequestForm(posted(request), workspaces=workspaces)
    if form.is_valid():
        deed = partial(actions.project_request, **form.cleaned_data, actor=request.access)
        if made := _done(form, deed):
            return _asked(request, made)
    draft = Request(kind=Kind.PROJECT, organization_id=request.org.id)
    return show(request, "projects/project_request.html", form, _deciders(request, draft))


@gate(Permission.HUB_REQUEST_PUBLISH, records=Event.REQUEST_MADE, on=resource_at)
def publish_request(request: ResourceRequest, slug: str, pk: UUID) -> HttpResponse:
    form = RequestForm(posted(request))
    if form.is_valid():
        deed = partial(
            actions.publish_request,
            resource=request.target,
            reason=form.cleaned_data["reason"],
            actor=request.access,
        )
        if made := _done(form, deed):
            return _asked(request, made)
    draft = Request(kind=Kind.PUBLISH, organization_id=request.org.id, resource=request.target)
    context = {"resource": request.target, **_deciders(request, draft)}
    return show(request, "projects/publish_request.html", form, context)


@gate(Permission.ORG_VIEW, records=Event.REQUEST_MADE)
def request_create(request: OrgRequest, slug: str) -> HttpResponse:
    asked = asked_in(request)
    form = AccessRequestForm(posted(request), roles=asked.roles)
    if form.is_valid() and (made := _done(form, partial(_make, request, asked, form))):
        return _asked(request, made)
    draft = asked.draft(request)
    context = {"asked": asked, "draft": draft, **_deciders(request, draft)}
    return show(request, "projects/request_create.html", form, context)


@gate(Permission.ORG_VIEW)
def request_view(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    wanted = _request(request, pk)
    _seen(request, wanted)
    return render(request, "projects/request.html", _about(request, wanted))


@gate(Permission.ORG_VIEW, records=Event.REQUEST_APPROVED)
def request_approve(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    wanted = _request(request, pk)
    form = _approve_form(request, wanted)
    deed = partial(answers.request_approve, request=wanted, actor=request.access)
    context = _about(request, wanted)
    if asks_preview(request):
        preview = _preview(request, wanted, form)
        return show_preview(request, "projects/request_approve.html", form, context, preview)
    if form.is_valid() and (done := _done(form, partial(deed, **form.cleaned_data))):
        _seen(request, wanted)
        text = f"Approved: {done.subject}"
        return elsewhere(request, text, to=reverse("inbox", args=[slug]))
    if not form.is_bound:
        context["preview"] = _preview(request, wanted, _approve_form(request, wanted, first=True))
    return show(request, "projects/request_approve.html", form, context)


@gate(Permission.ORG_VIEW, records=Event.REQUEST_REFUSED)
def request_refuse(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    wanted = _request(request, pk)
    form = RefuseForm(posted(request))
    deed = partial(answers.request_refuse, request=wanted, actor=request.access)
    if form.is_valid() and (done := _done(form, partial(deed, **form.cleaned_data))):
        _seen(request, wanted)
        text = f"Refused: {done.subject}"
        return elsewhere(request, text, to=reverse("inbox", args=[slug]))
    return show(request, "projects/request_refuse.html", form, _about(request, wanted))


@gate(Permission.ORG_VIEW, records=Event.REQUEST_WITHDRAWN)
def request_withdraw(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    wanted = _request(request, pk)
    form = Form(posted(request))
    deed = partial(actions.request_withdraw, request=wanted, actor=request.access)
    if form.is_valid() and (done := _done(form, deed)):
        to = f"{reverse('inbox', args=[slug])}?tab=asked"
        return elsewhere(request, f"Withdrawn: {done.subject}", to=to)
    return show(request, "projects/request_withdraw.html", form, _about(request, wanted))


def _request(request: OrgRequest, pk: UUID) -> Request:
    """One that this person asked for, gets, or may decide; any other is not there."""
    found = queries.request_at(request.access, pk)
    if found is None:
        raise Http404
    return found


def _seen(request: OrgRequest, wanted: Request) -> None:
    """What this person was told about the request is no news to them any more."""
    member = request.access.membership_id
    if request.access.unread and member is not None:
        path = reverse("request_view", args=[request.org.slug, wanted.pk])
        notices.notices_read(membership=member, organization=request.org.id, path=path)


def _make(request: OrgRequest, asked: Asked, form: AccessRequestForm) -> Request:
    said, access = form.cleaned_data, request.access
    terms = {"until": said["until"], "reason": said["reason"], "actor": access}
    if asked.group is not None:
        member = asked.member or own_membership(access)
        return actions.group_request(group=asked.group, membership=member, **terms)
    role = asked.role or said.get("role")
    return actions.access_request(
        permission=asked.permission, role=role, place=asked.place, **terms
    )


def _done(form: Form, deed: Any) -> Request | None:
    """What the deed returned; None when it refused, with why on the form."""
    try:
        made: Request = deed()
    except ValidationError as error:
        refuse(form, error)
        return None
    return made


def _asked(request: OrgRequest, made: Request) -> HttpResponse:
    to = reverse("request_view", args=[request.org.slug, made.pk])
    return elsewhere(request, f"You have asked for {made.subject}", to=to)


def _deciders(request: OrgRequest, draft: Request) -> dict[str, Any]:
    """Whom it goes to, for the form: at most three by name."""
    draft.requested_by_id = cast(UUID, request.access.membership_id)
    found = queries.deciders_of(draft, request.access)
    return {"deciders": found[:3], "more_deciders": len(found[3:])}


def _about(request: OrgRequest, wanted: Request) -> dict[str, Any]:
    """What the page and the dialogs of one request show."""
    may_decide = queries.may_decide(request.access, wanted)
    is_mine = wanted.requested_by_id == request.access.membership_id
    return {
        "wanted": wanted,
        "held": queries.held_by(wanted, request.access),
        "may": {
            "decide": may_decide and wanted.is_open,
            "withdraw": is_mine and wanted.is_open,
            "view_members": request.access.can(Permission.MEMBERS_VIEW),
        },
        "deciders": [] if may_decide else queries.deciders_of(wanted, request.access)[:3],
        "explain_query": _explain(wanted) if may_decide and wanted.permission else "",
    }


def _explain(wanted: Request) -> str:
    """The question that the asker was refused, for the page that explains decisions."""
    asked = {"member": wanted.requested_by_id, "permission": wanted.permission}
    if wanted.place:
        asked["place"] = f"{wanted.place.scope.value}:{wanted.place.pk}"
    return urlencode(asked)


def _approve_form(request: OrgRequest, wanted: Request, *, first: bool = False) -> ApproveForm:
    """`first` is the form as it comes up, filled in: for the preview it comes up with."""
    gives = wanted.kind in (Kind.ACCESS, Kind.PRODUCTION)
    found = ways(request.access, wanted) if gives else []
    needs = {"until"} if gives or wanted.kind == Kind.GROUP else set()
    needs |= {"name"} if wanted.kind == Kind.PROJECT else set()
    needs |= {"way"} if gives else set()
    until = wanted.grants_until
    is_plain = len(found) == 1 or (bool(found) and found[0].role is wanted.asked_role)
    initial = {
        "name": wanted.name,
        "way": found[0].value if is_plain else "",
        "until": timezone.localdate(until).isoformat() if until else "",
    }
    data = initial if first else posted(request)
    return ApproveForm(data, initial=initial, ways=found, needs=needs, is_plain=is_plain)


def _preview(request: OrgRequest, wanted: Request, form: ApproveForm) -> Preview | None:
    """What approving would change, for whom it is asked; publishing shows it in words instead."""
    if wanted.kind == Kind.PUBLISH or not form.is_valid():
        return None
    deed = partial(
        answers.request_approve, request=wanted, actor=request.access, **form.cleaned_data
    )
    return rehearse(request.access, deed, people=queries.people_of(wanted))
