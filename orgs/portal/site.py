"""The portal's site: its doors, who may pass them, and the frame around its pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.shortcuts import redirect, render
from django.urls import URLPattern, URLResolver, include, path, reverse

from accounts.models import User
from audit.models import PLATFORM
from audit.queries import recent
from config.gate import doors_of, gate, lock_of
from config.roles import Permission, Role
from orgs.models import Organization
from orgs.portal.accounts import AccountAdmin
from orgs.portal.ledger import platform_log
from orgs.portal.organizations import OrganizationAdmin
from orgs.queries.containers import accounts_by_state, organizations_by_state
from orgs.shell import Item, Section

PAGES = (
    ("Overview", "admin:index", "home"),
    ("Organizations", "admin:orgs_organization_changelist", "building-office-2"),
    ("Accounts", "admin:accounts_user_changelist", "users"),
    ("Platform log", "admin:platform_log", "clipboard-document-list"),
)


class Portal(AdminSite):
    site_header = site_title = "Bailiwick portal"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.register(Organization, OrganizationAdmin)
        self.register(User, AccountAdmin)

    def has_permission(self, request: HttpRequest) -> bool:
        access = getattr(request, "access", None)
        return access is not None and access.can(Permission.PLATFORM_ACCESS_ADMIN_PORTAL)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The portal's own routes; Django's for passwords, history and look-ups are left out."""
        organizations, accounts = self._registry[Organization], self._registry[User]
        urls: list[URLPattern | URLResolver] = [
            path("", self.admin_view(self.index), name="index"),
            path("login/", self.login, name="login"),
            path("logout/", self.logout, name="logout"),
            path("organizations/", include(organizations.get_urls())),
            path("accounts/", include(accounts.get_urls())),
            path("log/", self.admin_view(platform_log), name="platform_log"),
        ]
        for _, door in doors_of(urls):
            if lock_of(door.callback) is None:
                door.callback = _locked(door.callback)
        return urls

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """The frame that `console.html` reads. Django's own needs pages that are not here."""
        return {
            "site_header": self.site_header,
            "nav": [_navigation(request)],
            "me": {
                "name": str(request.user),
                "email": getattr(request.user, "email", ""),
                "role_label": Role.SUPERADMIN.label,
                "pk": request.user.pk,
            },
        }

    def index(self, request: HttpRequest, extra_context: Any = None) -> Any:
        context = {
            "organizations": organizations_by_state(),
            "accounts": accounts_by_state(),
            "entries": recent(PLATFORM, 8),
        }
        return render(request, "admin/index.html", self.each_context(request) | context)

    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_login")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_logout")


def _navigation(request: HttpRequest) -> Section:
    match = request.resolver_match
    here = match.view_name if match else ""
    return Section(
        label="Platform",
        items=[
            Item(
                label=label,
                url=reverse(route),
                icon=icon,
                # The pages of one container light up the line of its list.
                current=here.rpartition("_")[0] == route.rpartition("_")[0]
                if route.endswith("_changelist")
                else here == route,
            )
            for label, route, icon in PAGES
        ],
    )


def _locked(view: Callable[..., Any]) -> Callable[..., Any]:
    # A wrapper, because some of the views are bound methods and cannot be marked.
    @gate(Permission.PLATFORM_ACCESS_ADMIN_PORTAL)
    @wraps(view)
    def locked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return view(request, *args, **kwargs)

    return locked
