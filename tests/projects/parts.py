"""Executions, environment classes, integrations and secrets for tests, simply there."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone

from audit.models import Event
from orgs.models import Organization
from orgs.tenancy import bound
from projects.actions.environments import environment_class_create
from projects.actions.secrets import secret_create
from projects.models import EnvironmentClass, Execution, Project, Resource, Secret
from tests.factories import Cast


def make_execution(
    where: Project | Organization,
    resource: Resource | None = None,
    *,
    ago: datetime.timedelta = datetime.timedelta(),
    **fields: Any,
) -> Execution:
    """Something the platform reported; of the organization itself without a project."""
    project = where if isinstance(where, Project) else None
    organization = where.organization_id if isinstance(where, Project) else where.pk
    with bound(organization):
        return Execution.objects.create(
            organization_id=organization,
            project=project,
            resource=resource,
            started_at=timezone.now() - ago,
            **({"summary": "Nightly build"} | fields),
        )


def make_class(cast: Cast, name: str = "Small", **fields: Any) -> EnvironmentClass:
    with bound(cast.acme.id):
        return environment_class_create(
            **(
                {
                    "name": name,
                    "description": "",
                    "runner": None,
                    "cpus": 2,
                    "memory": 8,
                    "disk": 40,
                    "actor": cast.access(cast.alice),
                }
                | fields
            )
        )


def make_secret(cast: Cast, project: Project, name: str, value: str = "hunter2") -> Secret:
    with bound(cast.acme.id):
        return secret_create(project=project, name=name, value=value, actor=cast.access(cast.alice))


def newest(cast: Cast) -> Event:
    """The newest entry of Acme's ledger."""
    with bound(cast.acme.id):
        event = Event.objects.filter(organization_id=cast.acme.id).order_by("-sequence").first()
    assert event
    return event
