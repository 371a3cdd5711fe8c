"""Who could come in at a moment at all: whose account was on, and who was there as support.

What they held is in judge.py; a membership says for itself whether it was in force.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from audit.events import Event as Action
from audit.models import Event
from projects.history.fold import ACCOUNT, Fact, of_rows
from projects.history.moments import Moment


def is_off(account: Fact | None) -> bool:
    """Of who has nothing noted the account was on: it is noted when it is switched off."""
    return account is not None and not account.values["is_active"]


def off_then(organization: UUID, moment: Moment, members: Collection[UUID]) -> set[UUID]:
    """Those of these members whose account was switched off. One query."""
    accounts = of_rows(organization, moment, [ACCOUNT], members)
    return {account.row for account in accounts if is_off(account)}


def support_then(organization: UUID, moment: Moment, members: Collection[UUID]) -> set[UUID]:
    """Those of these members who came through a window: the entry that opened it names them."""
    opened = Event.objects.filter(
        organization_id=organization,
        action=Action.SUPPORT_OPENED.value,
        outcome="done",
        sequence__lte=moment.sequence,
        target_id__in=list(members),
    )
    named = opened.values_list("target_id", flat=True) if members else []
    return {pk for pk in named if pk}
