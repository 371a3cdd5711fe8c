"""What the settings of a project say about its environments, providers, prebuilds and secrets."""

from __future__ import annotations

from typing import Any

from config.keyset import capped_count
from config.roles import Permission
from orgs.access import Access
from projects.models import Project, Secret
from projects.prebuilds import Prebuilds
from projects.queries.environments import chosen_by
from projects.queries.providers import providers_of

MOST_COUNTED = 1_000


def project_parts(access: Access, project: Project) -> dict[str, Any]:
    """What the four cards read as `parts`; only what this person may manage. Three queries."""
    parts: dict[str, Any] = {"prebuilds": Prebuilds.read(project.prebuilds)}
    if access.can(Permission.PROJECTS_CONFIGURE_ENVIRONMENTS, project):
        parts["environments"] = chosen_by(project)
    if access.can(Permission.PROJECTS_CHANGE, project):
        parts["providers"] = providers_of(project)
    if access.can(Permission.PROJECTS_MANAGE_SECRETS, project):
        secrets = Secret.objects.in_org(project.organization_id).filter(project=project)
        count = capped_count(secrets, cap=MOST_COUNTED)
        parts["secrets"] = f"{MOST_COUNTED:,}+" if count > MOST_COUNTED else f"{count:,}"
    return parts
