"""What stands over an organization at this moment, and what a window of support withholds.

Plain data: the binding brings the one along, `orgs/access.py` applies the other.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from config.roles import Permission


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
# And what takes contents away, where support is let in to read.
TAKING_AWAY = frozenset({Permission.AUDIT_EXPORT, Permission.BILLING_EXPORT_USAGE})
