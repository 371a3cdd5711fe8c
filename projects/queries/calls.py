"""Reads of the request log: a page of it, with the names of what its rows refer to by id.

A page costs the same at any depth and however many rows there are: what no one index answers is
looked for among the next rows alone, and the page says how far it looked. What a
rehearsal reads is in `replays.py`; sums are billing's.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from config.keyset import capped_count, keyset_page, page_of, read_cursor
from orgs.access import Access
from orgs.models import Membership
from projects.models import Call, Key, KeySecret, Project, Receipt, ServiceToken
from projects.models.calls import CallQuerySet

PAGE_SIZE = 50
MOST_COUNTED = 1_000
SEARCHED = 20_000
OFFERED = 100
VERIFY = "/v1/keys/verify"
# An id begins with a time shortly before `at`: whoever asked made it.
_APART = datetime.timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class CallFilter:
    """Which requests are asked for; `until` is the first moment that is left out."""

    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    key: UUID | None = None
    project: UUID | None = None
    allowed: bool | None = None
    reason: str = ""
    model: str = ""
    task: str = ""
    ip: str = ""
    call: UUID | None = None

    @property
    def takes_searching(self) -> bool:
        """Does no single index answer it?"""
        indexed = (self.key, self.project, self.allowed is False and not self.reason)
        others = (self.allowed is True, self.reason, self.model, self.task, self.ip)
        return not self.call and (any(others) or sum(map(bool, indexed)) > 1)


@dataclass(frozen=True, slots=True)
class CallPage:
    """Requests, newest first, the cursors beside them, and how far back was looked, if not to
    the end."""

    rows: list[Call]
    newer: str | None
    older: str | None
    searched_to: datetime.datetime | None = None


@dataclass(slots=True)
class Names:
    """What the rows of one page refer to, by id; what is gone is absent."""

    keys: dict[UUID, Key] = field(default_factory=dict)
    secrets: dict[UUID, KeySecret] = field(default_factory=dict)
    projects: dict[UUID, Project] = field(default_factory=dict)
    tokens: dict[UUID, ServiceToken] = field(default_factory=dict)
    holders: dict[UUID, Membership] = field(default_factory=dict)
    verifications: dict[UUID, Call] = field(default_factory=dict)
    settled: dict[UUID, dict[str, Any]] = field(default_factory=dict)


def call_page(
    *, organization: UUID, filters: CallFilter, cursor: str | None, size: int = PAGE_SIZE
) -> CallPage:
    """A page of the log, newest first. One query, or two where it takes searching."""
    rows = _matching(organization, filters)
    edge = None
    if filters.takes_searching:
        edge, backwards = _edge(organization, filters, cursor)
        if edge is not None:
            rows = rows.filter(id__lte=edge) if backwards else rows.filter(id__gte=edge)
    page = keyset_page(rows, order=("-id",), cursor=cursor, size=size)
    if edge is None or backwards or page.older:
        return CallPage(page.rows, page.newer, page.older)
    return CallPage(page.rows, page.newer, _cursor_at(edge), _moment_of(edge))


def call_count(*, organization: UUID, filters: CallFilter) -> int:
    """How many match, counting no further than one past `MOST_COUNTED`. At most two queries."""
    rows = _matching(organization, filters)
    if filters.takes_searching:
        edge, _ = _edge(organization, filters, None)
        rows = rows.filter(id__gte=edge) if edge else rows
    return capped_count(rows, cap=MOST_COUNTED)


def names_of(access: Access, rows: list[Call]) -> Names:
    """Names for the rows of a page; a project that this person may not see has none.

    Six queries at most, one for each kind.
    """
    org = access.org.id
    names = Names()
    if not rows:
        return names
    # A request names a key as it was; the key's own row may have lost its secret since.
    names.keys = Key.objects.in_org(org).in_bulk(_ids(row.key_id for row in rows))
    names.secrets = KeySecret.objects.in_org(org).in_bulk(_ids(row.secret_id for row in rows))
    if projects := _ids(row.project_id for row in rows):
        names.projects = access.visible(Project.objects).in_bulk(projects)
    tokens = ServiceToken.objects.in_org(org).select_related("account")
    names.tokens = tokens.in_bulk(_ids(row.token_id for row in rows))
    holders = Membership.objects.in_org(org)
    names.holders = holders.in_bulk(_ids(row.creator_id for row in rows))
    if asked := _ids(row.verification_id for row in rows):
        calls = Call.objects.in_org(org).filter(pk__in=asked)
        names.verifications = {call.pk: call for call in calls}
    names.settled = _settled(org, rows)
    return names


def keys_to_choose(organization: UUID, *, project: UUID | None = None) -> list[Key]:
    """The newest keys, by name, to narrow the log to. One query."""
    rows = Key.objects.in_org(organization)
    if project:
        rows = rows.filter(project=project)
    newest = rows.order_by("-created_at", "-id")[:OFFERED]
    return sorted(newest, key=lambda key: (key.name.casefold(), key.pk))


def organizations_with_refusals() -> list[UUID]:
    """Whose ledger does not know yet of refused requests."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organizations_with_refusals()")
        return [organization for (organization,) in cursor.fetchall()]


