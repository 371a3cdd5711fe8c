"""Reads of what the platform reported: logs of runners, runs of automations, and all of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q, QuerySet

from config.keyset import Page, keyset_page
from projects.models import Execution, Project, Resource

PAGE_SIZE = 50
STATES = {str(value): str(label) for value, label in Execution.State.choices}
KINDS = {str(value): str(label) for value, label in Execution.Kind.choices}


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionFilter:
    """Which executions are asked for. Whatever is not understood counts as not said."""

    state: str = ""
    kind: str = ""
    resource: UUID | None = None
    project: UUID | None = None

    @classmethod
    def read(cls, asked: Mapping[str, Any]) -> ExecutionFilter:
        state, kind = str(asked.get("state", "")), str(asked.get("kind", ""))
        return cls(
            state=state if state in STATES else "",
            kind=kind if kind in KINDS else "",
            resource=_id(asked.get("resource")),
            project=_id(asked.get("project")),
        )

    @property
    def is_set(self) -> bool:
        return bool(self.state or self.kind or self.resource or self.project)

    @property
    def said(self) -> dict[str, str]:
        """The fields that are set, as they stand in an address."""
        fields = {
            "state": self.state,
            "kind": self.kind,
            "resource": self.resource,
            "project": self.project,
        }
        return {name: str(value) for name, value in fields.items() if value}

    def without(self, name: str) -> str:
        """The address of the list without one of them, from its first page."""
        return "?" + urlencode({key: value for key, value in self.said.items() if key != name})


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One execution as a list shows it."""

    execution: Execution
    took: str


def execution_page(
    executions: QuerySet[Execution], *, filters: ExecutionFilter, cursor: str | None
) -> Page[Execution]:
    """A page of executions, newest first, with what they ran and who started them. One query."""
    for name, value in filters.said.items():
        executions = executions.filter(**{name: value})
    related = executions.select_related("resource", "project", "started_by")
    return keyset_page(
        related.defer("detail"), order=("-started_at", "-id"), cursor=cursor, size=PAGE_SIZE
    )


def runner_logs(org: UUID) -> QuerySet[Execution]:
    """What runners logged, those of deleted ones too."""
    rows = Execution.objects.in_org(org).filter(project__isnull=True)
    return rows.filter(kind=Execution.Kind.LOG)


def automation_runs(org: UUID) -> QuerySet[Execution]:
    """What automations ran, deleted ones too: runs that stand in no project."""
    rows = Execution.objects.in_org(org).filter(project__isnull=True)
    of_them = Q(resource__isnull=True) | Q(resource__kind=Resource.Kind.AUTOMATION)
    return rows.filter(of_them, kind=Execution.Kind.RUN)


def all_executions(org: UUID) -> QuerySet[Execution]:
    return Execution.objects.in_org(org)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chip:
    """A filter that is set: its word, its value, and the list without it."""

    key: str
    value: str
    without: str


def chips(org: UUID, filters: ExecutionFilter) -> list[Chip]:
    """The filters that name something, by its name; an id that is not here has none."""
    found = []
    for word, name, table, pk in (
        ("What", "resource", Resource, filters.resource),
        ("Project", "project", Project, filters.project),
    ):
        if pk:
            names = table.objects.in_org(org).filter(pk=pk).values_list("name", flat=True)
            value = str(names.first() or "Not here")
            found.append(Chip(key=word, value=value, without=filters.without(name)))
    return found


def took(execution: Execution) -> str:
    """How long it ran: "41 s", "3 min 20 s", "2 h 5 min"; nothing while it runs."""
    if execution.finished_at is None:
        return ""
    seconds = int((execution.finished_at - execution.started_at).total_seconds())
    if seconds < 60:
        return f"{max(seconds, 0)} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600:,} h {seconds % 3600 // 60} min"


def lines_of(executions: Iterable[Execution]) -> list[Line]:
    return [Line(execution=each, took=took(each)) for each in executions]


def _id(text: Any) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None
