"""Support windows and support cases. HTTP only: get, ask, act, show."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit.events import Event
from config.gate import gate, reason_code
from config.roles import Permission
from orgs.actions import support as actions
from orgs.actions import support_cases as cases
from orgs.forms.members import ReasonForm
from orgs.forms.support import AnswerForm, CaseForm, SupportOpenForm
from orgs.models import SupportCase, SupportWindow
from orgs.queries.organizations import owner_names
from orgs.queries.support import case_list, windows_open, windows_past
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show
from orgs.views.organizations import person_of

HANDLE = Permission.ORG_HANDLE_SUPPORT
OPEN = Permission.ORG_OPEN_SUPPORT_ACCESS


@gate(HANDLE)
@require_safe
def support_list(request: OrgRequest, slug: str) -> HttpResponse:
    org, may_open = request.org.id, request.access.can(OPEN)
    past = windows_past(org, cursor=request.GET.get("windows"))
    found = case_list(org, cursor=request.GET.get("cases"))
    context = {
        "windows": windows_open(org),
        "past": past,
        "cases": found,
        "may_open": may_open,
        "owners": [] if may_open else owner_names(org),
        "pages": _pages("windows", past) | _pages("cases", found),
    }
    return render(request, "orgs/support.html", context)


@gate(OPEN, records=Event.SUPPORT_OPENED, fresh=True)
def support_open(request: OrgRequest, slug: str) -> HttpResponse:
    form = SupportOpenForm(posted(request))
    if form.is_valid():
        try:
            windows = actions.support_open(actor=request.access, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            names = " and ".join(window.name for window in windows)
            many = "are" if len(windows) > 1 else "is"
            text = f"{names} {many} let in. Their actions stand in your audit log"
            return elsewhere(request, text, to=reverse("support_list", args=[slug]))
    return show(request, "orgs/support_open.html", form, {})


@gate(HANDLE)
@require_safe
def support_view(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    window = _window(request, pk)
    access = request.access
    context = {
        "window": window,
        "may_end": window.is_open and access.can(OPEN),
        "sees_log": access.can(Permission.AUDIT_VIEW),
    }
    return render(request, "orgs/support_window.html", context)


@gate(OPEN, records=Event.SUPPORT_ENDED)
def support_end(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    window = _window(request, pk)
    form = ReasonForm(posted(request))
    if form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            actions.support_end(window=window, reason=reason, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"{window.name} is out again"
            return elsewhere(request, text, to=reverse("support_list", args=[slug]))
    return show(request, "orgs/support_end.html", form, {"window": window})


@gate(OPEN, records=Event.SUPPORT_ENDED)
def support_end_all(request: OrgRequest, slug: str) -> HttpResponse:
    """What the banner of every page offers: one click, and nobody of support is inside."""
    to = reverse("support_list", args=[slug])
    if request.method != "POST":
        return redirect(to)
    actions.support_end_all(reason="", actor=request.access)
    return elsewhere(request, "Nobody of support is inside any more", to=to)


@gate(HANDLE, records=Event.SUPPORT_CASE_CREATED)
def support_case_create(request: OrgRequest, slug: str) -> HttpResponse:
    form = CaseForm(posted(request))
    if form.is_valid():
        case = cases.support_case_create(
            reply_to=person_of(request).email, actor=request.access, **form.cleaned_data
        )
        to = reverse("support_case_view", args=[slug, case.pk])
        return elsewhere(request, f"Case {case.number} is on its way to support", to=to)
    return show(request, "orgs/support_case_create.html", form, {})


@gate(HANDLE)
@require_safe
def support_case_view(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    return _case_page(request, _case(request, pk), AnswerForm())


@gate(HANDLE, records=Event.SUPPORT_CASE_ANSWERED)
def support_case_answer(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    case = _case(request, pk)
    form = AnswerForm(posted(request))
    if form.is_valid():
        try:
            cases.support_case_answer(
                case=case,
                reply_to=person_of(request).email,
                actor=request.access,
                **form.cleaned_data,
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            to = reverse("support_case_view", args=[slug, pk])
            return elsewhere(request, f"Written on case {case.number}", to=to)
    return _case_page(request, case, form)


@gate(HANDLE, records=Event.SUPPORT_CASE_SOLVED)
def support_case_solve(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    case = _case(request, pk)
    to = reverse("support_case_view", args=[slug, pk])
    if request.method != "POST":
        return redirect(to)
    cases.support_case_solve(case=case, actor=request.access)
    return elsewhere(request, f"Case {case.number} is solved", to=to)


def _case_page(request: OrgRequest, case: SupportCase, form: AnswerForm) -> HttpResponse:
    notes = list(case.notes.in_org(request.org.id).order_by("at", "id"))
    context = {"case": case, "notes": notes, "form": form}
    refused = form.is_bound and bool(form.errors)
    response = render(request, "orgs/support_case.html", context, status=422 if refused else 200)
    if refused:
        response.reason_code = reason_code(form)  # type: ignore[attr-defined]
    return response


def _pages(name: str, page: Any) -> dict[str, str | None]:
    return {
        f"{name}_newer": f"?{name}={page.newer}" if page.newer else None,
        f"{name}_older": f"?{name}={page.older}" if page.older else None,
    }


def _window(request: OrgRequest, pk: UUID) -> SupportWindow:
    return get_object_or_404(SupportWindow.objects.in_org(request.org.id), pk=pk)


def _case(request: OrgRequest, pk: UUID) -> SupportCase:
    return get_object_or_404(SupportCase.objects.in_org(request.org.id), pk=pk)
