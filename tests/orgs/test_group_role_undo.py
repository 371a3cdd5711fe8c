"""Undo of a tick: the exact row that was there before, for thirty seconds (S3-021)."""

from __future__ import annotations

import datetime
import time
from dataclasses import replace
from unittest import mock

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import Outcome
from config.roles import GROUP_ROLES, Role
from orgs.actions.group_roles import UNDO_SECONDS, group_role_toggle, group_role_undo
from orgs.actions.members import member_remove
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_member, make_person, make_seat, sign_in
from tests.orgs.groups import carried, newest, rows_of, said, toggle, token_in, undo, without_plan
from tests.projects.factories import make_group_role

AUDIT, BILLING = Role.AUDIT_LOG_READER, Role.BILLING_VIEWER


def later(seconds: float):
    """The clock of signed tokens, so many seconds ahead."""
    return mock.patch("django.core.signing.time.time", return_value=time.time() + seconds)


def test_undo_of_a_tick_takes_the_role_back(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_seat(group, cast.member(cast.mia))
    client = sign_in(cast.alice)
    token = token_in(toggle(client, cast, group, AUDIT, "1"))
    response = undo(client, cast, group, AUDIT, token)
    assert response.status_code == 200
    assert "Undone: Audit Log Reader of Security is as it was" in said(response)
    assert rows_of(group) == []
    assert AUDIT not in cast.access(cast.mia).roles
    assert (newest(cast).action, newest(cast).outcome) == ("group.role_restored", Outcome.DONE)


def test_undo_of_an_untick_brings_the_very_row_back(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_group_role(
        group,
        AUDIT,
        granted_by=cast.member(cast.adam),
        granted_at=timezone.now() - datetime.timedelta(days=40, microseconds=7),
        reason="The auditors come in spring",
        expires_at=timezone.now() + datetime.timedelta(days=3),
    )
    before, client = rows_of(group), sign_in(cast.alice)
    token = token_in(toggle(client, cast, group, AUDIT, "0"))
    assert rows_of(group) == []
    undo(client, cast, group, AUDIT, token)
    assert rows_of(group) == before


def test_undo_works_once(cast: Cast) -> None:
    group, client = make_group(cast.acme, "Security"), sign_in(cast.alice)
    make_group_role(group, AUDIT)
    token = token_in(toggle(client, cast, group, AUDIT, "0"))
    assert undo(client, cast, group, AUDIT, token).status_code == 200
    assert undo(client, cast, group, AUDIT, token).status_code == 422
    # Taken again, the state looks as it did when the token was made; it is another change.
    toggle(client, cast, group, AUDIT, "0")
    response = undo(client, cast, group, AUDIT, token)
    assert response.status_code == 422
    assert "has changed since" in response["HX-Trigger"]
    assert carried(group) == []
    assert (newest(cast).action, newest(cast).outcome) == ("group.role_restored", Outcome.FAILED)


def test_undo_is_offered_for_thirty_seconds(cast: Cast) -> None:
    group, client = make_group(cast.acme, "Security"), sign_in(cast.alice)
    token = token_in(toggle(client, cast, group, AUDIT, "1"))
    with later(UNDO_SECONDS + 1):
        response = undo(client, cast, group, AUDIT, token)
        assert token_in(client.get(cast.url("groups/"), {"undo": token})) == ""
    assert response.status_code == 422
    assert "Undo is offered for 30 seconds" in response["HX-Trigger"]
    assert carried(group) == [AUDIT]
    with later(UNDO_SECONDS - 15):
        assert undo(client, cast, group, AUDIT, token).status_code == 200
    assert carried(group) == []


def test_only_who_made_the_change_undoes_it(cast: Cast) -> None:
    jonas = make_person("Jonas Weber")
    make_member(cast.acme, Role.OWNER, jonas)
    group = make_group(cast.acme, "Security")
    token = token_in(toggle(sign_in(cast.alice), cast, group, AUDIT, "1"))
    response = undo(sign_in(jonas), cast, group, AUDIT, token)
    assert response.status_code == 422
    assert "Only who made this change may undo it" in response["HX-Trigger"]
    assert undo(sign_in(cast.mia), cast, group, AUDIT, token).status_code == 403
    assert carried(group) == [AUDIT]


def test_a_token_fits_its_group_its_role_and_its_organization(cast: Cast) -> None:
    one, other = make_group(cast.acme, "Security"), make_group(cast.acme, "Finance")
    client = sign_in(cast.alice)
    token = token_in(toggle(client, cast, one, AUDIT, "1"))
    toggle(client, cast, other, AUDIT, "1")
    toggle(client, cast, one, BILLING, "1")
    assert undo(client, cast, other, AUDIT, token).status_code == 422
    assert undo(client, cast, one, BILLING, token).status_code == 422
    make_member(cast.umbrella, Role.OWNER, cast.alice)
    theirs = make_group(cast.umbrella, "Security")
    url = cast.url(f"groups/{theirs.pk}/roles/{AUDIT}/undo/", cast.umbrella)
    assert client.post(url, {"token": token}).status_code == 422
    assert carried(one) == [AUDIT, BILLING]


@pytest.mark.parametrize("token", ["", "x", "a:b:c", "\x00", "é" * 900, ".eJw:1:x"])
def test_a_made_up_token_is_refused_in_words(cast: Cast, token: str) -> None:
    group = make_group(cast.acme, "Security")
    response = undo(sign_in(cast.alice), cast, group, AUDIT, token)
    assert response.status_code == 422
    assert "not an undo" in response["HX-Trigger"]


def test_another_box_of_the_row_does_not_stand_in_the_way(cast: Cast) -> None:
    group, client = make_group(cast.acme, "Security"), sign_in(cast.alice)
    token = token_in(toggle(client, cast, group, AUDIT, "1"))
    toggle(client, cast, group, BILLING, "1")
    assert undo(client, cast, group, AUDIT, token).status_code == 200
    assert carried(group) == [BILLING]


def test_who_is_no_longer_an_owner_undoes_nothing(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    access = cast.access(cast.alice)
    done = group_role_toggle(group=group, role=AUDIT, on=True, actor=access)
    lower = replace(access, roles=frozenset({Role.ADMIN}))
    with pytest.raises(ValidationError) as refused:
        group_role_undo(group=group, role=AUDIT, token=done.undo, actor=lower)
    assert refused.value.code == "ceiling"


def test_undo_gives_no_role_that_the_plan_does_not_include(cast: Cast) -> None:
    group, client = make_group(cast.acme, "Security"), sign_in(cast.alice)
    make_group_role(group, AUDIT)
    token = token_in(toggle(client, cast, group, AUDIT, "0"))
    without_plan(cast.acme)
    assert undo(client, cast, group, AUDIT, token).status_code == 422
    assert carried(group) == []


def test_a_row_given_by_someone_who_left_meanwhile_names_nobody(cast: Cast) -> None:
    group, client, grace = make_group(cast.acme), sign_in(cast.alice), make_member(cast.acme)
    make_group_role(group, AUDIT, granted_by=grace)
    before = rows_of(group)
    token = token_in(toggle(client, cast, group, AUDIT, "0"))
    with bound(cast.acme.id):
        member_remove(membership=grace, reason="", actor=cast.access(cast.alice))
    assert undo(client, cast, group, AUDIT, token).status_code == 200
    assert rows_of(group) == [before[0] | {"granted_by_id": None}]


@given(
    before=st.sampled_from(["none", "forever", "until", "expired"]),
    role=st.sampled_from(GROUP_ROLES),
    beside=st.sets(st.sampled_from(GROUP_ROLES)),
    reason=st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=40),
    days=st.integers(0, 4000),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_undo_leaves_what_was_there_whatever_was_there(
    cast: Cast, before: str, role: Role, beside: set[Role], reason: str, days: int
) -> None:
    group = make_group(cast.acme)
    now = timezone.now()
    ends = {"forever": None, "until": datetime.timedelta(days=1), "expired": -datetime.timedelta(1)}
    for one in beside - {role}:
        make_group_role(group, one)
    if before != "none":
        end = ends[before]
        make_group_role(
            group,
            role,
            reason=reason,
            granted_at=now - datetime.timedelta(days=days),
            expires_at=now + end if end is not None else None,
        )
    rows, access = rows_of(group), cast.access(cast.alice)
    on = before in ("none", "expired")
    done = group_role_toggle(group=group, role=role, on=on, actor=access)
    assert done.changed
    assert rows_of(group) != rows
    access = cast.access(cast.alice)
    group_role_undo(group=group, role=role, token=done.undo, actor=access)
    assert rows_of(group) == rows