def uuid_floor(moment: datetime.datetime) -> UUID:
    """Where a moment begins among ids that begin with their time, as in the database."""
    milliseconds = max(int(moment.timestamp() * 1000), 0)
    return UUID(int=min(milliseconds, (1 << 48) - 1) << 80)


def _settled(organization: UUID, rows: list[Call]) -> dict[UUID, dict[str, Any]]:
    """What was answered to the report on each verification, as long as receipts are kept."""
    names = {f"verification {row.pk}": row.pk for row in rows if row.allowed}
    if not names:
        return {}
    receipts = Receipt.objects.in_org(organization).filter(name__in=names)
    return {names[name]: answer for name, answer in receipts.values_list("name", "answer")}


def _matching(organization: UUID, filters: CallFilter) -> CallQuerySet:
    rows = _indexed(organization, filters)
    if filters.project and filters.key:
        rows = rows.filter(project_id=filters.project)
    if filters.allowed is not None:
        rows = rows.filter(allowed=filters.allowed)
    if filters.reason:
        rows = rows.filter(allowed=False)
    for name in ("reason", "model", "task", "ip"):
        if value := getattr(filters, name):
            rows = rows.filter(**{name: value})
    return rows.filter(pk=filters.call) if filters.call else rows


def _indexed(organization: UUID, filters: CallFilter) -> CallQuerySet:
    """The rows of the one index that narrows most, within the days that were asked for."""
    rows = Call.objects.in_org(organization)
    if filters.key:
        rows = rows.filter(key_id=filters.key)
    elif filters.project:
        rows = rows.filter(project_id=filters.project)
    elif filters.reason or filters.allowed is False:
        rows = rows.filter(allowed=False)
    # A bound on the time is one on the id too, so that whole months are passed over.
    if filters.since:
        rows = rows.filter(id__gte=uuid_floor(filters.since - _APART), at__gte=filters.since)
    if filters.until:
        rows = rows.filter(id__lt=uuid_floor(filters.until + _APART), at__lt=filters.until)
    return rows


def _edge(organization: UUID, filters: CallFilter, cursor: str | None) -> tuple[UUID | None, bool]:
    """How far from the cursor is looked: the id there, None for to the end; and is it backwards."""
    rows, (backwards, after) = _indexed(organization, filters), read_cursor(cursor, 1)
    if after is not None and isinstance(after[0], UUID):
        rows = rows.filter(id__gt=after[0]) if backwards else rows.filter(id__lt=after[0])
    else:
        backwards = False
    ids: QuerySet[Any, UUID] = rows.order_by("id" if backwards else "-id").values_list(
        "id", flat=True
    )
    return next(iter(ids[SEARCHED : SEARCHED + 1]), None), backwards


def _cursor_at(call: UUID) -> str | None:
    here = [Call(id=call), Call(id=call)]
    return page_of(here, ("id",), size=1, backwards=False, first=True).older


def _moment_of(call: UUID) -> datetime.datetime:
    return datetime.datetime.fromtimestamp((call.int >> 80) / 1000, datetime.UTC)


def _ids(found: Any) -> set[UUID]:
    return {one for one in found if one}
