"""Naming an owner for an organization that has none: asked here, done inside by the clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.actions import assignments
from orgs.forms.claims import AssignmentForm
from orgs.forms.containers import LiftForm
from orgs.models import Organization
from orgs.portal.containers import container_at, page_of
from orgs.portal.deeds import Deed, PortalRequest, answer, posted
from orgs.queries.claims import assignment_of, owner_accounts

ASSIGN = Permission.PLATFORM_ASSIGN_FIRST_OWNER


def routes(inside: Callable[..., Any], name: Callable[[str], str]) -> list[URLPattern]:
    """For the organizations of the portal; `inside` is its `admin_view`, `name` names a route."""
    return [
        path("<uuid:pk>/owner/assign/", inside(container_assign_owner), name=name("assign")),
        path("<uuid:pk>/owner/unassign/", inside(container_unassign_owner), name=name("unassign")),
    ]


def standing(found: Organization) -> dict[str, Any]:
    """What a container's page says: may somebody be named, and what became of who was.

    Who keeps an owner out must not name the next one: that makes nobody ownerless.
    """
    newest = assignment_of(found.pk)
    nobody_acts = found.owner_count == 0 and found.state != Organization.State.PENDING
    kept_out = owner_accounts(found.pk) if nobody_acts else 0
    return {
        "assignment": newest,
        "owners_kept_out": kept_out,
        "may_assign_owner": nobody_acts and not kept_out and not (newest and newest.is_running),
    }


@gate(ASSIGN, records=Event.OWNER_CLAIM_CREATED, fresh=True)
def container_assign_owner(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = container_at(pk)
    form = posted(request, AssignmentForm)
    deed = Deed(
        title=f"Name an owner for {found.name}?",
        text="Its Admins are told at once, and its own log says so. After 72 hours the person is"
        " invited, unless there is an owner again. You may not name yourself.",
        button="Name this owner",
        busy="Naming",
        back=page_of(pk),
        icon="key",
        danger=True,
    )

    def act() -> str:
        assignments.owner_assignment_create(
            organization=pk,
            name=found.name,
            email=form.cleaned_data["email"],
            reason=form.cleaned_data["reason"],
            actor=request.access,
        )
        return f"The Admins of {found.name} are being told. The 72 hours begin with their notice."

    return answer(request, deed, form, act)


@gate(ASSIGN, records=Event.OWNER_CLAIM_CANCELED)
def container_unassign_owner(request: PortalRequest, pk: UUID) -> HttpResponse:
    found, newest = container_at(pk), assignment_of(pk)
    if newest is None or not newest.is_running:
        return redirect(page_of(pk))
    form = posted(request, LiftForm)
    deed = Deed(
        title=f"Take back the naming of {newest.email}?",
        text=f"Nobody is invited, and {found.name} stays without an owner.",
        button="Take it back",
        busy="Taking back",
        back=page_of(pk),
        icon="arrow-uturn-left",
    )

    def act() -> str:
        assignments.owner_assignment_cancel(
            organization=pk,
            name=found.name,
            claim=newest.id,
            email=newest.email,
            reason=form.cleaned_data["reason"],
            actor=request.access,
        )
        return f"{newest.email} will not be invited."

    return answer(request, deed, form, act)
