"""People are told 7 days and 1 day ahead, once each; what was extended meanwhile is left out."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from config.roles import Role
from orgs.actions.expiry import member_extend
from orgs.models import GroupMembership, Membership, Notice
from orgs.tenancy import bound
from projects.actions.shares import share_change
from projects.models import ProjectGrant
from projects.queries.expiry import organizations_with_ends
from projects.tasks import ends_tell
from tests.factories import Cast, make_group, make_seat
from tests.projects.factories import make_grant, make_group_role, make_project

pytestmark = pytest.mark.django_db

Capture = Callable[..., AbstractContextManager[Any]]
LONG_AGO = timezone.now() - datetime.timedelta(days=90)


def in_days(days: float) -> datetime.datetime:
    return timezone.now() + datetime.timedelta(days=days)


@pytest.fixture
def tell(django_capture_on_commit_callbacks: Capture) -> Callable[[], None]:
    def run() -> None:
        with django_capture_on_commit_callbacks(execute=True):
            ends_tell(0)

    return run


def notices(cast: Cast) -> list[tuple[str, str]]:
    with bound(cast.acme.pk):
        rows = Notice.objects.in_org(cast.acme.pk).order_by("pk")
        return [(row.membership.name, row.text) for row in rows.select_related("membership")]


def set_end(cast: Cast, rows: Any, end: datetime.datetime) -> None:
    """As time passes: the deeds themselves take no end that is past."""
    with bound(cast.acme.pk):
        access = cast.access(cast.alice)
        for member in rows:
            member_extend(membership=member, until=end, reason="", actor=access)


def share(cast: Cast, end: datetime.datetime, **fields: Any) -> ProjectGrant:
    project = make_project(cast.acme, "Warehouse picking")
    by = cast.member(cast.adam).pk
    said = {"granted_at": LONG_AGO, "granted_by_id": by, "expires_at": end} | fields
    return make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER, **said)


def test_a_share_is_told_a_week_ahead_and_a_day_ahead_once_each(
    cast: Cast, tell: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    share(cast, in_days(6.9))
    tell()
    tell()
    first = notices(cast)
    assert [name for name, _ in first] == ["Mia Castellano", "Adam Brandt"]
    assert first[0][1].startswith("Your role Project Member on Warehouse picking ends on ")
    assert first[1][1].startswith("Mia Castellano’s role Project Member on Warehouse picking ends")
    assert sorted(letter.to[0] for letter in mail.outbox) == sorted(
        [cast.mia.email, cast.adam.email]
    )
    assert "/projects/" in mail.outbox[0].body
    # Six days later.
    now = timezone.now() + datetime.timedelta(days=6)
    monkeypatch.setattr("projects.actions.expiry.timezone.now", lambda: now)
    tell()
    tell()
    assert len(notices(cast)) == 4
    assert len(mail.outbox) == 4


def test_what_was_extended_meanwhile_is_left_out(cast: Cast, tell: Callable[[], None]) -> None:
    grant = share(cast, in_days(6))
    with bound(cast.acme.pk):
        share_change(
            grant=grant,
            role=grant.role,
            until=in_days(60),
            reason="",
            actor=cast.access(cast.alice),
        )
    tell()
    assert notices(cast) == []


def test_another_end_is_another_notice(cast: Cast, tell: Callable[[], None]) -> None:
    grant = share(cast, in_days(3))
    tell()
    with bound(cast.acme.pk):
        share_change(
            grant=grant,
            role=grant.role,
            until=in_days(5),
            reason="",
            actor=cast.access(cast.alice),
        )
    tell()
    assert [name for name, _ in notices(cast)] == ["Mia Castellano", "Adam Brandt"] * 2


def test_what_is_given_for_an_hour_is_not_announced(cast: Cast, tell: Callable[[], None]) -> None:
    share(cast, in_days(1 / 24), granted_at=timezone.now())
    tell()
    assert notices(cast) == []


def test_what_has_ended_or_ends_later_is_not_announced(
    cast: Cast, tell: Callable[[], None]
) -> None:
    share(cast, in_days(-0.1))
    make_grant(
        make_project(cast.acme),
        cast.member(cast.vera),
        Role.PROJECT_VIEWER,
        granted_at=LONG_AGO,
        expires_at=in_days(7.1),
    )
    tell()
    assert notices(cast) == []


def test_a_membership_is_told_to_the_person_and_the_owners(
    cast: Cast, tell: Callable[[], None]
) -> None:
    with bound(cast.acme.pk):
        mia = Membership.objects.in_org(cast.acme.pk).filter(pk=cast.member(cast.mia).pk)
        mia.update(joined_at=LONG_AGO)
        set_end(cast, mia, in_days(0.9))
    tell()
    told = notices(cast)
    assert [name for name, _ in told] == ["Mia Castellano", "Alice Marlow"]
    assert told[0][1].startswith("Your membership of Acme Robotics ends on ")
    assert told[1][1].startswith("Mia Castellano’s membership of Acme Robotics ends on ")


def test_a_place_in_a_group_and_what_groups_hold_are_told(
    cast: Cast, tell: Callable[[], None]
) -> None:
    group = make_group(cast.acme, "Finance")
    seat = make_seat(group, cast.member(cast.mia))
    make_seat(group, cast.member(cast.vera), maintainer=True)
    with bound(cast.acme.pk):
        GroupMembership.objects.in_org(cast.acme.pk).filter(pk=seat.pk).update(
            added_at=LONG_AGO, added_by=cast.member(cast.adam), expires_at=in_days(5)
        )
        cast.access(cast.alice)
    make_group_role(group, Role.BILLING_VIEWER, granted_at=LONG_AGO, expires_at=in_days(6))
    tell()
    assert [(name, text.partition(" ends on ")[0]) for name, text in notices(cast)] == [
        ("Mia Castellano", "Your place in the group Finance"),
        ("Adam Brandt", "Mia Castellano’s place in the group Finance"),
        ("Alice Marlow", "The role Billing Viewer of the group Finance"),
        ("Vera Lindqvist", "The role Billing Viewer of the group Finance"),
    ]


def test_only_organizations_where_something_ends_are_bound(cast: Cast) -> None:
    share(cast, in_days(3))
    found = organizations_with_ends(until=in_days(7))
    assert cast.acme.pk in found
    assert cast.umbrella.pk not in found
    with bound(cast.umbrella.pk):
        assert organizations_with_ends(until=in_days(7)) == []


def test_what_fails_in_one_organization_stops_no_other(
    cast: Cast, tell: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import DatabaseError

    from projects import tasks

    share(cast, in_days(3))
    asked = []

    def deed(*, organization: Any) -> int:
        asked.append(organization)
        raise DatabaseError

    tasks._in_each([cast.acme.pk, cast.umbrella.pk], deed)
    assert asked == [cast.acme.pk, cast.umbrella.pk]
