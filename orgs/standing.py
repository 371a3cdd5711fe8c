"""What stands over an organization at this moment, and what a window of support withholds.

Plain data: the binding brings the one along, `orgs/access.py` applies the other. Nothing else says
what a window withholds: the gate, an explanation and an evaluation all ask `Access`.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from config.roles import Permission, Role, Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What stands over the organization, as every page of it says: the binding brought it along.

    Until when support may stay and who it is; when a claim of ownership is ripe and whose it is.
    """

    support_until: datetime.datetime | None = None
    support_names: str = ""
    claim_ripe_at: datetime.datetime | None = None
    claim_name: str = ""


QUIET = Standing()

# As whom support comes in: to read, or to read and change.
WINDOW_ROLES = (Role.VIEWER, Role.ADMIN)


def _verb(permission: Permission) -> str:
    return permission.value.partition(".")[2]


# What support never does, whatever its window: what would outlast the window, or widen it.
OUTLASTING = frozenset(
    {
        *(Permission.MEMBERS_INVITE, Permission.MEMBERS_CHANGE_ROLE, Permission.MEMBERS_REMOVE),
        *(Permission.GROUPS_MANAGE_MEMBERS, Permission.GROUPS_ASSIGN_ROLES),
        *(Permission.WORKSPACES_MANAGE_MEMBERS, Permission.PROJECTS_MANAGE_MEMBERS),
        *(Permission.RUNNERS_SHARE, Permission.AUTOMATIONS_SHARE),
        *(Permission.KEYS_CREATE, Permission.PROJECTS_CREATE_KEYS),
        *(Permission.ORG_MANAGE_WEBHOOKS, Permission.ORG_OPEN_SUPPORT_ACCESS),
        *(Permission.ORG_TRANSFER_OWNERSHIP, Permission.ORG_DELETE),
    }
)
# What only looks, and all that is left of a window to read. Whatever else there is, now or in a
# later rule book, does something or takes contents away.
LOOKING = frozenset(
    {
        *(p for p in Permission if p.scope is not Scope.PLATFORM and _verb(p).startswith("view")),
        *(Permission.ORG_ACCESS_SETTINGS, Permission.HUB_ACCESS),
    }
)
_DOING = frozenset(p for p in Permission if p.scope is not Scope.PLATFORM) - LOOKING


def withheld_by_window(role: Role | None) -> frozenset[Permission]:
    """What a window of support withholds: one of a Viewer is open to read, others to change."""
    return _DOING if role is Role.VIEWER else OUTLASTING


def windows_without(permission: Permission) -> tuple[Role, ...]:
    """The windows, by the role of their membership, through which nobody may do this."""
    return tuple(role for role in WINDOW_ROLES if permission in withheld_by_window(role))
