"""When a place in a group ends: extended under the ceiling, shortened by who keeps groups."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from audit.models import Outcome
from config.roles import Role
from orgs.actions.groups import group_member_change
from orgs.models import GroupMembership
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.orgs.groups import newest, said
from tests.orgs.test_group_member_add import groups_admin
from tests.projects.factories import make_grant, make_group_role, make_project

AUDIT = Role.AUDIT_LOG_READER
DAY = datetime.timedelta(days=1)


def ending(seat: GroupMembership, when: datetime.datetime | None) -> GroupMembership:
    with bound(seat.organization_id):
        seat.expires_at = when
        seat.save()
    return seat


def change(cast: Cast, who: Any, seat: GroupMembership, **data: str):
    return sign_in(who).post(cast.url(f"groups/{seat.group_id}/members/{seat.pk}/"), data)


def reload(seat: GroupMembership) -> GroupMembership:
    with bound(seat.organization_id):
        return GroupMembership.objects.get(pk=seat.pk)


def on(day: datetime.datetime) -> str:
    return timezone.localdate(day).isoformat()


def test_a_place_that_has_ended_gives_nothing_and_is_extended(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_group_role(group, AUDIT)
    seat = ending(make_seat(group, cast.member(cast.mia)), timezone.now() - DAY)
    assert AUDIT not in cast.access(cast.mia).roles
    client = sign_in(cast.alice)
    page = said(client.get(cast.url(f"groups/{group.pk}/")))
    assert "Ended on" in page
    assert "Extend" in page
    assert "0 people , 1 ended" in page or "0 people, 1 ended" in page
    assert change(cast, cast.alice, seat, until=on(timezone.now() + DAY)).status_code == 302
    assert AUDIT in cast.access(cast.mia).roles
    assert (newest(cast).action, newest(cast).outcome) == ("group.member_changed", Outcome.DONE)


def test_the_table_counts_those_who_are_in_it_now(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_seat(group, cast.member(cast.mia))
    ending(make_seat(group, cast.member(cast.vera)), timezone.now() - DAY)
    page = sign_in(cast.alice).get(cast.url("groups/"))
    assert [line.people for line in page.context["groups"].lines] == [1]


@pytest.mark.parametrize("until", ["", "later"])
@pytest.mark.parametrize("now", ["ended", "running"])
def test_a_groups_admin_extends_no_place_in_a_group_that_carries_a_role(
    cast: Cast, until: str, now: str
) -> None:
    groups_admin(cast, cast.mia)
    group = make_group(cast.acme, "Security")
    make_group_role(group, AUDIT)
    end = timezone.now() + (DAY if now == "running" else -DAY)
    seat = ending(make_seat(group, cast.member(cast.vera)), end)
    day = on(timezone.now() + 5 * DAY) if until else ""
    response = change(cast, cast.mia, seat, until=day)
    assert response.status_code == 422
    assert "Only owners may add people to it" in said(response)
    assert reload(seat).expires_at == end


def test_a_groups_admin_may_end_sooner_and_take_out(cast: Cast) -> None:
    groups_admin(cast, cast.mia)
    group = make_group(cast.acme, "Security")
    make_group_role(group, AUDIT)
    seat = make_seat(group, cast.member(cast.vera))
    assert change(cast, cast.mia, seat, until=on(timezone.now() + 5 * DAY)).status_code == 302
    assert change(cast, cast.mia, seat, until=on(timezone.now() + 2 * DAY)).status_code == 302
    url = cast.url(f"groups/{group.pk}/members/{seat.pk}/remove/")
    assert sign_in(cast.mia).post(url).status_code == 302
    with bound(cast.acme.id):
        assert not GroupMembership.objects.filter(group=group).exists()


def test_nobody_extends_their_own_place_to_what_the_group_alone_gives(cast: Cast) -> None:
    groups_admin(cast, cast.mia)
    group = make_group(cast.acme, "Order intake")
    make_grant(make_project(cast.acme), group, Role.PROJECT_OWNER)
    end = timezone.now() + DAY
    seat = ending(make_seat(group, cast.member(cast.mia)), end)
    response = change(cast, cast.mia, seat, until="")
    assert response.status_code == 422
    assert "would bring you more than you hold" in said(response)
    assert reload(seat).expires_at == end
    with pytest.raises(ValidationError) as refused:
        group_member_change(seat=seat, maintainer=False, until=None, actor=cast.access(cast.mia))
    assert refused.value.code == "oneself"


def test_making_a_maintainer_leaves_the_end_alone(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    for end in (timezone.now() + DAY, timezone.now() - DAY, None):
        seat = ending(make_seat(group, cast.member(cast.vera)), end)
        assert change(cast, cast.alice, seat, maintainer="on").status_code == 302
        assert (reload(seat).is_maintainer, reload(seat).expires_at) == (True, end)
        change(cast, cast.alice, seat)
        assert (reload(seat).is_maintainer, reload(seat).expires_at) == (False, end)
        with bound(cast.acme.id):
            seat.delete()


def test_a_form_sent_back_as_it_was_changes_nothing(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    seat = ending(make_seat(group, cast.member(cast.vera)), timezone.now() + 3 * DAY)
    before = newest(cast).sequence
    change(cast, cast.alice, seat, until=on(timezone.now() + 3 * DAY))
    assert newest(cast).sequence == before


@pytest.mark.parametrize("until", ["2001-01-01", "9999-12-31", "tomorrow", "\x00"])
def test_a_bad_end_is_told_and_changes_nothing(cast: Cast, until: str) -> None:
    seat = make_seat(make_group(cast.acme), cast.member(cast.vera))
    assert change(cast, cast.alice, seat, until=until).status_code == 422
    assert reload(seat).expires_at is None


def test_a_place_in_another_group_is_not_there(cast: Cast) -> None:
    one, other = make_group(cast.acme), make_group(cast.acme)
    seat = make_seat(one, cast.member(cast.vera))
    client = sign_in(cast.alice)
    url = cast.url(f"groups/{other.pk}/members/{seat.pk}/")
    assert client.get(url).status_code == 404
    assert client.post(f"{url}remove/").status_code == 404
