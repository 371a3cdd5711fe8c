"""Whom and what one may ask the past about: those of today, and those who are gone since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit.events import Event
from audit.models import Event as Row
from config.roles import Scope
from orgs.access import Access
from orgs.models import Membership
from orgs.queries.members import members_matching
from projects.explain.paths import icon_of
from projects.history.moments import Moment
from projects.history.names import names_of
from projects.history.telling import MODELS

MOST_FOUND = 6
MOST_GONE = 1_000
_GONE = {
    Event.MEMBER_REMOVED.value: None,
    Event.MEMBER_LEFT.value: None,
    Event.PROJECT_PURGED.value: Scope.PROJECT,
    Event.WORKSPACE_DELETED.value: Scope.WORKSPACE,
    Event.RESOURCE_DELETED.value: Scope.RESOURCE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Somebody or something by its name; `scope` is None for a person."""

    id: UUID
    name: str
    note: str
    scope: Scope | None = None
    icon: str = ""
    gone: bool = False


def found(*, access: Access, moment: Moment, search: str) -> list[Found]:
    """The first of each kind; those who are gone are looked for among the newest that went."""
    if not search:
        return []
    return [*_people(access, search), *_places(access, search), *_gone(access, moment, search)]


def _people(access: Access, search: str) -> Iterator[Found]:
    members = members_matching(Membership.objects.in_org(access.org.id), search)
    for member in members.order_by("sort_name", "pk")[:MOST_FOUND]:
        yield Found(id=member.pk, name=member.name, note=member.known_as)


def _places(access: Access, search: str) -> Iterator[Found]:
    for scope, model in MODELS.items():
        rows = access.visible(model.objects.filter(name__icontains=search))
        for row in rows.order_by("sort_name", "pk")[:MOST_FOUND]:
            note = str(row.kind_label).capitalize()
            yield Found(id=row.pk, name=row.name, note=note, scope=scope, icon=icon_of(row))


def _gone(access: Access, moment: Moment, search: str) -> Iterator[Found]:
    org, wanted, number = access.org.id, search.casefold(), 0
    rows = Row.objects.filter(organization_id=org, action__in=list(_GONE), outcome="done")
    went = rows.order_by("-sequence").values_list("action", "actor_id", "target_id")[:MOST_GONE]
    ids = {
        (actor if action == Event.MEMBER_LEFT.value else target): _GONE[action]
        for action, actor, target in went
    }
    names = names_of(org, moment, [pk for pk in ids if pk])
    for pk, name in sorted(names.items(), key=lambda pair: (pair[1].casefold(), pair[0])):
        if wanted in name.casefold() and number < MOST_FOUND and not _is_here(access, ids[pk], pk):
            number += 1
            scope = ids[pk]
            note = "Not a member any more" if scope is None else f"{scope.capitalize()}, deleted"
            icon = "" if scope is None else "archive-box"
            yield Found(id=pk, name=name, note=note, scope=scope, icon=icon, gone=True)


def _is_here(access: Access, scope: Scope | None, pk: UUID) -> bool:
    model: Any = Membership if scope is None else MODELS[scope]
    here: bool = model.objects.in_org(access.org.id).filter(pk=pk).exists()
    return here
