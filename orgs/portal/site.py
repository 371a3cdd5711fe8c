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
from orgs.portal import checkpoints, providers
from orgs.portal.accounts import AccountAdmin
from orgs.portal.ledger import platform_counters, platform_log
from orgs.portal.metrics import platform_metrics
from orgs.portal.organizations import OrganizationAdmin
from orgs.portal.settings import platform_settings
from orgs.queries.containers import (
    accounts_by_state,
    organizations_by_state,
    waiting_accounts,
)
from orgs.shell import Item, Section

PAGES = (
    (
        "Platform",
        (
            ("Overview", "admin:index", "home"),
            ("Organizations", "admin:orgs_organization_changelist", "building-office-2"),
            ("Accounts", "admin:accounts_user_changelist", "users"),
            ("Metrics", "admin:platform_metrics", "chart-bar"),
        ),
    ),
    (
        "Running it",
        (
            ("Model providers", "admin:platform_provider_list", "sparkles"),
            ("Settings", "admin:platform_settings", "cog-6-tooth"),
            ("Platform log", "admin:platform_log", "clipboard-document-list"),
        ),
    ),
)
ROOMS = dict.fromkeys(
    ("admin:platform_counters", "admin:platform_checkpoints"), "admin:platform_log"
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
            *self._own_pages(),
        ]
        for _, door in doors_of(urls):
            if lock_of(door.callback) is None:
                door.callback = _locked(door.callback)
        return urls

    def _own_pages(self) -> list[URLPattern]:
        inside = self.admin_view
        return [
            path("metrics/", inside(platform_metrics), name="platform_metrics"),
            path("settings/", inside(platform_settings), name="platform_settings"),
            path("log/", inside(platform_log), name="platform_log"),
            path("log/organizations/", inside(platform_counters), name="platform_counters"),
            *(
                path(f"log/{route}", inside(view), name=view.__name__)
                for route, view in (
                    ("export/", checkpoints.platform_log_export),
                    ("checkpoints/", checkpoints.platform_checkpoints),
                    ("checkpoints/export/", checkpoints.platform_checkpoint_export),
                    ("checkpoints/verify_ledger.py", checkpoints.platform_verifier),
                )
            ),
            *(
                path(f"providers/{route}", inside(view), name=view.__name__)
                for route, view in (
                    ("", providers.platform_provider_list),
                    ("new/", providers.platform_provider_create),
                    ("<uuid:pk>/", providers.platform_provider_change),
                    ("<uuid:pk>/token/", providers.platform_provider_rotate),
                    ("<uuid:pk>/delete/", providers.platform_provider_delete),
                )
            ),
        ]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """The frame that `console.html` reads. Django's own needs pages that are not here."""
        return {
            "site_header": self.site_header,
            "nav": [_section(request, label, pages) for label, pages in PAGES],
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
            "waiting": waiting_accounts(),
            "entries": recent(PLATFORM, 8),
        }
        return render(request, "admin/index.html", self.each_context(request) | context)

    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_login")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_logout")


def _section(request: HttpRequest, label: str, pages: tuple[tuple[str, str, str], ...]) -> Section:
    match = request.resolver_match
    here = match.view_name if match else ""
    return Section(
        label=label,
        items=[
            Item(label=name, url=reverse(route), icon=icon, current=_room(here) == _room(route))
            for name, route, icon in pages
        ],
    )


def _room(route: str) -> str:
    """The pages of one container or provider light up the line of its list."""
    if route.startswith(("admin:orgs_", "admin:accounts_", "admin:platform_provider_")):
        return route.rpartition("_")[0]
    return ROOMS.get(route, route)


def _locked(view: Callable[..., Any]) -> Callable[..., Any]:
    # A wrapper, because some of the views are bound methods and cannot be marked.
    @gate(Permission.PLATFORM_ACCESS_ADMIN_PORTAL)
    @wraps(view)
    def locked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return view(request, *args, **kwargs)

    return locked
