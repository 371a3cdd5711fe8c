"""The list in which Owners turn the insights of projects on and off."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from config.keyset import Page, keyset_page
from projects.models import Project, ProjectInsights
from projects.queries.standing import named

ORDER = ("sort_name", "id")
LIST_SIZE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Switch:
    """A project in the list that turns insights on and off."""

    project: Project
    insights: ProjectInsights | None


def switch_page(
    org: UUID, *, search: str, only_on: bool, cursor: str | None
) -> tuple[Page[Project], list[Switch]]:
    """All projects by name, and whose insights are on. One query."""
    projects = _switchable(org)
    if search:
        projects = projects.filter(named(search))
    if only_on:
        projects = projects.filter(insights__isnull=False)
    page = keyset_page(projects, order=ORDER, cursor=cursor, size=LIST_SIZE)
    return page, [switch_of(project) for project in page.rows]


def switch_row(org: UUID, project: UUID) -> Switch:
    """One of them as it is now. Raises Project.DoesNotExist."""
    return switch_of(_switchable(org).get(pk=project))


def switch_of(project: Project) -> Switch:
    return Switch(project=project, insights=getattr(project, "insights", None))


def _switchable(org: UUID) -> QuerySet[Project]:
    kept = Project.objects.in_org(org).kept()
    return kept.select_related("workspace", "insights__enabled_by")
