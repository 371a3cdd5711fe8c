"""The audit log of one project: which ids belong to it, and what the ledger says about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.entries import Entry, changes_in, parsed
from audit.events import Event as Action
from audit.models import Event, Outcome
from audit.queries import EventFilter, EventPage, events_about
from audit.queries.words import says
from config.roles import Permission
from orgs.access import Access
from orgs.models import Group
from orgs.queries.groups import visible_groups
from projects.models import FormerPart, HumanTask, Key, Project, Request, Resource, Secret
from projects.queries.keys import sees_keys_of

MOST_OF_A_KIND = 2_000
PAGE_SIZE = 50
_NAMING = [one.value for one in (Action.GROUP_CREATED, Action.GROUP_CHANGED)]


def project_log(
    *,
    project: Project,
    cursor: str | None,
    viewer: Access,
    filters: EventFilter | None = None,
) -> EventPage:
    """Entries about the project and all it holds or held, newest first. Eight queries at most.

    A secret group keeps its name from who may not see it, but for the readers of the whole log;
    and what they may not read is not searched for them either.
    """
    filters = filters or EventFilter()
    reads_all = viewer.can(Permission.AUDIT_VIEW)
    names = frozenset() if reads_all else _unseen(project, viewer)
    text = "" if reads_all else filters.text

    def keep(entries: Sequence[Entry]) -> list[Entry]:
        return [entry for entry in entries if says(_veiled(entry, names), text)]

    page = events_about(
        organization=project.organization_id,
        targets=_parts(project, viewer),
        filters=filters if reads_all else replace(filters, text="", origin=None),
        keep=keep if text else None,
        cursor=cursor,
        size=PAGE_SIZE,
    )
    return replace(page, rows=[_veiled(entry, names) for entry in page.rows]) if names else page


def _unseen(project: Project, viewer: Access) -> frozenset[str]:
    """The names of the groups that are not for this viewer, and those they had before."""
    groups, org = Group.objects.in_org(project.organization_id), project.organization_id
    visible = visible_groups(viewer).values("pk")
    now = dict(groups.filter(secret=True).exclude(pk__in=visible).values_list("pk", "name"))
    told = Event.objects.filter(organization_id=org, action__in=_NAMING, outcome=Outcome.DONE)
    told = told.exclude(target_id__in=groups.exclude(pk__in=now).values("pk"))
    names: dict[UUID | None, set[str]] = {}
    secret: dict[UUID | None, bool] = dict.fromkeys(now, True)
    for group, body in told.order_by("sequence").values_list("target_id", "body"):
        said = changes_in(parsed(body))
        names.setdefault(group, set()).update(filter(None, said.get("name") or ()))
        # One that is gone keeps its secret.
        if group not in now and "secret" in said:
            secret[group] = bool(said["secret"][1])
    former = (name for group, found in names.items() if secret.get(group) for name in found)
    return frozenset((*now.values(), *former))


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
