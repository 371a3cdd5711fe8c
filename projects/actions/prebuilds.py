"""The deed on a project's prebuilds: setting what is built ahead of time, and when."""

from __future__ import annotations

from django.db import transaction

from audit import ledger
from audit.events import Event
from orgs.access import Access
from projects.actions.shares import target_of
from projects.models import Project
from projects.prebuilds import Prebuilds


@transaction.atomic
def project_change_prebuilds(*, project: Project, prebuilds: Prebuilds, actor: Access) -> Project:
    """Set a project's prebuilds (S3-038); unchanged settings leave no entry."""
    project = Project.objects.select_for_update(of=("self",)).get(pk=project.pk)
    before = Prebuilds.read(project.prebuilds)
    if prebuilds == before:
        return project
    project.prebuilds = prebuilds.stored
    project.save(update_fields=["prebuilds"])
    ledger.record(
        Event.PROJECT_PREBUILDS_CHANGED,
        organization=project.organization_id,
        actor=actor.identity,
        target=target_of(project),
        changes={"configuration": (before.facts, prebuilds.facts)},
    )
    return project
