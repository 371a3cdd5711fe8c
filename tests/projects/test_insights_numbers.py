"""The numbers of insights, against loops over the executions themselves."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import connections

from config.roles import Role
from orgs.models import GroupMembership, Membership
from orgs.tenancy import bound
from projects.models import Execution, Project, Resource
from projects.queries.insights import Number, platform_usage
from projects.queries.insights_people import group_shares
from projects.queries.insights_projects import numbers_of, project_page
from projects.weeks import WEEK, WEEKS, Span, keep_zone
from tests.factories import Cast, make_group, make_member, make_seat
from tests.projects.factories import make_grant, make_project, make_resource
from tests.projects.insights import (
    counted_weeks,
    executions_of,
    first_success_by_hand,
    kept_weeks,
    noon,
    people_of,
    sums_of,
    used,
    weeks_by_hand,
    within,
)

SPAN = Span(datetime.date(2026, 1, 12))
K, S = Execution.Kind, Execution.State


class World:
    """Two projects with agents and workflows, five people, and a year of dice."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self.cast, self.dice = cast, Random(seed)
        self.projects = [make_project(cast.acme) for _ in range(2)]
        self.resources = [
            make_resource(project, kind)
            for project in self.projects
            for kind in ("agent", "workflow")
        ]
        self.people = [make_member(cast.acme) for _ in range(5)]
        for _ in range(160):
            self.one()

    def one(self) -> None:
        dice = self.dice
        resource = dice.choice([*self.resources, None])
        project = resource.project if resource else dice.choice([*self.projects, None])
        at = noon(SPAN.before) + datetime.timedelta(
            minutes=dice.randrange(-WEEK.days * 1440, 26 * WEEK.days * 1440)
        )
        used(
            project,
            resource,
            organization=self.cast.acme,
            at=at,
            by=dice.choice([*self.people, *self.people, None]),
            kind=dice.choice([K.RUN, K.CONVERSATION, K.CONVERSATION, K.LOG, K.PROOF]),
            state=dice.choice([S.SUCCEEDED, S.SUCCEEDED, S.FAILED, S.CANCELLED, S.RUNNING]),
            finished_at=dice.choice([None, at + datetime.timedelta(minutes=dice.randrange(900))]),
        )


@pytest.fixture(params=range(3))
def world(cast: Cast, request: Any) -> World:
    return World(cast, request.param)


@pytest.mark.requirement("S3-052")
def test_usage_of_the_organization_is_what_loops_count(world: World) -> None:
    org = world.cast.acme.id
    rows = executions_of(org)
    with bound(org):
        usage = platform_usage(org, SPAN)
    lately = within(rows, SPAN.first, SPAN.this)
    before = within(rows, SPAN.before, SPAN.first)
    assert [(week.sums, week.people) for week in usage.weeks] == weeks_by_hand(rows, SPAN)
    assert (usage.total, usage.before) == (sums_of(lately), sums_of(before))
    assert usage.people == Number(len(people_of(lately)), len(people_of(before)))
    for number, thing in ((usage.projects, "project_id"), (usage.used, "resource_id")):
        now, then = ({getattr(row, thing) for row in span} - {None} for span in (lately, before))
        assert number == Number(len(now), len(then))


@pytest.mark.requirement("S3-053")
def test_numbers_of_projects_are_what_loops_count(world: World) -> None:
    cast, [project, other] = world.cast, world.projects
    rows = [row for row in executions_of(cast.acme.id) if row.project_id == project.pk]
    group = make_group(cast.acme)
    granted = noon(SPAN.first) - datetime.timedelta(days=30)
    make_grant(project, world.people[0], Role.PROJECT_MEMBER, granted_at=granted)
    make_grant(project, world.people[1], Role.PROJECT_VIEWER, granted_at=granted)
    make_grant(project, group, Role.PROJECT_OWNER, granted_at=granted)
    seats = [make_seat(group, member) for member in world.people[:1] + world.people[2:4]]
    with bound(cast.acme.id):
        GroupMembership.objects.in_org(cast.acme).update(added_at=noon(SPAN.first))
        mine, theirs = numbers_of(cast.acme.id, [project, other], SPAN)
        page = project_page(cast.access(cast.alice), project, SPAN)
    lately = within(rows, SPAN.first, SPAN.this)
    team = {world.people[number].pk for number in (0, 2, 3)}
    assert len(seats) == 3
    assert [(week.sums, week.people) for week in mine.weeks] == weeks_by_hand(rows, SPAN)
    assert (mine.team, theirs.team) == (3, 0)
    assert mine.people == len(people_of(lately))
    assert mine.team_active == len(people_of(lately) & team)
    given = {world.people[number].pk: granted for number in (0, 1)}
    given |= {world.people[number].pk: noon(SPAN.first) for number in (2, 3)}
    told = first_success_by_hand(rows, SPAN, given)
    first = mine.first_success
    assert (first and (first.people, first.median)) == told
    assert page.before == sums_of(within(rows, SPAN.before, SPAN.first))
    assert {(share.name, share.people, share.sums) for share in page.resources} == {
        (resource.name if resource else "Deleted, or not said", len(people_of(of)), sums_of(of))
        for resource in (*world.resources[:2], None)
        if (of := [row for row in lately if row.resource_id == getattr(resource, "pk", None)])
    }


