"""Counts of a whole organization at a moment: exact from any point they are counted from, kept in
steps, and pages of people that do not grow.
"""

from __future__ import annotations

import datetime

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from audit.models import Tally
from audit.queries import newest_sequence
from config.roles import ORGANIZATION_ROLES, Role, Scope
from orgs.models import Group, Membership
from orgs.tenancy import bound
from projects.actions.shares import share
from projects.history.fold import Fact, whole
from projects.history.moments import Moment
from projects.history.organization import Counts, counts_then
from projects.history.people import is_here
from projects.models import Workspace
from projects.queries.as_of_places import PAGE_SIZE, place_answer
from tests.factories import TEST, Cast, make_group, make_member, make_seat
from tests.orgs.support import note
from tests.projects.factories import make_project


def stated(cast: Cast) -> Moment:
    """After an entry that claims what was done to the tables by hand."""
    ledger.record(
        Event.ACCESS_STATED,
        organization=cast.acme.id,
        actor=TEST,
        target=Target("organization", cast.acme.id, cast.acme.name),
    )
    return Moment(timezone.now(), newest_sequence(cast.acme.id))


def by_hand(cast: Cast, moment: Moment) -> tuple[dict[Role, int], int, int, int]:
    facts = whole(cast.acme.id, moment)

    def of(kind: str) -> list[Fact]:
        return [fact for fact in facts if fact.kind == kind]

    here = [fact.role for fact in of("membership") if is_here(fact, moment)]
    roles = {role: here.count(role) for role in ORGANIZATION_ROLES}
    active = [fact for fact in of("project") if fact.values["state"] == "active"]
    return roles, len(of("group")), len(of("workspace")), len(active)


def told(counts: Counts) -> tuple[dict[Role, int], int, int, int]:
    return counts.roles, counts.groups, counts.workspaces, counts.projects


def test_every_moment_of_a_long_past_is_counted_exactly(cast: Cast) -> None:
    org, moments = cast.acme.id, []
    make_project(cast.acme)
    with bound(org):
        for number in range(3):
            many = [Group(organization_id=org, name=f"G{number}-{i}") for i in range(1_200)]
            Group.objects.bulk_create(many)
            Workspace.objects.bulk_create(
                Workspace(organization_id=org, name=f"W{number}-{i}") for i in range(300)
            )
            moments.append(stated(cast))
            Group.objects.filter(pk__in=[one.pk for one in many[:250]]).delete()
            moments.append(stated(cast))
        # From the far end first, so that what is between is counted from points kept on the way.
        for moment in [moments[-1], *moments]:
            assert told(counts_then(org, moment)) == by_hand(cast, moment)
        kept = Tally.objects.filter(organization_id=org)
        assert kept.count() > 1
        points = list(kept.values_list("sequence", "said"))
        for sequence, said in points:
            assert said["group"] == len(
                [f for f in whole(org, Moment(timezone.now(), sequence)) if f.kind == "group"]
            )
        counts_then(org, moments[-1])
        assert kept.count() == len(points), "a short way is not kept"


def test_an_end_is_counted_by_the_clock_and_not_by_an_entry(cast: Cast) -> None:
    member = make_member(cast.acme, Role.MEMBER)
    end = timezone.now() + datetime.timedelta(days=2)
    with bound(cast.acme.id):
        Membership.objects.filter(pk=member.pk).update(expires_at=end)
        then = stated(cast)
        later = Moment(end + datetime.timedelta(days=1), then.sequence)
        assert counts_then(cast.acme.id, then).roles[Role.MEMBER] == 2
        assert counts_then(cast.acme.id, later).roles[Role.MEMBER] == 1
        assert told(counts_then(cast.acme.id, later)) == by_hand(cast, later)


def test_of_another_ledger_nothing_is_counted(cast: Cast) -> None:
    moment = Moment(timezone.now(), 10)
    refused = pytest.raises(DatabaseError, match="not bound to this ledger")
    with bound(cast.umbrella.id), refused, transaction.atomic():
        counts_then(cast.acme.id, moment)


@pytest.mark.parametrize("number", [3, 120])
def test_a_page_of_people_costs_the_same_however_many_there_are(cast: Cast, number: int) -> None:
    project, group = make_project(cast.acme), make_group(cast.acme)
    for _ in range(number):
        member = make_member(cast.acme, Role.MEMBER)
        with bound(cast.acme.id):
            make_seat(group, member)
            note(cast.acme.id)
    access = cast.access(cast.alice)
    share(place=project, to=group, role=Role.PROJECT_VIEWER, until=None, reason="why", actor=access)
    with bound(cast.acme.id):
        moment = Moment(timezone.now(), newest_sequence(cast.acme.id))
    access = cast.access(cast.alice)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = place_answer(
                access=access,
                moment=moment,
                scope=Scope.PROJECT,
                place=project.pk,
                permission=None,
                cursor=cursor,
            )
        assert len(queries) <= 24
        assert len(answer.people) <= PAGE_SIZE
        seen += [str(one.id) for one in answer.people]
        if answer.page.older is None:
            break
        cursor, before = answer.page.older, answer
        after = place_answer(
            access=access,
            moment=moment,
            scope=Scope.PROJECT,
            place=project.pk,
            permission=None,
            cursor=cursor,
        )
        back = place_answer(
            access=access,
            moment=moment,
            scope=Scope.PROJECT,
            place=project.pk,
            permission=None,
            cursor=after.page.newer,
        )
        assert [one.id for one in back.people] == [one.id for one in before.people]
    assert len(seen) == len(set(seen)) == number + 1
