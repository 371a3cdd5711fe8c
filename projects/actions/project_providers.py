"""Which of the organization's model providers a project asks (S2-027)."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from audit.events import Event
from audit.ledger import Change
from orgs.access import Access
from projects.actions.projects import locked, record
from projects.models import ModelProvider, Project, ProjectProvider


@transaction.atomic
def project_choose_providers(
    *, project: Project, chosen: Sequence[ModelProvider], actor: Access
) -> list[ModelProvider]:
    """Let a project ask these providers; none chosen: every one that is in use.

    Raises ValidationError: `gone` (a provider, or the project itself).
    """
    # The project's row orders two who choose at once.
    project = locked(project)
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
    old, new = (sorted(each.name for each in group.values()) for group in (before, wanted))
    said: dict[str, Change] = {"providers": (old, new)}
    record(Event.PROJECT_PROVIDERS_CHANGED, project, actor, said)
    return list(wanted.values())
