"""Budgets of the organization, its cost centres and projects: what is set, spent and expected.

What a limit is, and how far it is used up, is the projects' (`projects/queries/limits.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum, TextField
from django.db.models.functions import Cast
from django.utils import dateformat, timezone

from billing.models import UsageDay
from billing.pace import Pace, next_level, pace_of
from billing.periods import month_of, today_here
from config.keyset import Page, keyset_page
from orgs.access import Access
from orgs.models import Group
from orgs.queries.groups import visible_groups
from projects.forms.projects import search_of
from projects.models import Key, Limit, Meter, Project
from projects.queries.limits import Standing, standings
from projects.queries.standing import named

PAGE_SIZE = 25
ORDER = ("sort_name", "id")
Layer = Limit.Layer

# The layers that are many: their tab, one of them, and its icon.
LAYERS = {
    Layer.GROUP.value: ("Cost centres", "cost centre", "user-group"),
    Layer.PROJECT.value: ("Projects", "project", "folder"),
}
_MODELS: dict[str, Any] = {Layer.GROUP.value: Group, Layer.PROJECT.value: Project}


@dataclass(frozen=True, kw_only=True)
class BudgetFilter:
    """Which layer, and which of it. Whatever is not understood counts as not said."""

    layer: str = Layer.GROUP.value
    search: str = ""
    every: bool = False
    cursor: str | None = None

    @classmethod
    def read(cls, asked: Mapping[str, Any]) -> BudgetFilter:
        layer = str(asked.get("layer", ""))
        return cls(
            layer=layer if layer in LAYERS else Layer.GROUP.value,
            search=search_of(asked),
            every=asked.get("show") == "all",
            cursor=str(asked.get("page", ""))[:1000] or None,
        )

    def url(self, **changes: Any) -> str:
        """The address of the page as asked, with these changes, from its first page."""
        said = {"layer": self.layer, "q": self.search, "show": "all" if self.every else ""}
        said |= changes
        return "?" + urlencode({key: value for key, value in said.items() if value})


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """One team and its budget; `standing` is None where it has none, `month` is its cost so far."""

    layer: str
    subject: Any
    standing: Standing | None
    month: int

    @property
    def state(self) -> str:
        """“spent”, “near”, “ok”, or empty without a budget."""
        if self.standing is None or self.standing.state.budget is None:
            return ""
        if self.standing.percent >= 100:
            return "spent"
        return "near" if self.standing.taken >= self.standing.low else "ok"

    @property
    def pace(self) -> Pace:
        if self.standing is None:
            return Pace(expected=None, spent_at=None)
        return pace_of(self.standing, timezone.now())

    @property
    def until(self) -> str:
        """When the window ends, by the clocks that it is counted with."""
        ends_at = self.standing.state.resets_at if self.standing else None
        if self.standing is None or ends_at is None:
            return ""
        there = ends_at.astimezone(ZoneInfo(self.standing.allowance.zone))
        return dateformat.format(there, "j M, H:i T")

    @property
    def next_level(self) -> int | None:
        return next_level(self.standing.percent) if self.standing else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unseen:
    """What is not listed, because its names are not for this reader."""

    count: int
    month: int


def subjects_of(access: Access, layer: str) -> QuerySet[Any]:
    """The cost centres or projects whose names this person may know."""
    if layer == Layer.GROUP:
        return visible_groups(access)
    projects: QuerySet[Project] = access.visible(Project.objects)
    return projects.exclude(state=Project.State.DELETED)


def budget_page(access: Access, asked: BudgetFilter) -> tuple[Page[Any], list[Budget]]:
    """One page of a layer: those with a budget or a cost this month, or all. Three queries."""
    rows = subjects_of(access, asked.layer)
    if not asked.every:
        rows = _concerned(rows, access.org.id, asked.layer)
    if asked.search:
        rows = rows.filter(named(asked.search))
    page = keyset_page(rows, order=ORDER, cursor=asked.cursor, size=PAGE_SIZE)
    return page, _budgets(access.org.id, asked.layer, page.rows)


def of_organization(access: Access, month: int) -> tuple[Budget, Standing | None]:
    """The organization's own, and what its plan sets. One query."""
    found = {each.layer: each for each in standings(access.org.id, [access.org.id])}
    own = found.get(Layer.ORGANIZATION.value)
    layer = Layer.ORGANIZATION.value
    budget = Budget(layer=layer, subject=access.org, standing=_with_budget(own), month=month)
    return budget, _with_budget(found.get(Layer.PLAN.value))


