"""What ran in the projects with insights before the last month: half a year in which more and more
people came to use them. The last month, of all projects, is in `everyday.py`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

from projects.demo.everyday import DAYS, KINDS, MINUTES, summary, users_of
from projects.models import Execution, Project, ProjectInsights, Resource

if TYPE_CHECKING:
    from orgs.models import Membership
    from projects.demo.book import Book

EARLIEST = 25 * 7
BUSY, QUIET = 3.6, 0.9
"""Runs and conversations on a working day, once everyone has come: of a project with insights,
and of any other."""


def earlier_executions(book: Book) -> Iterator[Execution]:
    chance = Random(f"{book.history.story.name} worked")  # noqa: S311  # a story, not a secret
    measured = {one.project_id for one in book.of_kind(ProjectInsights)}
    for project in book.of_kind(Project) if measured else ():
        used = [
            one
            for one in book.of_kind(Resource)
            if one.project_id == project.id and one.kind in ("agent", "workflow")
        ]
        people = {one: users_of(book, one) for one in used}
        busy = BUSY if project.id in measured else QUIET
        for day in range(EARLIEST, DAYS, -1) if project.state == Project.State.ACTIVE else ():
            yield from _day(book, day, busy, people, chance)


def _day(
    book: Book,
    day: int,
    busy: float,
    people: dict[Resource, list[Membership]],
    chance: Random,
) -> Iterator[Execution]:
    """A day of one project: fewer came, and did less, the longer ago it is."""
    came = 1 - (day - DAYS) / (EARLIEST - DAYS)
    now = book.history.calendar.now
    morning = (now - datetime.timedelta(days=day)).replace(hour=6, minute=0, second=0)
    pace = busy * (0.3 + 0.7 * came) * (1.0 if morning.weekday() < 5 else 0.15)
    for _ in range(int(pace * chance.uniform(0.6, 1.4) + chance.random())):
        at = morning + datetime.timedelta(hours=chance.triangular(0, 13, 5))
        there = [one for one in people if one.created_at < at]
        if there:
            resource = chance.choice(there)
            users = [one for one in people[resource] if one.joined_at < at]
            if users:
                user = chance.choice(users[: max(2, round(len(users) * (0.4 + 0.6 * came)))])
                yield _one(book, resource, user, at, chance, came)


def _one(
    book: Book,
    resource: Resource,
    user: Membership,
    at: datetime.datetime,
    chance: Random,
    came: float,
) -> Execution:
    """One that ended; they fail less and less."""
    kind = KINDS[resource.kind]
    failed = 0.2 - 0.12 * came
    state = chance.choices(
        (Execution.State.SUCCEEDED, Execution.State.FAILED), (1 - failed, failed)
    )[0]
    return Execution(
        project_id=resource.project_id,
        resource_id=resource.id,
        started_by_id=user.id,
        kind=kind.value,
        state=state.value,
        summary=summary(resource, state, chance),
        started_at=at,
        finished_at=at + datetime.timedelta(minutes=chance.uniform(*MINUTES[kind])),
        **book.new(at=at),
    )
