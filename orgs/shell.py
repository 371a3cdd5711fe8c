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
from orgs.banners import banners
from orgs.keys import active_keys, counted_keys
from orgs.navigation import DEEDS, INCLUDED, NAV, ORGANIZATION, PALETTE_NAMES, ROOMS, SETTINGS, Line
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
        "banners": banners(access),
        "nav": [section for section in nav if section.items],
        "nav_bottom": [bottom] if bottom.items else [],
        "palette": _palette(access, [*nav, bottom]),
        "legal": _legal(access),
        "settings_tabs": partial(_settings_tabs, request, access),
    }


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
    lines: tuple[Line, ...],
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
            if access.can(permission) and _has_a_line(access, route)
        ],
    )


def _has_a_line(access: Access, route: str) -> bool:
    """Not what the plan shuts, and not what is merely to be read by a policy."""
    if route in INCLUDED:
        return access.includes(INCLUDED[route])
    return route != "billing_overview" or not _only_reads(access)


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


def _room(route: str) -> str:
    return ROOMS.get(route) or ROOMS.get(route.split("_")[0], route)


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