def unseen(access: Access, layer: str) -> Unseen:
    """What the list leaves out: how many have a budget or a cost, and their cost. Two queries."""
    rows = _MODELS[layer].objects.in_org(access.org.id)
    hidden = _concerned(rows, access.org.id, layer).exclude(
        pk__in=subjects_of(access, layer).order_by().values("pk")
    )
    if layer == Layer.PROJECT:
        hidden = hidden.exclude(state=Project.State.DELETED)
    ids = [str(pk) for pk in hidden.order_by().values_list("pk", flat=True)[:10_000]]
    if not ids:
        return Unseen(count=0, month=0)
    return Unseen(count=len(ids), month=sum(_costs(access.org.id, layer, ids).values()))


def nearest_budgets(access: Access, most: int = 3) -> list[Budget]:
    """The budgets that are used up furthest, of those whose names one may know. Two queries."""
    limits = (
        Limit.objects.in_org(access.org.id)
        .filter(layer__in=("organization", *LAYERS), budget__gt=0)
        .filter(
            Q(layer=Layer.ORGANIZATION)
            | Q(group__in=subjects_of(access, Layer.GROUP).order_by().values("pk"))
            | Q(project__in=subjects_of(access, Layer.PROJECT).order_by().values("pk"))
        )
    )
    meters = Meter.objects.in_org(access.org.id).filter(pk=OuterRef("pk"))
    # Of a window that is over the sum counts until its next call; then a few more are looked at.
    share = Subquery(meters.values("spent")) * 1.0 / F("budget")
    rows = limits.annotate(share=share).order_by("-share", "pk").select_related("group", "project")
    found = {row.subject: row for row in rows[: most * 4]}
    known = [
        each for each in standings(access.org.id, found) if each.layer in (*LAYERS, "organization")
    ]
    budgets = [_of(found[each.subject], each, access) for each in known if each.subject in found]
    return sorted(budgets, key=lambda each: -_share(each))[:most]


def keys_bound(organization: UUID, layer: str, subject: UUID) -> int:
    """How many live keys this budget binds. One query."""
    keys = Key.objects.in_org(organization).live()
    if layer == Layer.GROUP:
        keys = keys.filter(cost_centre=subject)
    elif layer == Layer.PROJECT:
        keys = keys.filter(project=subject)
    return keys.count()


def _concerned(rows: QuerySet[Any], organization: UUID, layer: str) -> QuerySet[Any]:
    limits = Limit.objects.in_org(organization).filter(layer=layer, budget__isnull=False)
    used = _month(organization, layer).filter(cost__gt=0).values("subject")
    rows = rows.annotate(as_text=Cast("pk", TextField()))
    return rows.filter(Q(pk__in=limits.values(f"{layer}_id")) | Q(as_text__in=used))


def _month(organization: UUID, layer: str) -> QuerySet[UsageDay]:
    today = today_here()
    return UsageDay.objects.in_org(organization).filter(
        dimension=layer, day__gte=month_of(today), day__lte=today
    )


def _costs(organization: UUID, layer: str, ids: Iterable[str]) -> dict[str, int]:
    rows = _month(organization, layer).filter(subject__in=list(ids))
    return dict(rows.values_list("subject").annotate(cost=Sum("cost")).order_by())


def _budgets(organization: UUID, layer: str, subjects: list[Any]) -> list[Budget]:
    if not subjects:
        return []
    ids = [subject.pk for subject in subjects]
    found = {each.subject: each for each in standings(organization, ids) if each.layer == layer}
    costs = _costs(organization, layer, map(str, ids))
    return [
        Budget(
            layer=layer,
            subject=subject,
            standing=_with_budget(found.get(subject.pk)),
            month=costs.get(str(subject.pk), 0),
        )
        for subject in subjects
    ]


def _of(limit: Limit, standing: Standing, access: Access) -> Budget:
    subject = limit.group or limit.project or access.org
    return Budget(layer=limit.layer, subject=subject, standing=standing, month=0)


def _share(budget: Budget) -> float:
    standing = budget.standing
    return standing.taken / (standing.state.budget or 1) if standing else 0.0


def _with_budget(standing: Standing | None) -> Standing | None:
    """A limit without a budget counts as none here."""
    return standing if standing and standing.state.budget is not None else None
