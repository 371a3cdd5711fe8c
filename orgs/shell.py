"""The frame around every page: navigation, palette and account, as far as this person may go."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from config.legal import documents
from config.roles import Permission, Policy, permissions_of
from orgs.access import Access
from orgs.keys import active_keys, counted_keys
from orgs.queries.organizations import owner_names
from orgs.team import Tab


@dataclass(frozen=True, kw_only=True)
class Item:
    label: str
    url: str
    icon: str
    current: bool = False
    count: int | None = None
    hint: str = ""
    group: str = ""


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
    (
        "Work",
        (
            ("Workspaces", "workspace_list", "rectangle-stack", Permission.ORG_VIEW_DASHBOARD),
            ("Projects", "project_list", "folder", Permission.ORG_VIEW_DASHBOARD),
            ("Runners", "runner_list", "server-stack", Permission.ORG_VIEW_DASHBOARD),
            ("Automations", "automation_list", "bolt", Permission.ORG_VIEW_DASHBOARD),
            ("Executions", "execution_list", "queue-list", Permission.EXECUTIONS_VIEW),
            ("Hub", "hub", "squares-2x2", Permission.HUB_ACCESS),
            ("Inbox", "inbox", "inbox", Permission.ORG_VIEW),
        ),
    ),
    (
        "Measure",
        (
            ("Usage", "usage", "chart-bar", Permission.BILLING_VIEW_USAGE),
            ("Insights", "insights", "presentation-chart-line", Permission.INSIGHTS_VIEW),
        ),
    ),
    (
        "Reference",
        (
            ("Permissions", "permission_matrix", "table-cells", Permission.ORG_VIEW),
            ("Docs", "docs", "book-open", Permission.ORG_VIEW),
            ("Security", "security", "shield-check", Permission.ORG_VIEW),
        ),
    ),
)
ORGANIZATION: tuple[tuple[str, str, str, Permission], ...] = (
    ("Settings", "organization_settings", "cog-6-tooth", Permission.ORG_ACCESS_SETTINGS),
    ("Billing", "billing_overview", "credit-card", Permission.BILLING_VIEW),
    ("Audit log", "event_list", "clipboard-document-list", Permission.AUDIT_VIEW),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """The template context that `console.html` reads. No query: it all came with the binding."""
    access: Access | None = getattr(request, "access", None)
    context: dict[str, Any] = {"org": None, "access": access, "nav": [], "nav_bottom": []}
    if access is None or access.organization is None:
        return context
    remember(request, access.organization.slug)
    if access.organization.state != "open":
        context |= _while_shut(access)
    counts = {"member_list": access.organization.member_count}
    if access.unread:
        counts["inbox"] = access.unread
    # The count includes secret groups, so only who sees those sees it.
    if access.can(Permission.GROUPS_MANAGE_MEMBERS):
        counts["group_list"] = access.organization.group_count
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
        "legal": _legal(access),
        "settings_tabs": partial(_settings_tabs, request, access),
    }


# The pages of the settings: label, route, permission. A page of one lights up its tab.
SETTINGS = (
    ("General", "organization_settings", Permission.ORG_ACCESS_SETTINGS),
    ("API keys", "key_list", Permission.KEYS_CREATE),
    ("Limits", "limit_list", Permission.KEYS_SET_POLICIES),
    ("Service accounts", "service_account_list", Permission.KEYS_CREATE),
    ("Model providers", "provider_list", Permission.ORG_CONFIGURE_PROVIDERS),
    ("Requests", "call_list", Permission.KEYS_SET_POLICIES),
)


def _settings_tabs(request: HttpRequest, access: Access) -> list[Tab]:
    """What `_settings_tabs.html` shows, for who may open each. One query, for the live keys."""
    family = (request.resolver_match.url_name or "" if request.resolver_match else "").split("_")[0]
    live = active_keys(access.org.id) if access.can(Permission.KEYS_CREATE) else 0
    return [
        Tab(
            label=label,
            url=reverse(route, args=[access.org.slug]),
            route=route,
            count=counted_keys(live) if route == "key_list" and live else "",
            current=route.split("_")[0] == family,
        )
        for label, route, permission in SETTINGS
        if access.can(permission)
    ]


def remember(request: HttpRequest, slug: str) -> None:
    """Where `/` and the shortcuts lead: the organization last looked at. Written on change only."""
    if request.session.get("org") != slug:
        request.session["org"] = slug


def _while_shut(access: Access) -> dict[str, Any]:
    """What the page of an organization that is not open offers: whom to ask, and the way back."""
    is_owner = access.can(Permission.ORG_DELETE)
    return {
        "owners_to_ask": [] if is_owner else owner_names(access.org.id),
        "may_restore": is_owner and access.org.state == "closing",
    }


def _legal(access: Access) -> list[Item]:
    """The legal documents, and the invoices for who may view them (S1-061–065)."""
    found = [Item(label=each.label, url=each.url, icon="", hint=each.note) for each in documents()]
    if access.can(Permission.BILLING_VIEW_INVOICES):
        url = reverse("invoice_list", args=[access.org.slug])
        note = f"What {access.org.name} was asked to pay"
        found.append(Item(label="Invoices", url=url, icon="", hint=note))
    return found


def _section(
    request: HttpRequest,
    access: Access,
    label: str,
    lines: tuple[tuple[str, str, str, Permission], ...],
    counts: dict[str, int],
) -> Section:
    here = _here(request)
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
            if access.can(permission) and not (route == "billing_overview" and _only_reads(access))
        ],
    )


def _only_reads(access: Access) -> bool:
    """Is billing open to this person by nothing but the policy? Then its page is reached from
    the palette, and no line of the navigation is spent on it (S4-015)."""
    without = permissions_of(access.roles, access.policies - {Policy.MEMBERS_READ_BILLING})
    return Permission.BILLING_VIEW not in without


def _here(request: HttpRequest) -> str | None:
    """The route, or the list in which what it is about stands: a runner is in no project."""
    target = getattr(request, "target", None)
    kind = getattr(target, "kind", "")
    if kind in ("runner", "automation"):
        return f"{kind}_list"
    if getattr(target, "kind_label", "") == "key" and getattr(target, "project_id", None):
        return "project_list"
    return request.resolver_match.url_name if request.resolver_match else ""


# Routes of one page family light up the same line of the navigation.
_ROOMS = {
    "member": "member_list",
    "invitation": "member_list",
    "ownership": "member_list",
    "access": "member_list",
    "roster": "member_list",
    "expiry": "member_list",
    "group": "group_list",
    "event": "event_list",
    "organization": "organization_settings",
    "key": "organization_settings",
    "limit": "organization_settings",
    "call": "organization_settings",
    "service": "organization_settings",
    "provider": "organization_settings",
    "permission": "permission_matrix",
    "explain": "permission_matrix",
    "billing": "billing_overview",
    "plan": "billing_overview",
    "subscription": "billing_overview",
    "payment": "billing_overview",
    "invoice": "billing_overview",
    "credit": "billing_overview",
    "budget": "billing_overview",
    "insights": "insights",
    "project_insights": "insights",
    "project_insights_enable": "insights",
    "project_insights_disable": "insights",
    "organization_access": "permission_matrix",
    "workspace": "workspace_list",
    "project": "project_list",
    "secret": "project_list",
    "personal": "project_list",
    "agent": "project_list",
    "workflow": "project_list",
    "tool": "project_list",
    "knowledge": "project_list",
    "resource": "project_list",
    "runner": "runner_list",
    "environment": "runner_list",
    "integration": "runner_list",
    "automation": "automation_list",
    "request": "inbox",
    "notices": "inbox",
    "publish": "inbox",
    "hub": "hub",
    "task": "hub",
}


def _room(route: str) -> str:
    return _ROOMS.get(route) or _ROOMS.get(route.split("_")[0], route)


# In the palette a name stands without its section.
PALETTE_NAMES = {"Settings": "Organization settings"}

# What Cmd/Ctrl+K finds besides the pages of the navigation; a fragment leads to a section.
DEEDS: tuple[tuple[str, str, str, str, Permission], ...] = (
    ("Invite member", "invitation_create", "", "user-plus", Permission.MEMBERS_INVITE),
    ("Create group", "group_create", "", "plus", Permission.GROUPS_CREATE),
    ("Create workspace", "workspace_create", "", "plus", Permission.WORKSPACES_CREATE),
    ("Create project", "project_create", "", "plus", Permission.PROJECTS_CREATE),
    ("Request a project", "project_request", "", "hand-raised", Permission.PROJECTS_REQUEST),
    ("Explain access", "explain", "", "magnifying-glass-circle", Permission.ORG_VIEW),
    ("Who may do what", "organization_access", "", "identification", Permission.MEMBERS_VIEW),
    ("Import a roster", "roster_import", "", "arrow-up-tray", Permission.MEMBERS_CHANGE_ROLE),
    ("Create API key", "key_create", "", "key", Permission.KEYS_CREATE),
    ("API keys", "key_list", "", "key", Permission.KEYS_CREATE),
    ("Limits of keys", "limit_list", "", "scale", Permission.KEYS_SET_POLICIES),
    ("Requests of keys", "call_list", "", "queue-list", Permission.KEYS_SET_POLICIES),
    (
        "Service accounts",
        "service_account_list",
        "",
        "cpu-chip",
        Permission.KEYS_CREATE,
    ),
    (
        "Change policies",
        "organization_settings",
        "#policies",
        "adjustments-horizontal",
        Permission.ORG_MANAGE_SETTINGS,
    ),
    (
        "Worker SSH key",
        "organization_settings",
        "#ssh-key",
        "command-line",
        Permission.ORG_VIEW_SSH_KEY,
    ),
)


def _palette(access: Access, sections: list[Section]) -> list[Item]:
    """The pages of the navigation, and the deeds that this person may do."""
    pages = [
        Item(
            label=PALETTE_NAMES.get(item.label, item.label),
            url=item.url,
            icon=item.icon,
            hint=section.label,
            group="Go to",
        )
        for section in sections
        for item in section.items
    ]
    if access.can(Permission.BILLING_VIEW) and _only_reads(access):
        url = reverse("billing_overview", args=[access.org.slug])
        pages.append(Item(label="Billing, to read", url=url, icon="credit-card", group="Go to"))
    pages.append(
        Item(
            label="Another organization",
            url=reverse("organization_list"),
            icon="building-office",
            group="Go to",
        )
    )
    return pages + [
        Item(
            label=label,
            url=reverse(route, args=[access.org.slug]) + fragment,
            icon=icon,
            group="Do",
        )
        for label, route, fragment, icon, permission in DEEDS
        if access.can(permission)
    ]
