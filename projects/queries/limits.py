"""Reads of limits: what is approved, how far each layer is used up, and what binds a key."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from config.roles import Permission
from orgs.access import Access
from orgs.queries.groups import visible_groups
from projects.allowance import Allowance, Approved, names
from projects.limits import Binding, LimitState, binding, nearness, states
from projects.models import Key, Limit, ModelPrice
from projects.refusals import LAYERS

MOST_CALLS, MOST_CALLERS = 50_000, 500
UNSEEN = "A project you do not see"

# Where each meter stands now: a window that is over counts as not begun, and so does a minute.
_STATES = """
    SELECT l.id, l.layer, l.subject, l.budget, l.window, l.zone, l.rpm,
           l.allowed_networks::text[], l.allowed_tasks, l.allowed_models, l.longest_days,
           l.changed_at, b.name,
           CASE WHEN m.window_at < w.began THEN 0 ELSE m.spent END AS spent, m.reserved,
           CASE WHEN m.minute < w.minute THEN 0 ELSE m.minute_count END AS used,
           CASE WHEN l.budget IS NOT NULL THEN window_end(l.window, w.began, l.zone) END
               AS resets_at,
           w.minute + interval '1 minute' AS minute_resets_at
    FROM projects_limit l
    JOIN projects_meter m ON m.id = l.id
    LEFT JOIN orgs_membership b ON b.id = l.changed_by_id
    CROSS JOIN LATERAL (
        SELECT window_start(l.window, greatest(m.window_at, clock_timestamp()), l.zone) AS began,
               greatest(m.minute, date_trunc('minute', clock_timestamp())) AS minute
    ) w
    WHERE l.organization_id = %(org)s AND l.subject = ANY(%(subjects)s)
"""

_COLUMNS = {
    Limit.Layer.GROUP: "AND c.cost_centre_id = %(subject)s",
    Limit.Layer.PROJECT: "AND c.project_id = %(subject)s",
    Limit.Layer.CREATOR: "AND c.creator_id = %(subject)s",
    Limit.Layer.KEY: "AND c.key_id = %(subject)s",
}
_WINDOW_NOW = """
    SELECT window_end(%(window)s, w.began, %(zone)s), (
        SELECT coalesce(sum(c.cost), 0)::bigint FROM projects_call c
        WHERE c.organization_id = %(org)s AND c.id >= uuid_floor(w.began - interval '1 minute')
          AND c.at >= w.began AND c.cost <> 0 {subject})
    FROM window_start(%(window)s, clock_timestamp(), %(zone)s) AS w (began)
"""

_CALLERS = """
    SELECT host(ip) FROM (
        SELECT c.ip FROM projects_call c
        WHERE c.organization_id = %(org)s AND c.allowed AND c.ip IS NOT NULL
          AND c.endpoint = '/v1/keys/verify'
          AND c.id >= uuid_floor(clock_timestamp() - make_interval(days => %(days)s)) {subject}
        ORDER BY c.id DESC LIMIT %(most)s
    ) AS lately
    GROUP BY ip ORDER BY count(*) DESC, ip LIMIT %(shown)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A limit: whose it is, what it allows, and how far it is used up now."""

    state: LimitState
    allowance: Allowance
    subject: UUID
    changed_at: datetime.datetime
    changed_by: str

    @property
    def layer(self) -> str:
        return self.state.layer

    @property
    def layer_label(self) -> str:
        return Limit.Layer(self.layer).label

    @property
    def layer_words(self) -> str:
        """As it stands in a sentence."""
        return LAYERS[self.layer]

    @property
    def taken(self) -> int:
        """Spent, and set aside for calls under way."""
        return self.state.spent + self.state.reserved

    @property
    def low(self) -> int:
        """Where a bar turns amber; it turns red when the whole is used up."""
        return (self.state.budget or 0) * 9 // 10

    @property
    def high(self) -> int:
        return max((self.state.budget or 0) - 1, 0)

    @property
    def percent(self) -> int:
        """Of the budget, rounded down: what is used up reads 100, and nothing else does."""
        budget = self.state.budget or 0
        return 100 * self.taken // budget if budget else 0


@dataclass(frozen=True, kw_only=True)
class KeyLimits:
    """Every limit that binds a key, from the key outwards, with the names of whose they are.

    `subjects` has the name that this reader may know, by layer.
    """

    standings: Sequence[Standing]
    subjects: dict[str, str]

    @cached_property
    def binding(self) -> Binding | None:
        """The tightest: the one that stops the key first."""
        return binding(each.state for each in self.standings)

    @property
    def binds(self) -> Standing | None:
        found = self.binding
        return next((s for s in self.standings if found and s.state.id == found.state.id), None)

    @property
    def rows(self) -> list[tuple[Standing, str, bool]]:
        """Each limit, whose it is, and whether it is the one that binds."""
        return [(s, self.subjects.get(s.layer, ""), s is self.binds) for s in self.standings]

    @property
    def own(self) -> Standing | None:
        return next((s for s in self.standings if s.layer == Limit.Layer.KEY), None)


@dataclass(frozen=True, slots=True)
class Due:
    """A budget that reached a level of which nobody was told in its window."""

    organization: UUID
    limit: UUID
    percent: int


def approved(org: UUID) -> Approved:
    """The organization's approved tasks and models, and the longest life of a key. One query."""
    row = (
        Limit.objects.in_org(org)
        .filter(layer=Limit.Layer.ORGANIZATION)
        .values_list("allowed_tasks", "allowed_models", "longest_days")
        .first()
    )
    if row is None:
        return Approved()
    tasks, models, longest_days = row
    return Approved(names(tasks), names(models), longest_days)


