"""What a leaving member's keys come to: they stop with them, each with its entry (S2-151).

Called by `orgs/leaving.py` before the row goes. Whatever goes another way is revoked by the
trigger `keys_revoked`; giving a key away before is in `key_rotation.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from audit.ledger import Actor
from projects.actions.keys import revoke
from projects.models import Key

# The same words as the trigger's, so that a key says the same whichever came first.
REASON = "Its creator left the organization."


def revoke_of_leavers(*, organization: UUID, members: Sequence[UUID], actor: Actor) -> None:
    """Revoke what these members made and nobody took over. Their memberships are locked."""
    working = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    rows = Key.objects.in_org(organization).filter(working, creator__in=members, revoked_at=None)
    held = rows.select_for_update(of=("self",), no_key=True)
    keys = held.select_related("project", "creator", "account").order_by("pk")
    revoke(list(keys), reason=REASON, actor=actor)
