"""What the portal's lists have in common: rights from the rule book, no deletion, one record; and
how one container is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote
from uuid import UUID

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from config.roles import Permission
from orgs.models import Organization

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin


class ContainerAdmin(Base):
    """A list of containers. Whatever changes one has a page and a deed of its own."""

    permission: ClassVar[Permission]
    actions = None
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if "\x00" in unquote(request.META.get("QUERY_STRING", "")):
            # Django would ask the database, which refuses such text with an error.
            return redirect(request.path)
        if request.GET.get("state__exact") == "":
            # Any state, as the form says it; Django would look for the empty one.
            request.GET = request.GET.copy()  # type: ignore[assignment]
            del request.GET["state__exact"]  # type: ignore[misc]
        states = {
            "states": self.model.State.choices,
            "state": request.GET.get("state__exact", ""),
        }
        return super().changelist_view(request, states)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """A list is asked for by its own filters alone: no address leads across a relation."""
        return lookup.partition("__")[0] in self.list_filter

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.access.can(self.permission))  # type: ignore[attr-defined]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    # The ledger records; Django's own log would be a second one that can be rewritten.
    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any: ...

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any: ...

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any: ...


def container_at(pk: UUID) -> Organization:
    return get_object_or_404(Organization.objects.as_containers(), pk=pk)


def page_of(pk: UUID) -> str:
    return reverse("admin:orgs_organization_change", args=[pk])
