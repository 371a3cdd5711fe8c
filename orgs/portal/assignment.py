"""Naming an owner for an organization that has none: asked here, done inside by the clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.actions import assignments
from orgs.forms.claims import AssignmentForm
from orgs.forms.containers import LiftForm
from orgs.models import Organization
from orgs.portal.deeds import Deed, PortalRequest, answer, posted
from orgs.queries.claims import assignment_of

ASSIGN = Permission.PLATFORM_ASSIGN_FIRST_OWNER


def routes(inside: Callable[..., Any], name: Callable[[str], str]) -> list[URLPattern]:
    """For the organizations of the portal; `inside` is its `admin_view`, `name` names a route."""
    return [
        path("<uuid:pk>/owner/assign/", inside(container_assign_owner), name=name("assign")),
        path("<uuid:pk>/owner/unassign/", inside(container_unassign_owner), name=name("unassign")),
    ]


def standing(found: Organization) -> dict[str, Any]:
    """What a container's page says: may somebody be named, and what became of who was."""
    newest = assignment_of(found.pk)
    ownerless = found.owner_count == 0 and found.state != Organization.State.PENDING
    return {
        "assignment": newest,
        "may_assign_owner": ownerless and not (newest and newest.is_running),
    }


@gate(ASSIGN, records=Event.OWNER_CLAIM_CREATED, fresh=True)
def container_assign_owner(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = _found(pk)
    form = posted(request, AssignmentForm)
    deed = Deed(
        title=f"Name an owner for {found.name}?",
        text="Its Admins are told at once, and its own log says so. After 72 hours the person is"
        " invited, unless an owner is active again. You may not name yourself.",
        button="Name this owner",
        busy="Naming",
        back=_page_of(pk),
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
    found, newest = _found(pk), assignment_of(pk)
    if newest is None or not newest.is_running:
        return redirect(_page_of(pk))
    form = posted(request, LiftForm)
    deed = Deed(
        title=f"Take back the naming of {newest.email}?",
        text=f"Nobody is invited, and {found.name} stays without an owner.",
        button="Take it back",
        busy="Taking back",
        back=_page_of(pk),
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


def _found(pk: UUID) -> Organization:
    return get_object_or_404(Organization.objects.as_containers(), pk=pk)


def _page_of(pk: UUID) -> str:
    return reverse("admin:orgs_organization_change", args=[pk])
