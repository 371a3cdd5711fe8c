"""An account that the platform switched off: known as of any moment, and told to nobody else.

Live access is refused to it, so what stands in the past is refused as well; and nothing that the
platform sees of an organization says that its person is in it.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import User
from audit.models import Effect, Head
from audit.queries import first_flaw, newest_sequence
from config.roles import Permission, Role
from orgs.actions.members import member_change_role
from orgs.models import Membership
from orgs.tenancy import bound
from projects.actions.shares import share
from projects.history.moments import Moment
from projects.queries.as_of import person_answer
from projects.queries.as_of_places import place_answer
from tests.factories import (
    Cast,
    access_of,
    make_member,
    make_organization,
    make_person,
    sign_in,
)
from tests.orgs.support import open_window
from tests.projects.factories import make_project


def switch(person: User, *, on: bool) -> None:
    state = User.State.ACTIVE if on else User.State.SUSPENDED
    User.objects.filter(pk=person.pk).update(is_active=on, state=state)


def now(organization: UUID) -> Moment:
    with bound(organization):
        return Moment(timezone.now(), newest_sequence(organization))


def could(cast: Cast, member: Membership, moment: Moment, permission: Permission) -> bool:
    answer = person_answer(
        access=cast.access(cast.alice),
        moment=moment,
        member=member.pk,
        scope=None,
        place=None,
        permission=permission,
    )
    assert answer.verdict
    listed = permission in {one for _, some in answer.areas for one in some}
    assert listed is answer.verdict.allowed
    return answer.verdict.allowed


def waiting(organization: UUID) -> list[dict[str, Any]]:
    with bound(organization):
        rows = Effect.objects.filter(organization_id=organization, kind="account")
        return [json.loads(row.text) for row in rows.filter(sequence=None).order_by("id")]


@pytest.mark.requirement("S2-019")
def test_an_account_is_off_from_the_moment_it_is_switched_until_it_is_on_again(cast: Cast) -> None:
    mia, asked = cast.member(cast.mia), Permission.ORG_VIEW_DASHBOARD
    before = now(cast.acme.id)
    switch(cast.mia, on=False)
    off = now(cast.acme.id)
    switch(cast.mia, on=True)
    after = now(cast.acme.id)
    for _ in range(2):
        assert [could(cast, mia, one, asked) for one in (before, off, after)] == [True, False, True]
        # Whatever entry comes next claims them, and nothing is told differently for it.
        actor = cast.access(cast.alice)
        role = Role.VIEWER if cast.member(cast.mia).role == Role.MEMBER else Role.MEMBER
        member_change_role(membership=cast.member(cast.mia), role=role, reason="", actor=actor)
    assert not waiting(cast.acme.id)
    with bound(cast.acme.id):
        claimed = Effect.objects.filter(organization_id=cast.acme.id, kind="account")
        assert claimed.filter(sequence__gt=after.sequence).count() == 2
        assert first_flaw(cast.acme.id) is None


def test_the_page_says_that_the_account_was_off(cast: Cast) -> None:
    mia = cast.member(cast.mia)
    switch(cast.mia, on=False)
    page = f"access/as-of/?member={mia.pk}&permission={Permission.ORG_VIEW_DASHBOARD.value}"
    shown = sign_in(cast.alice).get(cast.url(page)).content.decode()
    assert "The account was switched off" in shown
    assert "Mia could not" in shown
    assert "account is switched off" in shown


def test_nobody_whose_account_was_off_could_reach_a_place(cast: Cast) -> None:
    project, mia = make_project(cast.acme), cast.member(cast.mia)
    access = cast.access(cast.alice)
    share(place=project, to=mia, role=Role.PROJECT_MEMBER, until=None, reason="why", actor=access)

    def people() -> set[str]:
        answer = place_answer(
            access=cast.access(cast.alice),
            moment=now(cast.acme.id),
            scope=project.scope,
            place=project.pk,
            permission=None,
        )
        return {one.name for one in answer.people}

    assert people() == {"Alice Marlow", "Mia Castellano"}
    switch(cast.mia, on=False)
    assert people() == {"Alice Marlow"}
    switch(cast.mia, on=True)
    assert people() == {"Alice Marlow", "Mia Castellano"}


def test_who_becomes_a_member_with_an_account_that_is_off_is_known_as_that(cast: Cast) -> None:
    person = make_person("Nils Aalto")
    switch(person, on=False)
    member = make_member(cast.acme, Role.MEMBER, person)
    assert not could(cast, member, now(cast.acme.id), Permission.ORG_VIEW_DASHBOARD)
    switch(person, on=True)
    assert could(cast, member, now(cast.acme.id), Permission.ORG_VIEW_DASHBOARD)


def test_no_ledger_grows_by_it_so_the_platform_learns_of_no_membership(cast: Cast) -> None:
    """What it is shown of every ledger is how many entries there are (`ledger_counters`)."""
    make_member(cast.umbrella, person=cast.mia)

    def heads() -> list[tuple[UUID, int]]:
        found = []
        for organization in (cast.acme.id, cast.umbrella.id):
            with bound(organization):
                head = Head.objects.get(organization_id=organization)
                found.append((organization, head.sequence))
        return found

    before = heads()
    switch(cast.mia, on=False)
    switch(cast.mia, on=True)
    assert heads() == before
    for organization in (cast.acme.id, cast.umbrella.id):
        said = waiting(organization)
        assert [one["after"]["is_active"] for one in said] == [False, True]
        with bound(organization):
            mine = Membership.objects.in_org(organization).get(person=cast.mia).pk
        assert {one["row"] for one in said} == {str(mine)}
        assert str(cast.mia.pk) not in json.dumps(said), "an id of the organization's own"


def test_an_organization_reads_what_is_noted_of_its_own_members_alone(cast: Cast) -> None:
    make_member(cast.umbrella, person=cast.mia)
    switch(cast.mia, on=False)
    with bound(cast.acme.id):
        everywhere = set(Effect.objects.values_list("organization_id", flat=True))
    assert everywhere == {cast.acme.id}


def test_the_past_knows_what_a_window_withheld(cast: Cast) -> None:
    window = open_window(cast.acme, cast.alice, cast.sam, may_change=True)
    with bound(cast.acme.id):
        sam = Membership.objects.in_org(cast.acme).get(pk=window.actor)
    theirs, moment = access_of(cast.acme, cast.sam), now(cast.acme.id)
    for permission in Permission:
        answer = could(cast, sam, moment, permission)
        assert answer is theirs.can(permission), permission


@pytest.mark.usefixtures("committed")
def test_a_note_that_was_claimed_and_changed_is_found() -> None:
    owner, person = make_person(), make_person()
    org = make_organization(owner, "Switched")
    make_member(org, person=person)
    switch(person, on=False)
    with bound(org.id):
        actor = access_of(org, owner)
        member = Membership.objects.in_org(org).get(person=person)
        member_change_role(membership=member, role=Role.VIEWER, reason="", actor=actor)
    with bound(org.id):
        assert first_flaw(org.id) is None
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE audit_effect DISABLE TRIGGER never_rewritten")
        cursor.execute(
            "UPDATE audit_effect SET text = replace(text, 'false', 'true')"
            " WHERE organization_id = %s AND kind = 'account' AND sequence IS NOT NULL",
            [org.id],
        )
        assert cursor.rowcount == 1
        cursor.execute("ALTER TABLE audit_effect ENABLE TRIGGER never_rewritten")
    with bound(org.id):
        assert first_flaw(org.id) is not None
