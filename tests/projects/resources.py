"""What the tests of resources, the Hub and tasks have in common: entries of forms, records, tasks."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

from audit.models import Event as Entry
from orgs.models import Membership, Organization
from orgs.tenancy import bound
from projects.actions.resources import resource_publish
from projects.actions.tasks import task_create
from projects.models import Execution, HumanTask, Project, Resource
from tests.factories import Cast

_numbers = itertools.count(time.time_ns() // 10**6 % 10**10)

AGENT = {"model": "small-1", "temperature": 0.7, "instructions": "Answer briefly."}
ENTRIES: dict[str, dict[str, Any]] = {
    "agent": {**AGENT, "memory": "on"},
    "workflow": {"steps": "agent: Read the order\nhuman: Approve it", "schedule": "0 6 * * 1"},
    "tool": {
        "transport": "http",
        "url": "https://tools.example.com/mcp",
        "timeout": "30",
        "operations": "search\nread",
    },
    "knowledge_base": {
        "source": "website",
        "location": "https://docs.example.com",
        "chunk_size": "1000",
        "language": "en",
        "refresh": "daily",
    },
    "runner": {"provider": "aws", "region": "eu-central-1", "capacity": "10", "labels": "gpu"},
    "automation": {"trigger": "manual", "timeout": "30", "command": "make report"},
}
AGENT_CONFIGURATION = {
    "model": "small-1",
    "temperature": 0.7,
    "instructions": "Answer briefly.",
    "tools": [],
    "knowledge_bases": [],
    "memory": True,
}


def entries(kind: str = "agent", **changes: Any) -> dict[str, Any]:
    """A form of this kind, filled in well, with these changes."""
    filled = {"name": f"{kind} {next(_numbers)}", "description": "", **ENTRIES[kind], **changes}
    return {name: value for name, value in filled.items() if value is not None}


def make_record(by: Membership, resource: Resource | None, **fields: Any) -> Execution:
    with bound(by.organization_id):
        return Execution.objects.create(
            organization_id=by.organization_id,
            resource=resource,
            project_id=resource.project_id if resource else None,
            started_by=by,
            **fields,
        )


def make_task(
    cast: Cast, project: Project, to: Membership, title: str = "Approve it", **fields: Any
) -> HumanTask:
    return task_create(
        project=project, title=title, assigned_to=to, actor=cast.access(cast.alice), **fields
    )


def publish(cast: Cast, resource: Resource) -> Resource:
    return resource_publish(resource=resource, actor=cast.access(cast.alice))


def kept(resource: Resource) -> Resource:
    """The row as it stands in the database now."""
    with bound(resource.organization_id):
        return Resource.objects.select_related("project").get(pk=resource.pk)


def ledger_of(organization: Organization, action: str, outcome: str = "done") -> list[Any]:
    """The entries of this action, newest first, each with `.changes`, `.reason`."""
    with bound(organization.pk):
        rows = Entry.objects.filter(
            organization_id=organization.pk, action=action, outcome=outcome
        ).order_by("-sequence")
        return [_read(row) for row in rows]


def _read(row: Any) -> Any:
    facts = json.loads(row.body)
    row.changes, row.reason = facts["changes"], facts["reason"]
    return row
