"""The frame around every page: navigation, palette and account, as far as this person may go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from config.roles import Permission
from orgs.access import Access


@dataclass(frozen=True, kw_only=True)
class Item:
    label: str
    url: str
    icon: str
    current: bool = False
    count: int | None = None
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    label: str
    items: list[Item] = field(default_factory=list)


NAV: tuple[tuple[str, tuple[tuple[str, str, str, Permission], ...]], ...] = (
    ("", (("Dashboard", "dashboard", "home", Permission.ORG_VIEW_DASHBOARD),)),
    (
        "People",
        (
            ("Members", "member_list", "users", Permission.MEMBERS_VIEW),
            ("Groups", "group_list", "user-group", Permission.GROUPS_VIEW),
        ),
    ),
    ("Work", (("Hub", "hub", "squares-2x2", Permission.HUB_ACCESS),)),
    (
        "Reference",
        (
            ("Permissions", "permission_matrix", "table-cells", Permission.ORG_VIEW),
            ("Docs", "docs", "book-open", Permission.ORG_VIEW),
        ),
    ),
)
ORGANIZATION: tuple[tuple[str, str, str, Permission], ...] = (
    ("Settings", "organization_settings", "cog-6-tooth", Permission.ORG_ACCESS_SETTINGS),
    ("Billing", "billing_overview", "credit-card", Permission.BILLING_CHANGE_PLAN),
    ("Audit log", "event_list", "clipboard-document-list", Permission.AUDIT_VIEW),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """The template context that `console.html` reads. No query: it all came with the binding."""
    access: Access | None = getattr(request, "access", None)
    context: dict[str, Any] = {"org": None, "access": access, "nav": [], "nav_bottom": []}
    if access is None or access.organization is None:
        return context
    counts = {
        "member_list": access.organization.member_count,
        "group_list": access.organization.group_count,
    }
    nav = [_section(request, access, label, lines, counts) for label, lines in NAV]
    bottom = _section(request, access, "Organization", ORGANIZATION, counts)
    return context | {
        "org": access.organization,
        "me": {
            "name": access.identity.label,
            "role_label": access.role.label if access.role else "",
            "email": getattr(request.user, "email", ""),
            "pk": access.membership_id,
        },
        "nav": [section for section in nav if section.items],
        "nav_bottom": [bottom] if bottom.items else [],
        "palette": _palette(access, [*nav, bottom]),
    }


def _section(
    request: HttpRequest,
    access: Access,
    label: str,
    lines: tuple[tuple[str, str, str, Permission], ...],
    counts: dict[str, int],
) -> Section:
    here = request.resolver_match.url_name if request.resolver_match else ""
    return Section(
        label=label,
        items=[
            Item(
                label=name,
                url=reverse(route, args=[access.org.slug]),
                icon=icon,
                current=_room(here or "") == _room(route),
                count=counts.get(route),
            )
            for name, route, icon, permission in lines
            if access.can(permission)
        ],
    )


# Routes of one page family light up the same line of the navigation.
_ROOMS = {
    "member": "member_list",
    "invitation": "member_list",
    "ownership": "member_list",
    "access": "member_list",
    "roster": "member_list",
    "group": "group_list",
    "event": "event_list",
    "organization": "organization_settings",
    "permission": "permission_matrix",
}


def _room(route: str) -> str:
    return _ROOMS.get(route.split("_")[0], route)


def _palette(access: Access, sections: list[Section]) -> list[Item]:
    """What Cmd/Ctrl+K finds: the pages of the navigation, and deeds this person may do."""
    pages = [
        Item(label=item.label, url=item.url, icon=item.icon, hint=section.label or "Go to")
        for section in sections
        for item in section.items
    ]
    deeds = (
        ("Invite member", "invitation_create", "user-plus", Permission.MEMBERS_INVITE),
        ("Create group", "group_create", "plus", Permission.GROUPS_CREATE),
        ("Import a roster", "roster_import", "arrow-up-tray", Permission.MEMBERS_CHANGE_ROLE),
        ("Organization settings", "organization_settings", "cog-6-tooth", Permission.ORG_MANAGE_SETTINGS),
        ("Billing (read-only)", "billing_overview", "credit-card", Permission.ORG_VIEW),
    )
    return pages + [
        Item(label=label, url=reverse(route, args=[access.org.slug]), icon=icon, hint="Do")
        for label, route, icon, permission in deeds
        if access.can(permission)
    ]
