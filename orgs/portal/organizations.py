"""Organizations as containers: what they are called, how they stand, and never what is inside."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs import letters
from orgs.actions import containers
from orgs.forms.containers import ContainerForm, LiftForm, OwnerForm, RenameForm, ShutForm
from orgs.models import Invitation, Organization
from orgs.portal import assignment
from orgs.portal.containers import ContainerAdmin
from orgs.portal.deeds import Deed, PortalRequest, Stop, answer, posted
from orgs.queries.containers import keys_of

MANAGE = Permission.PLATFORM_MANAGE_ORGANIZATIONS
State = Organization.State


class OrganizationAdmin(ContainerAdmin):
    permission = MANAGE
    list_display = ("name", "slug", "state", "member_count", "created_at")
    list_filter = ("state",)
    search_fields = ("name", "slug")
    ordering = ("name", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organization]:
        return Organization.objects.as_containers()

    def get_urls(self) -> list[URLPattern]:
        inside = self.admin_site.admin_view
        name = "orgs_organization_{}".format
        return [
            path("", inside(self.changelist_view), name=name("changelist")),
            path("new/", inside(container_create), name=name("add")),
            path("<uuid:pk>/", inside(container_view), name=name("change")),
            path("<uuid:pk>/owner/", inside(container_name_owner), name=name("owner")),
            *assignment.routes(inside, name),
            path("<uuid:pk>/rename/", inside(container_rename), name=name("rename")),
            path("<uuid:pk>/suspend/", inside(container_suspend), name=name("suspend")),
            path("<uuid:pk>/resume/", inside(container_resume), name=name("resume")),
            path("<uuid:pk>/archive/", inside(container_archive), name=name("archive")),
            path("<uuid:pk>/unarchive/", inside(container_unarchive), name=name("unarchive")),
            path("<uuid:pk>/delete/", inside(container_close), name=name("close")),
            path("<uuid:pk>/restore/", inside(container_restore), name=name("restore")),
        ]


@gate(MANAGE)
def container_view(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = container_at(pk)
    context = {
        "found": found,
        "may": {
            "name_owner": found.state == State.PENDING,
            "suspend": found.state == State.OPEN,
            "resume": found.state == State.SUSPENDED,
            "archive": found.state == State.OPEN,
            "unarchive": found.state == State.ARCHIVED,
            "close": found.state in (State.OPEN, State.ARCHIVED, State.PENDING),
            "restore": found.state == State.CLOSING,
        },
    }
    context |= assignment.standing(found) | admin.site.each_context(request)
    return render(request, "admin/organization.html", context)


@gate(Permission.PLATFORM_CREATE_ORGANIZATIONS, records=Event.ORGANIZATION_CREATED)
def container_create(request: PortalRequest) -> HttpResponse:
    form = posted(request, ContainerForm)
    code = "invalid"
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            made = containers.container_create(
                name=given["name"],
                slug=given["slug"],
                owner_email=given["email"],
                preset=given["preset"],
                actor=request.access,
            )
        except ValidationError as refusal:
            code = "refused"
            form.add_error(None, refusal)
        else:
            return _invited(request, *made)
    context = admin.site.each_context(request) | {"form": form}
    status = 422 if form.is_bound else 200
    response = render(request, "admin/organization_create.html", context, status=status)
    response.reason_code = code  # type: ignore[attr-defined]
    return response


@gate(Permission.PLATFORM_ASSIGN_FIRST_OWNER, records=Event.INVITATION_SENT)
def container_name_owner(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = container_at(pk)
    form = posted(request, OwnerForm)
    code = "invalid"
    if form.is_bound and form.is_valid():
        try:
            made = containers.container_name_owner(
                organization=pk, email=form.cleaned_data["email"], actor=request.access
            )
        except ValidationError as refusal:
            code = getattr(refusal, "code", None) or "refused"
            form.add_error(None, refusal)
        else:
            return _invited(request, *made)
    context = admin.site.each_context(request) | {"form": form, "found": found}
    status = 422 if form.is_bound else 200
    response = render(request, "admin/organization_owner.html", context, status=status)
    response.reason_code = code  # type: ignore[attr-defined]
    return response


def _invited(
    request: PortalRequest, organization: Organization, invitation: Invitation, token: str
) -> HttpResponse:
    """The link goes out by mail and is shown this once: only its hash is kept."""
    link = request.build_absolute_uri(reverse("invitation_view", args=[token]))
    letters.post([letters.first_owner_letter(invitation, organization=organization, link=link)])
    context: dict[str, Any] = {"found": organization, "invitation": invitation, "link": link}
    context |= admin.site.each_context(request)
    return render(request, "admin/organization_invited.html", context)


@gate(MANAGE, records=Event.ORGANIZATION_CHANGED)
def container_rename(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = container_at(pk)
    form = posted(request, RenameForm, name=found.name)
    deed = Deed(
        title=f"Rename {found.name}",
        text="Everyone in it sees the new name at once. Its address stays.",
        button="Rename",
        busy="Renaming",
        back=_page_of(pk),
        icon="pencil-square",
    )

    def act() -> str:
        named = containers.container_rename(
            organization=pk, name=form.cleaned_data["name"], actor=request.access
        )
        return f"The organization is called {named.name}."

    return answer(request, deed, form, act)


@gate(MANAGE, records=Event.ORGANIZATION_SUSPENDED, fresh=True)
def container_suspend(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = container_at(pk)
    form = posted(request, ShutForm, confirm=found.name)
    deed = Deed(
        title=f"Suspend {found.name}?",
        text=f"{_people(found)} shut out at once and read why. Nothing is lost; you may lift it.",
        button=f"Suspend {found.name}",
        busy="Suspending",
        back=_page_of(pk),
        icon="no-symbol",
        danger=True,
        stops=what_stops(found),
        confirm=found.name,
    )

    def act() -> str:
        containers.container_suspend(
            organization=pk, reason=form.cleaned_data["reason"], actor=request.access
        )
        return f"{found.name} is suspended."

    return answer(request, deed, form, act)


@gate(MANAGE, records=Event.ORGANIZATION_ARCHIVED, fresh=True)
def container_archive(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = container_at(pk)
    form = posted(request, ShutForm, confirm=found.name)
    deed = Deed(
        title=f"Archive {found.name}?",
        text=f"{_people(found)} shut out at once and read that it is archived, and why. Nothing is"
        " lost; a superadmin may restore it.",
        button=f"Archive {found.name}",
        busy="Archiving",
        back=_page_of(pk),
        icon="archive-box",
        danger=True,
        stops=what_stops(found),
        confirm=found.name,
    )

    def act() -> str:
        containers.container_archive(
            organization=pk, reason=form.cleaned_data["reason"], actor=request.access
        )
        return f"{found.name} is archived."

    return answer(request, deed, form, act)


@gate(MANAGE, records=Event.ORGANIZATION_RESTORED)
def container_unarchive(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = container_at(pk)
    form = posted(request, LiftForm)
    deed = Deed(
        title=f"Bring {found.name} back from the archive?",
        text="Everything is as it was, keys included.",
        button="Bring it back",
        busy="Opening",
        back=_page_of(pk),
        icon="archive-box-arrow-down",
    )

    def act() -> str:
        containers.container_unarchive(
            organization=pk, reason=form.cleaned_data["reason"], actor=request.access
        )
        return f"{found.name} is open again."

    return answer(request, deed, form, act)


@gate(MANAGE, records=Event.ORGANIZATION_RESUMED)
def container_resume(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = container_at(pk)
    form = posted(request, LiftForm)
    deed = Deed(
        title=f"Lift the suspension of {found.name}?",
        text="Everything is as it was.",
        button="Lift the suspension",
        busy="Opening",
        back=_page_of(pk),
        icon="lock-open",
    )

    def act() -> str:
        containers.container_resume(
            organization=pk, reason=form.cleaned_data["reason"], actor=request.access
        )
        return f"{found.name} is open again."

    return answer(request, deed, form, act)


@gate(MANAGE, records=Event.ORGANIZATION_CLOSED, fresh=True)
def container_close(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = container_at(pk)
    form = posted(request, ShutForm, confirm=found.name)
    deed = Deed(
        title=f"Delete {found.name}?",
        text=f"{_people(found)} shut out at once. After {settings.CLOSING_DAYS} days it is"
        " deleted for good; until then you or an owner may restore it.",
        button=f"Delete {found.name}",
        busy="Deleting",
        back=_page_of(pk),
        icon="trash",
        danger=True,
        stops=what_stops(found),
        confirm=found.name,
    )

    def act() -> str:
        containers.container_close(
            organization=pk, reason=form.cleaned_data["reason"], actor=request.access
        )
        return f"{found.name} is shut, and will be deleted."

    return answer(request, deed, form, act)


@gate(MANAGE, records=Event.ORGANIZATION_RESTORED)
def container_restore(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = container_at(pk)
    if request.method != "POST":
        return redirect(_page_of(pk))
    form = posted(request, LiftForm)
    deed = Deed(
        title=f"Restore {found.name}?",
        text="Everything is as it was.",
        button="Restore",
        busy="Restoring",
        back=_page_of(pk),
        icon="arrow-uturn-left",
    )

    def act() -> str:
        containers.container_restore(organization=pk, actor=request.access)
        return f"{found.name} is restored."

    return answer(request, deed, form, act)


def container_at(pk: UUID) -> Organization:
    return get_object_or_404(Organization.objects.as_containers(), pk=pk)


def _page_of(pk: UUID) -> str:
    return reverse("admin:orgs_organization_change", args=[pk])


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
