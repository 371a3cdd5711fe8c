"""Which of the organization's model providers a project asks (S2-027)."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from audit import ledger
from audit.events import Event
from orgs.access import Access
from projects.actions.shares import target_of
from projects.models import ModelProvider, Project, ProjectProvider


@transaction.atomic
def project_choose_providers(
    *, project: Project, chosen: Sequence[ModelProvider], actor: Access
) -> list[ModelProvider]:
    """Let a project ask these providers; none chosen: every one that is in use.

    Raises ValidationError: `gone` for one of another organization, or none at all any more.
    """
    # The project's row orders two who choose at once.
    project = Project.objects.select_for_update(of=("self",)).get(pk=project.pk)
    wanted = {each.pk: each for each in chosen}
    known = ModelProvider.objects.in_org(project.organization_id).filter(pk__in=wanted)
    if known.count() != len(wanted):
        raise ValidationError("A provider that you ticked is gone. Look again.", code="gone")
    rows = ProjectProvider.objects.in_org(project.organization_id).filter(project=project)
    before = {row.provider_id: row.provider for row in rows.select_related("provider")}
    if before.keys() == wanted.keys():
        return list(wanted.values())
    rows.filter(provider_id__in=before.keys() - wanted.keys()).delete()
    ProjectProvider.objects.bulk_create(
        ProjectProvider(organization_id=project.organization_id, project=project, provider=each)
        for pk, each in wanted.items()
        if pk not in before
    )
    names = (sorted(each.name for each in group.values()) for group in (before, wanted))
    ledger.record(
        Event.PROJECT_PROVIDERS_CHANGED,
        organization=project.organization_id,
        actor=actor.identity,
        target=target_of(project),
        changes={"providers": (next(names), next(names))},
    )
    return list(wanted.values())
