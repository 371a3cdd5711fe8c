"""Which entries are asked for: the fields of a filter, and the terms that they are found by.

Pages of what a filter finds are in `pages.py`.
"""

from __future__ import annotations

import base64
import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL

from audit import models
from audit.events import Event
from audit.models import Outcome
from audit.queries.entries import entries_of


@dataclass(frozen=True, slots=True)
class Origin:
    """An address, or the beginning of one."""

    text: str
    is_whole: bool = True

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, kw_only=True, slots=True)
class EventFilter:
    """Which entries are asked for; `until` is the first moment that is left out."""

    text: str = ""
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    actor: UUID | None = None
    action: str = ""
    area: str = ""
    outcome: Outcome | None = None
    target: UUID | None = None
    key: UUID | None = None
    origin: Origin | None = None

    @property
    def most_counted(self) -> int:
        """How far to count: less far where several places of an index are read together."""
        return 1_000 if self.area or self.key else 10_000

    @property
    def fields(self) -> dict[str, Any]:
        """What is asked for apart from the time, without what is left open."""
        names = ("text", "actor", "action", "area", "outcome", "target", "key", "origin")
        values = ((name, getattr(self, name)) for name in names)
        return {name: value for name, value in values if value}

    @property
    def is_search(self) -> bool:
        """Is it asked in words, or in a combination that no one index answers?"""
        fields = self.fields
        return bool(
            len(fields) > 1 or "text" in fields or "origin" in fields or self.outcome == "done"
        )

    @property
    def actions(self) -> list[str]:
        """The actions of the area."""
        return [event.value for event in Event if event.value.partition(".")[0] == self.area]


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What a document must hold, as `log_find` and `log_query` take it."""

    text: str
    all: list[str]
    any: list[str]
    none: list[str]
    begins: str


def terms_of(filters: EventFilter) -> Terms:
    """The letters stand in audit 0005, with how a document is made."""
    f, origin = filters, filters.origin
    required = [
        *([f"r{_in_document(f.actor)}"] if f.actor else []),
        *([f"a{f.action}"] if f.action else []),
        *([f"n{f.area}"] if f.area else []),
        *([f"o{f.outcome.value}"] if f.outcome and f.outcome is not Outcome.DONE else []),
        *([f"t{_in_document(f.target)}"] if f.target else []),
        *([f"i{origin.text}"] if origin and origin.is_whole else []),
    ]
    return Terms(
        text=f.text,
        all=required,
        any=[f"{kind}{_in_document(f.key)}" for kind in "rt"] if f.key else [],
        none=["odenied", "ofailed"] if f.outcome is Outcome.DONE else [],
        begins=f"i{origin.text}" if origin and not origin.is_whole else "",
    )


def matching(*, organization: UUID, filters: EventFilter) -> QuerySet[models.Event]:
    """Every entry that a filter asks for, in no order: for a file, which reads all of them."""
    events = _within(organization, filters)
    named = {"actor": "actor_id", "action": "action", "outcome": "outcome", "target": "target_id"}
    for name, value in filters.fields.items():
        if name in named:
            events = events.filter(**{named[name]: value})
    if filters.area:
        events = events.filter(action__in=filters.actions)
    if filters.key:
        events = events.filter(Q(actor_id=filters.key) | Q(target_id=filters.key))
    if filters.text or filters.origin:
        terms = terms_of(EventFilter(text=filters.text, origin=filters.origin))
        said = RawSQL(_SAID, _said(terms), output_field=BooleanField())  # noqa: S611
        events = events.filter(said)
    return events


_SAID = """EXISTS (
    SELECT FROM audit_particulars p
    WHERE p.organization_id = audit_event.organization_id AND p.sequence = audit_event.sequence
      AND p.document @@ (
          SELECT coalesce(log_query(log_searched(%s), %s, '{}', '{}', %s, ''), '')::tsquery)
)"""


def _said(terms: Terms) -> tuple[Any, ...]:
    return terms.text, terms.all, terms.begins


def _within(organization: UUID, filters: EventFilter) -> QuerySet[models.Event]:
    """Time never runs back along a chain: a moment is a place in it, found once in an index, and
    a page then costs the same at any depth.
    """
    events = entries_of(organization)
    if filters.since:
        first = entries_of(organization).filter(at__gte=filters.since).order_by("at", "sequence")
        events = events.filter(sequence__gte=Subquery(first.values("sequence")[:1]))
    if filters.until:
        last = entries_of(organization).filter(at__lt=filters.until).order_by("-at", "-sequence")
        events = events.filter(sequence__lte=Subquery(last.values("sequence")[:1]))
    return events


def _in_document(identity: UUID) -> str:
    return base64.b64encode(identity.bytes).decode().rstrip("=")
