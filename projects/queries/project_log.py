"""The audit log of one project: which ids belong to it, and what the ledger says about them."""

from __future__ import annotations

from itertools import chain
from uuid import UUID

from django.db.models import Q

from audit.queries import EventPage, events_about
from projects.models import FormerPart, HumanTask, Project, Request, Resource, Secret

MOST_OF_A_KIND = 2_000
PAGE_SIZE = 50


def project_log(*, project: Project, cursor: str | None) -> EventPage:
    """Entries about the project and all it holds or held, newest first. Four queries."""
    return events_about(
        organization=project.organization_id,
        targets=_parts(project),
        cursor=cursor,
        size=PAGE_SIZE,
    )


def _parts(project: Project) -> list[UUID]:
    """The ids of the project and of what is in it, the newest of each kind. One query."""
    org, inside = project.organization_id, Q(project=project)
    asked = Request.objects.in_org(org).filter(inside | Q(resource__project=project))
    held = [
        rows.order_by("-id").values_list("id")[:MOST_OF_A_KIND]
        for rows in (
            Resource.objects.in_org(org).filter(inside),
            Secret.objects.in_org(org).filter(inside),
            HumanTask.objects.in_org(org).filter(inside),
            asked,
        )
    ]
    former = FormerPart.objects.in_org(org).filter(inside).order_by("-id")
    rest = former.values_list("part")[:MOST_OF_A_KIND]
    found = held[0].union(*held[1:], rest, all=True)
    return [project.pk, *chain.from_iterable(found)]
