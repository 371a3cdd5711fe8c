"""Pages of the platform's own chain, as the portal's role reads it: by rights of its own, and
through no function that would search whatever it is bound to.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.db.models import Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from audit.models import PLATFORM, Event
from audit.queries.entries import with_words
from config.keyset import Page, keyset_page

NEVER = 2**63 - 1
FIELDS = {"actor": "actor_id", "action": "action", "outcome": "outcome"}


def platform_events(asked: Mapping[str, Any], *, cursor: str | None) -> Page[Any]:
    """A page of 50, newest first; `asked` may hold actor, action, outcome and days. Two queries."""
    found = Event.objects.filter(organization_id=PLATFORM).filter(
        **{FIELDS[name]: value for name, value in asked.items() if name in FIELDS}
    )
    if "days" in asked:
        since = timezone.now() - datetime.timedelta(days=int(asked["days"]))
        # Time never runs back along a chain: a moment is a place in it.
        first = Event.objects.filter(organization_id=PLATFORM, at__gte=since)
        found = found.filter(
            sequence__gte=Coalesce(
                Subquery(first.order_by("at", "sequence").values("sequence")[:1]), NEVER
            )
        )
    page = keyset_page(found, order=("-sequence",), cursor=cursor)
    rows: list[Any] = with_words(PLATFORM, page.rows)
    return Page(rows, page.newer, page.older)
