"""Which live keys stop when members leave, and where each could go before.

What is done about them is in `projects/actions/leaving.py` and `key_rotation.py`.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from config.keyset import Page, capped_count, keyset_page
from config.roles import Permission
from orgs.access import Access
from orgs.leaving import Losses, Stopping
from orgs.models import Membership
from projects.models import Call, Key, Project
from projects.queries.calls import uuid_floor
from projects.queries.key_deeds import given_away
from projects.queries.keys import last_use, projects_seen

SHOWN = 5
PAGE_SIZE = 50
MOST = 1_000
HOUR = datetime.timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldKey:
    """A live key in the list of one member. `project` is None where it may not be named."""

    key: Key
    project: Project | None
    may_give: bool


def keys_that_stop(access: Access, members: Sequence[UUID]) -> Losses:
    """What the dialogs of removal say. Three queries at most.

    The names of keys are for who sees all keys, and for their own creator.
    """
    rows = live_of(access.org.id, members)
    busiest = (F("used_at").desc(nulls_last=True), "-created_at")
    first = list(rows.select_related("creator").order_by(*busiest)[: SHOWN + 1])
    if not first:
        return Losses()
    number = len(first) if len(first) <= SHOWN else capped_count(rows, cap=MOST)
    named = access.can(Permission.KEYS_SET_POLICIES) or list(members) == [access.membership_id]
    lately = capped_count(_calls_of(access.org.id, rows), cap=10_000) if first[0].used_at else 0
    return Losses(
        number=number,
        first=tuple(_stopping(key) for key in first[:SHOWN]) if named else (),
        lately=lately,
        url=_page_of(access, members),
    )


def live_of(organization: UUID, members: Sequence[UUID]) -> QuerySet[Any]:
    """The live keys of these members, each with when it was last used."""
    rows: QuerySet[Any] = Key.objects.in_org(organization).live().filter(creator__in=members)
    annotated: QuerySet[Any] = rows.annotate(used_at=last_use())
    return annotated


def member_keys(
    access: Access, member: Membership, cursor: str | None
) -> tuple[Page[Key], list[HeldKey]]:
    """A page of one member's live keys, newest first, and which this person may give away."""
    rows = live_of(access.org.id, [member.pk]).select_related("project")
    page = keyset_page(rows, order=("-created_at", "-id"), cursor=cursor, size=PAGE_SIZE)
    seen, given = projects_seen(access, page.rows), given_away(access, page.rows)
    return page, [
        HeldKey(
            key=key,
            project=key.project if key.project_id in seen else None,
            may_give=key.pk in given,
        )
        for key in page.rows
    ]


def _calls_of(organization: UUID, keys: QuerySet[Key]) -> QuerySet[Call]:
    since = timezone.now() - HOUR
    calls = Call.objects.in_org(organization).filter(id__gte=uuid_floor(since), at__gte=since)
    return calls.filter(key_id__in=keys.order_by().values("pk"))


def _stopping(key: Any) -> Stopping:
    creator = key.creator.name if key.creator else ""
    return Stopping(name=key.name, creator=creator, last_used_at=key.used_at)


def _page_of(access: Access, members: Sequence[UUID]) -> str:
    if len(members) != 1 or not access.can(Permission.KEYS_CREATE):
        return ""
    return reverse("member_keys", args=[access.org.slug, members[0]])