def limit_of(org: UUID, layer: str, subject: UUID) -> Limit | None:
    """What a layer allows. One query."""
    return Limit.objects.in_org(org).filter(layer=layer, subject=subject).first()


def limits_due() -> list[Due]:
    """The budgets of every organization that passed a level nobody was told of. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id, limit_id, percent FROM limits_to_tell()")
        return [Due(*row) for row in cursor.fetchall()]


def without_price(models: Iterable[str] | None) -> list[str]:
    """Which of these models the price list does not know. One query, or none for no models."""
    wanted = list(models or ())
    if not wanted:
        return []
    known = set(ModelPrice.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    return [each for each in wanted if each not in known]


def standings(org: UUID, subjects: Iterable[UUID]) -> list[Standing]:
    """Every limit of these, nearest the key first, as far as it is used up now. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_STATES, {"org": org, "subjects": list(subjects)})
        columns = [column.name for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return sorted(map(_standing, rows), key=lambda each: nearness(each.layer))


def limits_of(key: Key, access: Access) -> KeyLimits:
    """What binds a key, as this person may read it. One query, beside the key's own relations.

    An organization key answers to the project that a call names as well: that is on its page.
    """
    org = key.organization_id
    binding_on = (key.pk, key.creator_id, key.project_id, key.cost_centre_id, org)
    sees = key.project is not None and access.can(Permission.PROJECTS_VIEW, key.project)
    return KeyLimits(
        standings=standings(org, [each for each in binding_on if each]),
        subjects={
            "key": key.name,
            "creator": key.creator.name if key.creator else key.created_by,
            "project": key.project.name if key.project and sees else UNSEEN,
            "group": cost_centre_name(key, access),
            "organization": access.org.name,
            "plan": access.org.plan_label,
        },
    )


def cost_centre_name(key: Key, access: Access) -> str:
    """Whom it is charged to; a secret group's name is for who sees it. One query at most."""
    group = key.cost_centre
    if group is None or not group.secret:
        return group.name if group else ""
    sees = visible_groups(access).filter(pk=group.pk).exists()
    return group.name if sees else "A secret group"


def window_now(
    org: UUID, layer: str, subject: UUID, *, window: str, zone: str
) -> tuple[int, datetime.datetime]:
    """What the log counts in such a window so far, and when the window ends. One query."""
    said: dict[str, Any] = {"org": org, "subject": subject, "window": window, "zone": zone}
    with connection.cursor() as cursor:
        of_it = _COLUMNS.get(Limit.Layer(layer), "")
        cursor.execute(_WINDOW_NOW.format(subject=of_it), said)
        ends_at, spent = cursor.fetchone()
    return spent, ends_at


def recent_callers(org: UUID, layer: str, subject: UUID, *, days: int) -> list[str]:
    """The addresses of the calls that were allowed lately, the busiest first. One query.

    Of a layer with very many calls, those of the newest are told.
    """
    of_it = _COLUMNS.get(Limit.Layer(layer), "")
    said: dict[str, Any] = {"org": org, "subject": subject, "days": days, "most": MOST_CALLS}
    with connection.cursor() as cursor:
        cursor.execute(_CALLERS.format(subject=of_it), said | {"shown": MOST_CALLERS})
        return [ip for (ip,) in cursor.fetchall()]


def no_longer_approved(org: UUID, said: Allowance) -> int:
    """How many limits of other layers name what these lists leave out. One query."""
    outside = Q()
    for name, approves in (("allowed_tasks", said.tasks), ("allowed_models", said.models)):
        if approves is not None:
            named = Q(**{f"{name}__isnull": False})
            outside |= named & ~Q(**{f"{name}__contained_by": list(approves)})
    if not outside:
        return 0
    rows = Limit.objects.in_org(org).exclude(layer__in=("plan", "organization"))
    return rows.filter(outside).count()


def living_longer(org: UUID, days: int) -> int:
    """How many live keys end later than a key made now might. One query."""
    latest = timezone.now() + datetime.timedelta(days=days)
    keys = Key.objects.in_org(org).live()
    return keys.filter(Q(expires_at=None) | Q(expires_at__gt=latest)).count()


def _standing(row: dict[str, Any]) -> Standing:
    return Standing(
        state=states([row])[0],
        allowance=Allowance(
            budget=row["budget"],
            window=row["window"],
            zone=row["zone"],
            rpm=row["rpm"],
            networks=names(row["allowed_networks"]),
            tasks=names(row["allowed_tasks"]),
            models=names(row["allowed_models"]),
            longest_days=row["longest_days"],
        ),
        subject=row["subject"],
        changed_at=row["changed_at"],
        changed_by=row["name"] or "",
    )
