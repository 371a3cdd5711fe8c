"""Organizations as containers: their list, what is seen of one from outside, and its name.

Their first owners are in `first_owner.py`, their turns (shut, opened, deleted) in `turns.py`.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.actions import containers
from orgs.forms.containers import RenameForm
from orgs.models import Organization
from orgs.portal import assignment, first_owner, turns
from orgs.portal.containers import ContainerAdmin, container_at, page_of
from orgs.portal.deeds import Deed, PortalRequest, answer, posted

MANAGE = Permission.PLATFORM_MANAGE_ORGANIZATIONS


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
            path("new/", inside(first_owner.container_create), name=name("add")),
            path("<uuid:pk>/", inside(container_view), name=name("change")),
            path("<uuid:pk>/rename/", inside(container_rename), name=name("rename")),
            path("<uuid:pk>/owner/", inside(first_owner.container_name_owner), name=name("owner")),
            *assignment.routes(inside, name),
            *turns.routes(inside, name),
        ]


@gate(MANAGE)
def container_view(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = container_at(pk)
    context = {"found": found, "may": turns.open_to(found)}
    context |= assignment.standing(found) | admin.site.each_context(request)
    return render(request, "admin/organization.html", context)


@gate(MANAGE, records=Event.ORGANIZATION_CHANGED)
def container_rename(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = container_at(pk)
    form = posted(request, RenameForm, name=found.name)
    deed = Deed(
        title=f"Rename {found.name}",
        text="Everyone in it sees the new name at once. Its address stays.",
        button="Rename",
        busy="Renaming",
        back=page_of(pk),
        icon="pencil-square",
    )

    def act() -> str:
        named = containers.container_rename(
            organization=pk, name=form.cleaned_data["name"], actor=request.access
        )
        return f"The organization is called {named.name}."

    return answer(request, deed, form, act)
