"""What the platform would have reported over the last month: runs, conversations, runners' logs.

A sample, drawn by dice of its own. Nobody does these here, so the ledger has nothing to say.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from config.roles import Permission, Role
from projects.demo.words import FAILURES, LOGS, SAID
from projects.models import Execution, Project, Resource

if TYPE_CHECKING:
    from orgs.models import Membership
    from projects.demo.book import Book

DAYS = 30
K, State = Execution.Kind, Execution.State
KINDS = {"agent": K.CONVERSATION, "workflow": K.RUN, "runner": K.LOG, "automation": K.RUN}
MINUTES = {K.CONVERSATION: (1, 14), K.RUN: (0.2, 25), K.LOG: (0.01, 0.5)}


def executions(book: Book) -> Iterator[Execution]:
    now = book.history.calendar.now
    chance = Random(f"{book.history.story.name} works")  # noqa: S311  # a story, not a secret
    for day in range(DAYS, -1, -1):
        morning = (now - datetime.timedelta(days=day)).replace(hour=6, minute=0, second=0)
        pace = 1.0 if morning.weekday() < 5 else 0.25
        for _ in range(round(book.tale.bustle * pace * chance.uniform(0.7, 1.3))):
            at = morning + datetime.timedelta(hours=chance.triangular(0, 15, 5))
            used = _used(book, at, chance)
            if at < now and used:
                yield _one(book, chance.choice(used), at, chance)


def _used(book: Book, at: datetime.datetime, chance: Random) -> list[Resource]:
    """What there was to use by then; what is published is used more."""
    kinds = [kind for kind in KINDS for _ in range(3 if kind in ("agent", "workflow") else 1)]
    kind = chance.choice(kinds)
    there = [one for one in book.of_kind(Resource) if one.kind == kind and one.created_at < at]
    active = [one for one in there if not one.project or one.project.state == Project.State.ACTIVE]
    return [one for one in active for _ in range(3 if one.is_published else 1)]


def _one(book: Book, resource: Resource, at: datetime.datetime, chance: Random) -> Execution:
    kind = KINDS[resource.kind]
    shortest, longest = MINUTES[kind]
    ends = at + datetime.timedelta(minutes=chance.uniform(shortest, longest))
    state = chance.choices(
        (State.SUCCEEDED, State.FAILED, State.CANCELLED), (88, 9, 3 if kind != K.LOG else 0)
    )[0]
    if ends > book.history.calendar.now:
        state, finished = State.RUNNING, None
    else:
        finished = ends
    return Execution(
        project_id=resource.project_id,
        resource_id=resource.id,
        started_by_id=_starter(book, resource, chance),
        kind=kind.value,
        state=state.value,
        summary=summary(resource, state, chance),
        started_at=at,
        finished_at=finished,
        **book.new(at=at),
    )


def _starter(book: Book, resource: Resource, chance: Random) -> UUID | None:
    """Somebody who may use it; runners and most automations start by themselves."""
    if resource.kind == Resource.Kind.RUNNER:
        return None
    if resource.kind == Resource.Kind.AUTOMATION and chance.random() < 0.8:
        return None
    people = users_of(book, resource)
    users = [one for one in people for _ in range(4 if one.role == Role.END_USER else 1)]
    return chance.choice(users).id if users else None


def users_of(book: Book, resource: Resource) -> list[Membership]:
    return [
        member
        for name, member in book.history.members.items()
        if not member.is_placeholder and book.roles_on(name, resource)
        # Whoever holds a place at work uses it; an End User uses what is published.
        if member.role != Role.END_USER or resource.is_published
        if resource.kind == Resource.Kind.AUTOMATION or _uses(book, name, resource)
    ]


def _uses(book: Book, name: str, resource: Resource) -> bool:
    chats = resource.kind == Resource.Kind.AGENT
    return book.may(
        name, Permission.AGENTS_CHAT if chats else Permission.WORKFLOWS_EXECUTE, resource
    )


def summary(resource: Resource, state: Execution.State, chance: Random) -> str:
    kind = KINDS[resource.kind]
    if state is State.FAILED:
        return chance.choice(FAILURES[kind.value])
    return chance.choice(LOGS if kind is K.LOG else SAID[resource.name])
