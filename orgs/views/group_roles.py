"""The boxes of the groups table: a role given, taken, and the undo of either. HTTP only."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.actions.group_roles import group_role_toggle as toggle
from orgs.actions.group_roles import group_role_undo as undo
from orgs.models import Group
from orgs.queries import groups as queries
from orgs.queries.group_effect import role_effect
from orgs.tenancy import OrgRequest
from orgs.views.group_at import Note, back_to, group_at, may, role_at

WANTED = {"1": True, "0": False}


@gate(Permission.GROUPS_ASSIGN_ROLES, records=Event.GROUP_ROLE_GIVEN)
@require_POST
def group_role_toggle(request: OrgRequest, slug: str, pk: UUID, role: str) -> HttpResponse:
    group, wanted = group_at(request, pk), role_at(role)
    on = WANTED.get(request.POST.get("on", ""))
    if on is None:
        error = ValidationError("Say whether the group is to carry the role.", code="on")
        return _refused(request, group, error)
    try:
        done = toggle(group=group, role=wanted, on=on, actor=request.access)
    except ValidationError as error:
        return _refused(request, group, error)
    if not done.changed:
        state = "already carries" if on else "does not carry"
        text = f"{group.name} {state} {wanted.label}. Nothing changed"
        return _answer(request, Note(group=group, text=text))
    effect = role_effect(access=request.access, group=group, role=wanted, given=on)
    note = Note(group=group, text=effect.sentence, effect=effect, undo=done.undo)
    return _answer(request, note)


@gate(Permission.GROUPS_ASSIGN_ROLES, records=Event.GROUP_ROLE_RESTORED)
@require_POST
def group_role_undo(request: OrgRequest, slug: str, pk: UUID, role: str) -> HttpResponse:
    group, wanted = group_at(request, pk), role_at(role)
    try:
        undo(group=group, role=wanted, token=request.POST.get("token", ""), actor=request.access)
    except ValidationError as error:
        return _refused(request, group, error)
    text = f"Undone: {wanted.label} of {group.name} is as it was"
    return _answer(request, Note(group=group, text=text, undone=wanted))


def _answer(request: OrgRequest, note: Note) -> HttpResponse:
    if request.htmx:
        return _row(request, note.group, note)
    if not note.undo:
        messages.success(request, note.text)
    return redirect(back_to(request, note.group, undo=note.undo))


def _refused(request: OrgRequest, group: Group, error: ValidationError) -> HttpResponse:
    """Why not, and the row as it stands: a box that jumped ahead goes back."""
    text = " ".join(error.messages)
    if request.htmx:
        response = _row(request, group, None, status=422)
        trigger_client_event(response, "toast", {"text": text, "kind": "bad"})
    else:
        context = {"group": group, "refusal": text, "back": back_to(request, group)}
        response = render(request, "orgs/group_role_refused.html", context, status=422)
    response.reason_code = error.code or "invalid"  # type: ignore[attr-defined]
    return response


def _row(
    request: OrgRequest, group: Group, note: Note | None, *, status: int = 200
) -> HttpResponse:
    line = queries.group_line(access=request.access, group=group)
    context = {"line": line, "note": note, "may": may(request), "swapped": True}
    return render(request, "orgs/groups.html#group-row", context, status=status)
