"""What stands above every page of an organization: support is inside, somebody claims ownership.

No query: the binding brought it along.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from config.moments import format_local
from config.roles import Permission, Role
from orgs.access import Access


@dataclass(frozen=True, kw_only=True, slots=True)
class Banner:
    """`post`: its action is a deed and not a page."""

    kind: str
    text: str
    url: str
    action: str
    title: str = ""
    post: bool = False


def banners(access: Access) -> list[Banner]:
    if access.is_support:
        return [_own_window(access)]
    if access.role not in (Role.OWNER, Role.ADMIN):
        return []
    return [*_claim(access), *_support(access)]


def _own_window(access: Access) -> Banner:
    until = moment(access.window_ends)
    what = "to read only" if access.reads_only else "to read and change"
    return Banner(
        kind="info" if access.reads_only else "warn",
        text=f"You are inside {access.org.name} as support until {until}, {what}.",
        url=reverse("member_leave", args=[access.org.slug]),
        action="Leave",
    )


def _support(access: Access) -> list[Banner]:
    standing, now = access.standing, timezone.now()
    if standing.support_until is None or standing.support_until <= now:
        return []
    may_end = access.can(Permission.ORG_OPEN_SUPPORT_ACCESS)
    route = "support_end_all" if may_end else "support_list"
    return [
        Banner(
            kind="info",
            text=f"Support is inside until {moment(standing.support_until)}:"
            f" {standing.support_names}.",
            url=reverse(route, args=[access.org.slug]),
            action="End now" if may_end else "Look",
            post=may_end,
        )
    ]


def _claim(access: Access) -> list[Banner]:
    standing = access.standing
    if standing.claim_ripe_at is None:
        return []
    when = "now" if standing.claim_ripe_at <= timezone.now() else moment(standing.claim_ripe_at)
    may_cancel = access.role is Role.OWNER
    ends = "unless an owner cancels" if access.org.owner_count else "unless an owner is back"
    return [
        Banner(
            kind="warn",
            title=f"{standing.claim_name} claims ownership.",
            text=f"It may be completed from {when}, {ends}.",
            url=reverse("owner_claim_list", args=[access.org.slug]),
            action="Look and cancel" if may_cancel else "Look",
        )
    ]


def moment(when: datetime.datetime | None) -> str:
    """ "14:00", or with its day where that is another one."""
    if when is None:
        return ""
    today = timezone.localdate() == timezone.localtime(when).date()
    return format_local(when, "H:i" if today else "j M, H:i")
