"""The turns of a container: suspended, archived or to be deleted, and open again.

Each is one of two deeds, to shut it or to open it; the database lets no other turn through.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.urls import URLPattern, path

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.actions import containers
from orgs.forms.containers import LiftForm, ShutForm
from orgs.models import Organization
from orgs.portal.containers import container_at, page_of
from orgs.portal.deeds import Deed, PortalRequest, Stop, answer, posted
from orgs.queries.containers import keys_of

MANAGE = Permission.PLATFORM_MANAGE_ORGANIZATIONS
State = Organization.State
Act = Callable[..., Organization]
NOW = {
    State.PENDING: "waits for its first owner again.",
    State.OPEN: "is open again.",
    State.SUSPENDED: "is suspended.",
    State.ARCHIVED: "is archived.",
    State.CLOSING: "is shut, and will be deleted.",
}


def routes(inside: Callable[..., Any], name: Callable[[str], str]) -> list[URLPattern]:
    """For the organizations of the portal; `inside` is its `admin_view`, `name` names a route."""
    return [
        path("<uuid:pk>/suspend/", inside(container_suspend), name=name("suspend")),
        path("<uuid:pk>/resume/", inside(container_resume), name=name("resume")),
        path("<uuid:pk>/archive/", inside(container_archive), name=name("archive")),
        path("<uuid:pk>/unarchive/", inside(container_unarchive), name=name("unarchive")),
        path("<uuid:pk>/delete/", inside(container_close), name=name("close")),
        path("<uuid:pk>/restore/", inside(container_restore), name=name("restore")),
    ]


def open_to(found: Organization) -> dict[str, bool]:
    """What may be done with it as it stands, for its page."""
    return {
        "name_owner": found.state == State.PENDING,
        "suspend": found.state == State.OPEN,
        "resume": found.state == State.SUSPENDED,
        "archive": found.state == State.OPEN,
        "unarchive": found.state == State.ARCHIVED,
        "close": found.state in (State.OPEN, State.ARCHIVED, State.PENDING),
        "restore": found.state == State.CLOSING,
    }


@gate(MANAGE, records=Event.ORGANIZATION_SUSPENDED, fresh=True)
def container_suspend(request: PortalRequest, pk: UUID) -> HttpResponse:
    return _shut(
        request,
        container_at(pk),
        containers.container_suspend,
        verb="Suspend",
        busy="Suspending",
        text="and read why. Nothing is lost; you may lift it.",
        icon="no-symbol",
    )


@gate(MANAGE, records=Event.ORGANIZATION_ARCHIVED, fresh=True)
def container_archive(request: PortalRequest, pk: UUID) -> HttpResponse:
    return _shut(
        request,
        container_at(pk),
        containers.container_archive,
        verb="Archive",
        busy="Archiving",
        text="and read that it is archived, and why. Nothing is lost; a superadmin may restore it.",
        icon="archive-box",
    )


@gate(MANAGE, records=Event.ORGANIZATION_CLOSED, fresh=True)
def container_close(request: PortalRequest, pk: UUID) -> HttpResponse:
    return _shut(
        request,
        container_at(pk),
        containers.container_close,
        verb="Delete",
        busy="Deleting",
        text=f"and read why. After {settings.CLOSING_DAYS} days it is deleted for good; until then"
        " you or an owner may restore it.",
        icon="trash",
    )


@gate(MANAGE, records=Event.ORGANIZATION_RESUMED)
def container_resume(request: PortalRequest, pk: UUID) -> HttpResponse:
    return _open(
        request,
        container_at(pk),
        containers.container_resume,
        title="Lift the suspension of {name}?",
        button="Lift the suspension",
        text="Everything is as it was.",
        icon="lock-open",
    )


@gate(MANAGE, records=Event.ORGANIZATION_RESTORED)
def container_unarchive(request: PortalRequest, pk: UUID) -> HttpResponse:
    return _open(
        request,
        container_at(pk),
        containers.container_unarchive,
        title="Bring {name} back from the archive?",
        button="Bring it back",
        text="Everything is as it was, keys included.",
        icon="archive-box-arrow-down",
    )


@gate(MANAGE, records=Event.ORGANIZATION_RESTORED)
def container_restore(request: PortalRequest, pk: UUID) -> HttpResponse:
    return _open(
        request,
        container_at(pk),
        containers.container_restore,
        title="Restore {name}?",
        button="Restore",
        text="Everything is as it was, and it is not deleted.",
        icon="arrow-uturn-left",
    )


def _shut(
    request: PortalRequest,
    found: Organization,
    act: Act,
    *,
    verb: str,
    busy: str,
    text: str,
    icon: str,
) -> HttpResponse:
    """Shut it for everyone, once its name is typed and a reason given."""
    deed = Deed(
        title=f"{verb} {found.name}?",
        text=f"{_people(found)} shut out at once {text}",
        button=f"{verb} {found.name}",
        busy=busy,
        back=page_of(found.pk),
        icon=icon,
        danger=True,
        stops=what_stops(found),
        confirm=found.name,
    )
    form = posted(request, ShutForm, confirm=found.name)
    return answer(request, deed, form, partial(_turned, request, found, act, form))


def _open(
    request: PortalRequest,
    found: Organization,
    act: Act,
    *,
    title: str,
    button: str,
    text: str,
    icon: str,
) -> HttpResponse:
    """Open it again; a reason may be given."""
    deed = Deed(
        title=title.format(name=found.name),
        text=text,
        button=button,
        busy="Opening",
        back=page_of(found.pk),
        icon=icon,
    )
    form = posted(request, LiftForm)
    return answer(request, deed, form, partial(_turned, request, found, act, form))


def _turned(request: PortalRequest, found: Organization, act: Act, form: forms.Form) -> str:
    reason = form.cleaned_data["reason"]
    turned = act(organization=found.pk, reason=reason, actor=request.access)
    return f"{turned.name} {NOW[State(turned.state)]}"


def _people(organization: Organization) -> str:
    """As in "41 people are"; a counter, and nobody's name."""
    number = organization.member_count
    if not number:
        return "Nobody is in it yet; whoever is invited is"
    return "1 person is" if number == 1 else f"{number} people are"


def what_stops(organization: Organization) -> tuple[Stop, ...]:
    """In numbers alone: whose keys they are, and what they do, is not seen from here."""
    keys, tokens = keys_of(organization.pk)
    return (
        Stop(
            icon="users",
            label="People",
            note="They lose all access now; their accounts stay.",
            number=organization.member_count,
            bad=True,
        ),
        Stop(
            icon="key",
            label="Live keys",
            note="Every call with them fails.",
            number=keys,
            bad=keys > 0,
        ),
        Stop(
            icon="cpu-chip",
            label="Tokens of service accounts",
            note="Programs that act for it stop.",
            number=tokens,
            bad=tokens > 0,
        ),
    )
