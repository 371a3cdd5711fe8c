"""The audit log of one project: which ids belong to it, and what the ledger says about them."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.entries import Entry
from audit.queries import EventPage, events_about
from config.roles import Permission
from orgs.access import Access
from orgs.models import Group
from orgs.queries.groups import visible_groups
from projects.models import FormerPart, HumanTask, Key, Project, Request, Resource, Secret
from projects.queries.keys import sees_keys_of

MOST_OF_A_KIND = 2_000
PAGE_SIZE = 50


def project_log(*, project: Project, cursor: str | None, viewer: Access) -> EventPage:
    """Entries about the project and all it holds or held, newest first. Five queries at most.

    A secret group keeps its name from who may not see it, but for the readers of the whole log.
    """
    page = events_about(
        organization=project.organization_id,
        targets=_parts(project, viewer),
        cursor=cursor,
        size=PAGE_SIZE,
    )
    if viewer.can(Permission.AUDIT_VIEW):
        return page
    secret = Group.objects.in_org(project.organization_id).filter(secret=True)
    unseen = secret.exclude(pk__in=visible_groups(viewer).values("pk"))
    names = frozenset(unseen.values_list("name", flat=True))
    return replace(page, rows=[_veiled(entry, names) for entry in page.rows]) if names else page


def _veiled(entry: Entry, names: frozenset[str]) -> Entry:
    words = _without(entry.words, names)
    if words and entry.target_kind == "request":
        for name in sorted(names, key=len, reverse=True):
            label = str(words.get("target") or "")
            words["target"] = label.replace(f"the group {name}", "a secret group")
    return replace(entry, words=words, facts=_without(entry.facts, names))


def _without(value: Any, names: frozenset[str]) -> Any:
    """The same, without the names that stand alone in it."""
    if isinstance(value, dict):
        return {key: _without(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, names) for inner in value]
    return "a secret group" if isinstance(value, str) and value in names else value


def _parts(project: Project, viewer: Access) -> list[UUID]:
    """The ids of the project and of what is in it, the newest of each kind. One query."""
    org, inside = project.organization_id, Q(project=project)
    asked = Request.objects.in_org(org).filter(inside | Q(resource__project=project))
    held = [
        rows.order_by("-id").values_list("id")[:MOST_OF_A_KIND]
        for rows in (
            Resource.objects.in_org(org).filter(inside),
            Secret.objects.in_org(org).filter(inside),
            HumanTask.objects.in_org(org).filter(inside),
            _keys(viewer, project),
            asked,
        )
    ]
    former = FormerPart.objects.in_org(org).filter(inside).order_by("-id")
    rest = former.values_list("part")[:MOST_OF_A_KIND]
    found = held[0].union(*held[1:], rest, all=True)
    return [project.pk, *chain.from_iterable(found)]


def _keys(viewer: Access, project: Project) -> QuerySet[Key]:
    """The project's keys; another's personal key is for who manages the keys there."""
    keys = Key.objects.in_org(project.organization_id).filter(project=project)
    if sees_keys_of(viewer, project):
        return keys
    return keys.filter(Q(kind=Key.Kind.PROJECT) | Q(creator=viewer.membership_id))
