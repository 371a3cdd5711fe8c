"""Reads of resources: the head their pages share, lists, versions, and what a form may offer.

A configuration in words is in `configurations.py`; who may access one is in `access.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from config.keyset import Page, capped_count, keyset_page
from config.roles import Permission
from orgs.access import Access
from projects.forms.resources import Offer, Offers
from projects.kinds import KINDS, PUBLISHABLE, Kind, kind_of
from projects.models import (
    Execution,
    HumanTask,
    Project,
    Resource,
    ResourceGrant,
    ResourceGroupGrant,
    ResourceVersion,
)
from projects.queries.configurations import Configuration, named_by, unseen
from projects.queries.hub import record_list, usable
from projects.queries.projects import Tab

# More than these nobody looks through: the first by name are offered, and those already chosen.
MOST_OFFERED = 300
VERSIONS_A_PAGE = 10


def resource_head(access: Access, resource: Resource, *, current: str = "") -> dict[str, Any]:
    """What `_resource_head.html` reads as `head`: the resource, its tabs, what one may do there.

    `current` is the route of a tab, for pages that belong to one.
    """
    kind, project = kind_of(resource), resource.project
    may = resource_may(access, resource)
    told = (
        ("Overview", "resource_view", True),
        ("Versions", "resource_versions", True),
        ("Access", "resource_access", True),
        ("History", "resource_history", may["history"]),
    )
    return {
        "resource": resource,
        "kind": kind,
        "project": project if project and access.can(Permission.PROJECTS_VIEW, project) else None,
        "may": may,
        "tabs": [
            Tab(
                label=label,
                url=reverse(route, args=[access.org.slug, resource.pk]),
                route=route,
                count=str(resource.version) if route == "resource_versions" else "",
                current=route == current,
            )
            for label, route, is_open in told
            if is_open
        ],
    }


def resource_may(access: Access, resource: Resource) -> dict[str, bool]:
    """Which deeds on it are shown; one round trip, or none where its roles are known."""
    kind = kind_of(resource)
    for_hub = kind.value in PUBLISHABLE
    publish = for_hub and access.can(Permission.HUB_PUBLISH, resource)
    ask = for_hub and access.can(Permission.HUB_REQUEST_PUBLISH, resource) and not publish
    return {
        "change": access.can(kind.change, resource),
        "delete": access.can(kind.delete, resource),
        "share": access.can(kind.share, resource),
        "history": access.can(kind.history, resource),
        "use": kind.use is not None and access.can(kind.use, resource),
        "publish": publish and not resource.is_published,
        "withdraw": publish and resource.is_published,
        "ask": ask and not resource.is_published,
    }


def resource_list(
    *,
    access: Access,
    project: Project,
    kind: str = "",
    search: str = "",
    cursor: str | None = None,
    size: int = 50,
) -> Page[Resource]:
    """What the project holds, by name. One query."""
    rows = Resource.objects.in_org(access.org.id).filter(project=project)
    if kind:
        rows = rows.filter(kind=kind)
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(description__icontains=search))
    rows = rows.select_related("created_by").defer("configuration")
    return keyset_page(rows, order=("sort_name", "id"), cursor=cursor, size=size)


def kind_counts(project: Project) -> dict[str, int]:
    """How many of each kind the project holds."""
    rows = Resource.objects.in_org(project.organization_id).filter(project=project)
    return dict(rows.order_by().values("kind").annotate(n=Count("pk")).values_list("kind", "n"))


def version_list(
    resource: Resource, *, cursor: str | None = None
) -> tuple[Page[ResourceVersion], ResourceVersion | None]:
    """The versions, newest first, and the one before the last on the page. Two queries."""
    versions = version_rows(resource)
    page = keyset_page(versions, order=("-number",), cursor=cursor, size=VERSIONS_A_PAGE)
    before = versions.filter(number=page.rows[-1].number - 1).first() if page.rows else None
    return page, before


def version_rows(resource: Resource) -> QuerySet[ResourceVersion]:
    rows = ResourceVersion.objects.in_org(resource.organization_id).filter(resource=resource)
    return rows.select_related("changed_by")


def newest_version(resource: Resource) -> ResourceVersion | None:
    """The version that holds now, with who saved, made and published it. One query."""
    people = ("changed_by", "resource__created_by", "resource__published_by")
    return version_rows(resource).filter(number=resource.version).select_related(*people).first()


def history(resource: Resource, *, cursor: str | None = None) -> Page[Execution]:
    """What it ran, newest first. One query."""
    rows = Execution.objects.in_org(resource.organization_id).filter(resource=resource)
    return record_list(rows, cursor=cursor)


def offers_of(
    *, access: Access, kind: Kind, project: Project | None, configuration: Configuration
) -> Offers:
    """Which other resources a configuration of this kind may name, by field.

    Of the same project, or what this person may see or run; and what it names already, so that
    a change by somebody who sees less takes nothing away.
    """
    kept = (
        dict(
            Resource.objects.in_org(access.org.id)
            .filter(pk__in=named_by(kind, configuration))
            .values_list("pk", "kind")
        )
        if named_by(kind, configuration)
        else {}
    )
    return {
        field: _offers(access, wanted, project, [pk for pk, has in kept.items() if has == wanted])
        for field, wanted in kind.form.refers.items()
    }


def _offers(access: Access, kind: str, project: Project | None, kept: Sequence[Any]) -> list[Offer]:
    visible = access.visible(Resource.objects).filter(kind=kind)
    rows = usable(access, kind) if kind in PUBLISHABLE else visible
    if project is not None:
        rows = rows.filter(project=project)
    elif KINDS[kind].room == "":
        rows = rows.select_related("project")
    found = list(rows.order_by("sort_name", "id").defer("configuration")[:MOST_OFFERED])
    shown = {row.pk for row in found}
    left = [pk for pk in kept if pk not in shown]
    seen = {row.pk: row for row in visible.filter(pk__in=left)} if left else {}
    return [
        *(Offer(pk=row.pk, name=_offered_name(row, project)) for row in found),
        *(Offer(pk=pk, name=seen[pk].name if pk in seen else unseen(kind)) for pk in left),
    ]


def _offered_name(row: Resource, project: Project | None) -> str:
    """Beyond one project, the name alone does not say which one is meant."""
    if project is None and row.project is not None:
        return f"{row.name} ({row.project.name})"
    return row.name


def consequences(access: Access, resource: Resource) -> dict[str, Any]:
    """What deleting it takes along and leaves behind, in numbers. One query each, five."""
    org = resource.organization_id
    named = Q(configuration__contains={"tools": [str(resource.pk)]})
    named |= Q(configuration__contains={"knowledge_bases": [str(resource.pk)]})
    named |= Q(configuration__contains={"runner": str(resource.pk)})
    named |= Q(configuration__contains={"workflow": str(resource.pk)})
    around = Resource.objects.in_org(org).filter(Q(project=resource.project) | Q(project=None))
    return {
        "versions": resource.version,
        **reach_of(resource),
        "tasks": HumanTask.objects.in_org(org).filter(resource=resource, state="open").count(),
        "named": capped_count(around.filter(named), cap=1_000),
        "records": capped_count(Execution.objects.in_org(org).filter(resource=resource)),
    }


def reach_of(resource: Resource) -> dict[str, int]:
    """With how many people and groups it is shared. Two queries."""
    org = resource.organization_id
    return {
        "people": ResourceGrant.objects.in_org(org).live().filter(content_object=resource).count(),
        "groups": ResourceGroupGrant.objects.in_org(org)
        .live()
        .filter(content_object=resource)
        .count(),
    }
