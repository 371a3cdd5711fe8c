"""The deed on a project's prebuilds: setting what is built ahead of time, and when."""

from __future__ import annotations

from django.db import transaction

from audit.events import Event
from audit.ledger import Change
from orgs.access import Access
from projects.actions.projects import locked, record
from projects.models import Project
from projects.prebuilds import Prebuilds


@transaction.atomic
def project_change_prebuilds(*, project: Project, prebuilds: Prebuilds, actor: Access) -> Project:
    """Set a project's prebuilds (S3-038); unchanged settings leave no entry.

    Raises ValidationError: `gone`.
    """
    project = locked(project)
    before = Prebuilds.read(project.prebuilds)
    if prebuilds == before:
        return project
    project.prebuilds = prebuilds.stored
    project.save(update_fields=["prebuilds"])
    said: dict[str, Change] = {"configuration": (before.facts, prebuilds.facts)}
    record(Event.PROJECT_PREBUILDS_CHANGED, project, actor, said)
    return project
