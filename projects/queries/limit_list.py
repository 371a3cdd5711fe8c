"""What the page of limits shows: cost centres, projects and people, and the limits of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, QuerySet

from config.keyset import Page, capped_count, keyset_page
from orgs.access import Access
from orgs.models import Membership
from orgs.queries.groups import visible_groups
from orgs.queries.members import members_matching
from projects.forms.projects import search_of
from projects.models import Limit, Project
from projects.queries.limits import Standing, standings
from projects.queries.standing import named

PAGE_SIZE = 25
ORDER = ("sort_name", "id")

# The layers that are many: what they are called on the page, one of them, and their icon.
LAYERS = {
    Limit.Layer.GROUP.value: ("Cost centres", "cost centre", "user-group"),
    Limit.Layer.PROJECT.value: ("Projects", "project", "folder"),
    Limit.Layer.CREATOR.value: ("People", "person", "users"),
}


@dataclass(frozen=True, kw_only=True)
class LimitFilter:
    """Which layer, and which of it. Whatever is not understood counts as not said."""

    layer: str = Limit.Layer.GROUP.value
    search: str = ""
    every: bool = False
    cursor: str | None = None

    @classmethod
    def read(cls, asked: Mapping[str, Any]) -> LimitFilter:
        layer = str(asked.get("layer", ""))
        return cls(
            layer=layer if layer in LAYERS else Limit.Layer.GROUP.value,
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
class LimitRow:
    """One of a layer, with its limits; None where it has none."""

    subject: Any
    standing: Standing | None


def subjects_of(access: Access, layer: str) -> QuerySet[Any]:
    """Whom this person may set limits for, in one layer: what they see, by name."""
    if layer == Limit.Layer.GROUP:
        return visible_groups(access)
    if layer == Limit.Layer.PROJECT:
        projects: QuerySet[Project] = access.visible(Project.objects)
        return projects.exclude(state=Project.State.DELETED)
    return Membership.objects.in_org(access.org.id)


def limit_page(access: Access, asked: LimitFilter) -> tuple[Page[Any], list[LimitRow]]:
    """One page of a layer: those with limits, or all of them to add to. Two queries."""
    rows = _asked(access, asked)
    page = keyset_page(rows, order=ORDER, cursor=asked.cursor, size=PAGE_SIZE)
    ids = [subject.pk for subject in page.rows]
    found = {each.subject: each for each in standings(access.org.id, ids)} if ids else {}
    return page, [LimitRow(subject=each, standing=found.get(each.pk)) for each in page.rows]


def limit_counts(access: Access) -> dict[str, int]:
    """How many limits each layer has that this person may look at. One query a layer."""
    return {layer: capped_count(_asked(access, LimitFilter(layer=layer))) for layer in LAYERS}


def unseen_limits(access: Access, seen: int) -> int:
    """How many projects have limits that this person does not see. One query."""
    rows = Limit.objects.in_org(access.org.id).filter(layer=Limit.Layer.PROJECT)
    return max(rows.exclude(project__state=Project.State.DELETED).count() - seen, 0)


def _asked(access: Access, asked: LimitFilter) -> QuerySet[Any]:
    rows = subjects_of(access, asked.layer)
    if not asked.every:
        limits = Limit.objects.in_org(access.org.id).filter(layer=asked.layer)
        rows = rows.filter(Exists(limits.filter(subject=OuterRef("pk"))))
    if not asked.search:
        return rows
    if rows.model is Membership:
        return members_matching(rows, asked.search)
    return rows.filter(named(asked.search))