def test_counts_follow_what_changes_moves_and_goes(world: World) -> None:
    org, dice = world.cast.acme.id, world.dice
    assert kept_weeks(org) == counted_weeks(org)
    with bound(org):
        rows = list(Execution.objects.in_org(org))
        for row in dice.sample(rows, 40):
            row.state = dice.choice([S.SUCCEEDED, S.FAILED, S.CANCELLED])
            row.kind = dice.choice([K.RUN, K.CONVERSATION, K.LOG])
            row.started_at += datetime.timedelta(days=dice.randrange(-9, 9))
            row.save()
        Execution.objects.in_org(org).filter(pk__in=[row.pk for row in rows[:25]]).delete()
        Execution.objects.in_org(org).filter(state=S.CANCELLED).update(state=S.FAILED)
    assert kept_weeks(org) == counted_weeks(org)


@pytest.mark.parametrize("table", [Membership, Resource, Project])
def test_counts_follow_when_what_they_are_of_is_deleted(world: World, table: Any) -> None:
    org = world.cast.acme.id
    gone: UUID = {
        Membership: world.people[0].pk,
        Resource: world.resources[0].pk,
        Project: world.projects[0].pk,
    }[table]
    with connections["default"].cursor() as cursor, bound(org):
        # Whether the deed is in the ledger is no matter of these counts.
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        table.objects.in_org(org).filter(pk=gone).delete()
        assert kept_weeks(org) == counted_weeks(org)
        assert gone not in {pk for key in kept_weeks(org) for pk in key}


@pytest.fixture
def berlin(settings: Any, django_db_setup: None, django_db_blocker: Any) -> Iterator[ZoneInfo]:
    """The installation's clocks stand in Berlin, and `migrate` has said so to the database."""
    before = settings.TIME_ZONE
    with django_db_blocker.unblock():
        settings.TIME_ZONE = "Europe/Berlin"
        keep_zone(using="owner")
    yield ZoneInfo("Europe/Berlin")
    with django_db_blocker.unblock():
        settings.TIME_ZONE = before
        keep_zone(using="owner")
        connections["owner"].close()


@pytest.mark.parametrize(
    "this",
    [
        pytest.param(datetime.date(2026, 11, 2), id="the clocks go back on 25 October"),
        pytest.param(datetime.date(2026, 4, 6), id="they go forward on 29 March"),
        pytest.param(datetime.date(2027, 1, 11), id="the year ends on a Thursday"),
    ],
)
def test_a_week_ends_at_midnight_there(berlin: ZoneInfo, cast: Cast, this: datetime.date) -> None:
    span, project = Span(this), make_project(cast.acme)
    minute = datetime.timedelta(minutes=1)
    for week in span.weeks:
        midnight = datetime.datetime.combine(week, datetime.time(), berlin).astimezone(datetime.UTC)
        used(project, at=midnight)
        used(project, at=midnight - minute, kind=K.CONVERSATION)
    with bound(cast.acme.id):
        usage = platform_usage(cast.acme.id, span)
    assert kept_weeks(cast.acme.id) == counted_weeks(cast.acme.id)
    # The last minute before each Monday is the week's before: of the first one, another span's.
    each = [(week.sums.runs, week.sums.conversations) for week in usage.weeks]
    assert each == [(1, 1)] * WEEKS + [(1, 0)]
    assert usage.before.conversations == 1


def test_a_secret_group_is_counted_without_its_name(cast: Cast) -> None:
    project = make_project(cast.acme)
    mia, vera = cast.member(cast.mia), cast.member(cast.vera)
    secret = [make_group(cast.acme, name, secret=True) for name in ("Acquisition", "Layoffs")]
    seen = make_group(cast.acme, "Field")
    for group, member in ((secret[0], mia), (secret[1], mia), (secret[1], vera), (seen, mia)):
        make_seat(group, member)
    for member in (mia, vera, cast.member(cast.adam)):
        used(project, at=noon(SPAN.first), by=member)
    stranger = make_member(cast.acme)

    def told(person: Any) -> list[tuple[str, str, int, int, int]]:
        found = group_shares(cast.access(person), SPAN)
        return [(one.kind, one.name, one.size, one.people, one.sums.total) for one in found]

    assert [one[1] for one in told(cast.alice)] == ["Layoffs", "Acquisition", "Field", ""]
    assert told(cast.vera) == [
        ("group", "Layoffs", 2, 2, 2),
        ("group", "Field", 1, 1, 1),
        ("unseen", "", 0, 1, 1),
        ("none", "", 0, 1, 1),
    ]
    # Who sees neither learns that two people are in some, each counted once.
    assert told(stranger.person) == [
        ("group", "Field", 1, 1, 1),
        ("unseen", "", 0, 2, 2),
        ("none", "", 0, 1, 1),
    ]
    assert told(cast.eddie) == []
