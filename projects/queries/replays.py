"""What a rehearsal reads: a key's requests in the order of their time, and the lists above it.

Bounded in time and in number; the rules that are applied to them are in `projects/rehearsal.py`.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q

from projects.models import Key, Limit
from projects.models.limits import Network

MOST_REPLAYED = 50_000
_AT_ONCE = 5_000


class Event(NamedTuple):
    """A verification, or the usage that settles one; `window_at` is when its budget's window
    began."""

    at: datetime.datetime
    id: UUID
    settles: UUID | None
    project: UUID | None
    allowed: bool
    reason: str
    layer: str
    ip: str | None
    task: str
    model: str
    estimate: int
    cost: int
    window_at: datetime.datetime
    unpriced: bool


@dataclass(frozen=True, slots=True)
class Replayable:
    """What was spent in the window before `since`, and everything from there on."""

    since: datetime.datetime
    capped: bool
    spent: int
    window_at: datetime.datetime
    events: Iterator[Event]


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of one limit: None for no limit, empty for nothing."""

    networks: tuple[Network, ...] | None
    tasks: frozenset[str] | None
    models: frozenset[str] | None

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Lists:
        """Of the fields of a limit; networks may be texts or networks."""
        networks = values.get("allowed_networks")
        tasks, models = values.get("allowed_tasks"), values.get("allowed_models")
        return cls(
            None
            if networks is None
            else tuple(ipaddress.ip_network(str(one), strict=False) for one in networks),
            None if tasks is None else frozenset(tasks),
            None if models is None else frozenset(models),
        )

    def refuse(self, event: Event) -> str:
        """The reason for which they refuse a call; empty for none."""
        if self.networks is not None and not self._hold(event.ip):
            return "network"
        if self.tasks is not None and event.task not in self.tasks:
            return "task"
        return "model" if self.models is not None and event.model not in self.models else ""

    def _hold(self, ip: str | None) -> bool:
        if ip is None:
            return False
        address = ipaddress.ip_address(ip)
        return any(address in network for network in self.networks or ())


# The index of keys is ordered by id, which begins with the time an instant before `at`.
_OF_THE_KEY = """
    c.organization_id = %(org)s AND c.key_id = %(key)s
    AND c.id >= uuid_floor(%(since)s - interval '1 minute') AND c.at >= %(since)s
    AND c.at < %(until)s
"""
_BEYOND = """
    SELECT c.at FROM projects_call c
    WHERE {of_the_key} AND c.endpoint IN ('/v1/keys/verify', '/v1/usage')
    ORDER BY c.id DESC OFFSET %(most)s LIMIT 1
"""
_BEFORE = """
    SELECT w.began, (
        SELECT coalesce(sum(c.cost), 0)::bigint FROM projects_call c
        WHERE c.organization_id = %(org)s AND c.key_id = %(key)s
          AND c.id >= uuid_floor(
              window_start(%(window)s, %(since)s, %(zone)s) - interval '1 minute')
          AND c.id < uuid_floor(%(since)s + interval '1 minute')
          AND c.at >= w.began AND c.at < %(since)s AND c.cost <> 0)
    FROM window_start(%(window)s, %(since)s, %(zone)s) AS w (began)
"""
_EVENTS = """
    SELECT c.at, c.id, c.verification_id, c.project_id, c.allowed, c.reason, c.layer, host(c.ip),
           c.task, c.model, c.estimate, c.cost, window_start(%(window)s, c.at, %(zone)s),
           %(priced)s AND c.estimate = 0 AND c.units IS NOT NULL
               AND price_of(c.model, c.units) IS NULL
    FROM projects_call c
    WHERE {of_the_key} AND c.endpoint IN ('/v1/keys/verify', '/v1/usage')
    ORDER BY c.at, c.id
"""
_BEYOND, _EVENTS = (statement.format(of_the_key=_OF_THE_KEY) for statement in (_BEYOND, _EVENTS))


def replayable(
    *,
    key: Key,
    since: datetime.datetime,
    until: datetime.datetime,
    window: str,
    zone: str,
    priced: bool,
) -> Replayable:
    """The newest requests of a key in this span, and what its window had spent before them.

    `priced` marks the calls whose units have no price: a budget would refuse them. Two queries,
    and a third that streams while the events are taken. Raises DataError for an unknown zone.
    """
    asked: dict[str, Any] = {
        "org": key.organization_id,
        "key": key.pk,
        "since": since,
        "until": until,
        "most": MOST_REPLAYED,
        "window": window,
        "zone": zone,
        "priced": priced,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BEYOND, asked)
        beyond = cursor.fetchone()
        if beyond:
            # What happened at that very instant is left out with it.
            asked["since"] = beyond[0] + datetime.timedelta(microseconds=1)
        cursor.execute(_BEFORE, asked)
        began, spent = cursor.fetchone()
    return Replayable(asked["since"], beyond is not None, spent, began, _events(asked))


def lists_above(key: Key) -> dict[UUID | None, list[Lists]]:
    """What the other layers of a key list today: everywhere (None), and by project. One query."""
    rows = Limit.objects.in_org(key.organization_id).exclude(
        allowed_networks=None, allowed_tasks=None, allowed_models=None
    )
    layers = Q(layer__in=("plan", "organization")) | Q(layer="project")
    if key.cost_centre_id:
        layers |= Q(layer="group", group=key.cost_centre_id)
    if key.creator_id:
        layers |= Q(layer="creator", creator=key.creator_id)
    found: dict[UUID | None, list[Lists]] = defaultdict(list)
    for row in rows.filter(layers).values(
        "project_id", "allowed_networks", "allowed_tasks", "allowed_models"
    ):
        found[row["project_id"]].append(Lists.read(row))
    return found


def _events(asked: Mapping[str, Any]) -> Iterator[Event]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_EVENTS, asked)
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from map(Event._make, rows)
