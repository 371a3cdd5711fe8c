"""Importing a roster: what comes of it in the database, who may, and that it is all or nothing."""

from __future__ import annotations

import random
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from audit import ledger
from config.roles import Role
from orgs.actions.answers import invitation_accept
from orgs.actions.members import member_change_role
from orgs.actions.roster import PlanRefusedError, digest, roster_import, roster_plan
from orgs.models import GroupMembership, Invitation, Membership
from orgs.queries.roster import roster_snapshot
from orgs.roster.peribolos import read, write
from orgs.roster.plan import Kind, apply_to
from orgs.tenancy import bind_member, bound
from tests.factories import (
    TEST,
    Cast,
    make_group,
    make_member,
    make_organization,
    make_person,
    make_seat,
)
from tests.orgs.invitations import invitations, invite, limit_seats, raw_update
from tests.orgs.rosters import (
    entries,
    groups,
    imported,
    keeping,
    members,
    reload,
    seats,
    state,
    state_of,
)
from tests.orgs.support import note
from tests.races import together

TEAMS = """
teams:
  Platform:
    description: Runs the platform
    maintainers: [Zoe-K]
    members: [ned]
    teams:
      On call:
        privacy: secret
        members: [ned]
  Docs:
    members: []
"""


# What comes of it


def test_new_people_become_placeholders(cast: Cast):
    before = reload(cast.acme)
    imported(cast, keeping(cast, "Zoe-K", "ned@partner.example"))
    there, after = members(cast.acme), reload(cast.acme)
    zoe, ned = there["Zoe-K"], there["ned@partner.example"]
    assert (zoe.name, zoe.login, zoe.email) == ("Zoe-K", "Zoe-K", "")
    assert (ned.name, ned.login, ned.email) == ("ned@partner.example", "", "ned@partner.example")
    for member in (zoe, ned):
        assert member.is_placeholder
        assert member.role == Role.MEMBER
        assert member.origin == Membership.Origin.IMPORTED
        assert member.invited_by_id == cast.member(cast.alice).id
        assert member.reason == "Roster acme.yaml"
    assert after.member_count == before.member_count + 2
    assert after.seats_used == before.seats_used


def test_admins_become_owners_who_do_not_count_until_they_can_sign_in(cast: Cast):
    imported(cast, keeping(cast).replace("admins: [", "admins: [ivy, "))
    assert members(cast.acme)["ivy"].role == Role.OWNER
    assert reload(cast.acme).owner_count == 1


def test_teams_become_groups_inside_each_other_with_marked_maintainers(cast: Cast):
    imported(cast, keeping(cast, "Zoe-K", "ned") + TEAMS)
    there = groups(cast.acme)
    assert {name: group.parent and group.parent.name for name, group in there.items()} == {
        "Platform": None,
        "On call": "Platform",
        "Docs": None,
    }
    assert there["Platform"].description == "Runs the platform"
    assert [name for name, group in there.items() if group.secret] == ["On call"]
    assert seats(cast.acme) == {
        ("Platform", "Zoe-K", True),
        ("Platform", "ned", False),
        ("On call", "ned", False),
    }
    assert reload(cast.acme).group_count == 3


def test_roles_that_a_file_does_not_know_stay(cast: Cast):
    assert imported(cast, keeping(cast)).empty
    roles = {member.name: member.role for member in members(cast.acme).values()}
    assert roles["Adam Brandt"] == Role.ADMIN
    assert roles["Vera Lindqvist"] == Role.VIEWER
    assert roles["Eddie Okafor"] == Role.END_USER


def test_role_change_of_a_placeholder_and_of_a_member_is_made_and_recorded(cast: Cast):
    make_member(cast.acme, Role.OWNER, login="ivy")
    text = keeping(cast, "IVY").replace(f", {cast.mia.email}", "")
    text = text.replace("admins: [", f"admins: [{cast.mia.email}, ")
    found = imported(cast, text)
    assert found.counts[Kind.PERSON_CHANGE_ROLE] == 2
    there = members(cast.acme)
    assert there["ivy"].role == Role.MEMBER
    assert there[cast.mia.email].role == Role.OWNER
    assert reload(cast.acme).owner_count == 2
    assert entries(cast.acme)[-3:] == ["member.role_changed"] * 2 + ["roster.imported"]


def test_owner_who_can_sign_in_stays_whatever_the_file_says(cast: Cast):
    text = keeping(cast).replace(f"admins: [{cast.alice.email}]", "admins: []")
    found = imported(cast, text)
    assert [problem.code for problem in found.problems] == ["owner.kept"]
    assert members(cast.acme)[cast.alice.email].role == Role.OWNER


def test_renaming_by_previously_keeps_the_group_and_its_people(cast: Cast):
    group = make_group(cast.acme, "Old name")
    make_seat(group, cast.member(cast.mia))
    text = f"teams:\n  New name:\n    previously: [Old name]\n    members: [{cast.mia.email}]\n"
    imported(cast, keeping(cast) + text)
    assert {name: g.id for name, g in groups(cast.acme).items()} == {"New name": group.id}
    assert seats(cast.acme) == {("New name", cast.mia.email, False)}


def test_groups_turn_over_without_a_circle(cast: Cast):
    outer = make_group(cast.acme, "Outer")
    make_group(cast.acme, "Inner", parent=outer)
    imported(cast, keeping(cast) + "teams:\n  Inner:\n    teams:\n      Outer: {}\n")
    there = groups(cast.acme)
    assert there["Inner"].parent is None
    assert there["Outer"].parent.name == "Inner"


def test_a_full_organization_still_takes_placeholders(cast: Cast):
    limit_seats(cast, reload(cast.acme).seats_used)
    imported(cast, keeping(cast, "zoe", "ned"))
    assert reload(cast.acme).member_count == 7


# What goes


def test_removing_a_person_leaves_nothing_of_them(cast: Cast):
    zoe = make_member(cast.acme, login="zoe")
    make_seat(make_group(cast.acme, "Docs"), zoe)
    invitation, _ = invite(cast, "zoe@partner.example")
    with bound(cast.acme.id), transaction.atomic():
        Invitation.objects.filter(pk=invitation.pk).update(membership=zoe)
    imported(cast, keeping(cast))
    assert "zoe" not in members(cast.acme)
    assert seats(cast.acme) == set()
    assert invitations(cast)["zoe@partner.example"].state == Invitation.State.REVOKED
    actions = entries(cast.acme)[-3:]
    assert actions == ["invitation.revoked", "member.removed", "roster.imported"]


def test_a_place_that_has_ended_is_given_again(cast: Cast):
    seat = make_seat(make_group(cast.acme, "Docs"), cast.member(cast.mia))
    with bound(cast.acme.id):
        rows = GroupMembership.objects.in_org(cast.acme).filter(pk=seat.pk)
        rows.update(expires_at=timezone.now())
        note(cast.acme.id)
        assert "members: []" in write(roster_snapshot(org=cast.acme.id, key="acme"))
    roster = keeping(cast) + f"teams: {{Docs: {{members: [{cast.mia.email}]}}}}\n"
    assert imported(cast, roster).counts[Kind.SEAT_ADD] == 1
    with bound(cast.acme.id):
        assert GroupMembership.objects.in_org(cast.acme).get().expires_at is None
    assert imported(cast, roster).empty


def test_removing_more_than_a_quarter_is_refused_until_it_is_allowed(cast: Cast):
    text = f"admins: [{cast.alice.email}]\nmembers: [{cast.adam.email}]\n"
    before = entries(cast.acme)
    with pytest.raises(PlanRefusedError) as refused:
        imported(cast, text)
    assert [p.code for p in refused.value.plan.problems if p.level == "error"] == [
        "removals.people"
    ]
    assert len(members(cast.acme)) == 5
    assert entries(cast.acme) == before
    imported(cast, text, allow_removals=1.0)
    assert set(members(cast.acme)) == {cast.alice.email, cast.adam.email}


def test_group_goes_with_its_places_and_says_how_many(cast: Cast):
    make_seat(make_group(cast.acme, "Docs"), cast.member(cast.mia))
    imported(cast, keeping(cast) + "teams: {}\n", allow_removals=1.0)
    assert groups(cast.acme) == {}
    assert entries(cast.acme)[-2:] == ["group.deleted", "roster.imported"]
    body = last_words(cast, back=1)
    assert '"members": [1, null]' in body


def last_words(cast: Cast, *, back: int = 0) -> str:
    with bound(cast.acme.id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT body FROM audit_event WHERE organization_id = %s"
            " ORDER BY sequence DESC OFFSET %s LIMIT 1",
            [cast.acme.id, back],
        )
        return cursor.fetchone()[0]


# Once, all of it, or nothing


def test_applying_twice_changes_nothing_and_leaves_no_trace(cast: Cast):
    text = keeping(cast, "Zoe-K", "ned") + TEAMS
    imported(cast, text)
    before = entries(cast.acme)
    assert imported(cast, text).empty
    assert entries(cast.acme) == before


def test_every_change_has_its_entry_and_the_chain_holds(cast: Cast):
    before = entries(cast.acme)
    found = imported(cast, keeping(cast, "Zoe-K", "ned") + TEAMS)
    new = entries(cast.acme)[len(before) :]
    assert len(new) == len(found.changes) + 1
    assert new == (
        ["member.added"] * 2
        + ["group.created"] * 3
        + ["group.member_added"] * 3
        + ["roster.imported"]
    )
    assert "2 people added, 3 groups added, 3 places in groups added" in last_words(cast)
    with bound(cast.acme.id), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM ledger_verify(%s)", [cast.acme.id])
        assert cursor.fetchone() is None


def test_a_fault_half_way_undoes_everything(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    before = state_of(cast.acme), entries(cast.acme)

    def failing(entries, **options):
        record_many(entries[:3], **options)
        raise RuntimeError("the disk is full")

    record_many = ledger.record_many
    monkeypatch.setattr(ledger, "record_many", failing)
    with pytest.raises(RuntimeError):
        imported(cast, keeping(cast, "Zoe-K", "ned") + TEAMS)
    assert (state_of(cast.acme), entries(cast.acme)) == before


def test_plan_that_is_no_longer_the_one_shown_is_not_applied(cast: Cast):
    text = keeping(cast, "zoe")
    cast.access(cast.alice)
    document = read(text, name="acme.yaml", key=cast.acme.slug)
    shown = roster_plan(org_file=document.orgs[0], organization=cast.acme.id, file="acme.yaml")
    make_member(cast.acme, login="someone-else")
    with pytest.raises(PlanRefusedError) as refused:
        imported(cast, text, shown=digest(shown))
    assert refused.value.code == "plan_changed"
    assert refused.value.plan.counts[Kind.PERSON_REMOVE] == 1
    assert "zoe" not in members(cast.acme)


def test_same_plan_has_the_same_digest_and_another_another(cast: Cast):
    cast.access(cast.alice)

    def planned(text: str) -> str:
        org_file = read(text, name="acme.yaml", key="acme").orgs[0]
        return digest(roster_plan(org_file=org_file, organization=cast.acme.id, file="acme.yaml"))

    assert planned(keeping(cast, "zoe")) == planned("# a comment\n" + keeping(cast, "zoe"))
    assert planned(keeping(cast, "zoe")) != planned(keeping(cast, "zoe", "ned"))


# Who may


@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
def test_only_owners_import(cast: Cast, who: str):
    with pytest.raises(ValidationError) as refused:
        imported(cast, keeping(cast, "zoe"), actor=cast.access(getattr(cast, who)))
    assert refused.value.code in ("forbidden", "ceiling")
    assert "zoe" not in members(cast.acme)


def test_an_organization_that_is_closing_takes_no_import(cast: Cast):
    raw_update(cast.acme, state="suspended")
    with pytest.raises(ValidationError) as refused:
        imported(cast, keeping(cast, "zoe"))
    assert refused.value.code == "closed"


def test_other_organizations_are_out_of_reach(cast: Cast):
    before = state_of(cast.umbrella)
    text = keeping(cast, cast.oscar.email) + "teams:\n  Docs: {}\n"
    imported(cast, text)
    assert state_of(cast.umbrella) == before
    assert members(cast.acme)[cast.oscar.email].is_placeholder


# From placeholder to member


def test_invitation_turns_a_placeholder_into_a_member_in_place(cast: Cast):
    text = keeping(cast, "Zoe-K", "ned") + TEAMS
    imported(cast, text)
    zoe = members(cast.acme)["Zoe-K"]
    person = make_person("Zoe Keller", "zoe@partner.example")
    _, link = invite(cast, person.email, membership=zoe)
    accept(link, person)
    after = members(cast.acme)["Zoe-K"]
    assert (after.id, after.person_id, after.name) == (zoe.id, person.id, "Zoe Keller")
    assert ("Platform", "Zoe-K", True) in seats(cast.acme)
    assert imported(cast, text).empty


def test_somebody_already_invited_takes_the_place_that_the_import_makes(cast: Cast):
    person = make_person("Ned Abara", "ned@partner.example")
    _, link = invite(cast, person.email)
    imported(cast, keeping(cast, person.email))
    placeholder = members(cast.acme)[person.email]
    accept(link, person)
    assert members(cast.acme)[person.email].id == placeholder.id


def accept(link: str, person) -> None:
    token = link.rstrip("/").rsplit("/", 1)[-1]
    invitation_accept(token=token, person=person, identity=TEST)


# Against the oracle, and at the same time


@pytest.mark.parametrize("seed", range(6))
def test_database_ends_where_the_plan_says(cast: Cast, seed: int):
    """Random rosters, one after the other, in one organization."""
    dice = random.Random(seed)
    for _ in range(6):
        text = random_roster(cast, dice)
        cast.access(cast.alice)
        org_file = read(text, name="acme.yaml", key=cast.acme.slug).orgs[0]
        now = roster_snapshot(org=cast.acme.id, key=cast.acme.slug)
        wanted = roster_plan(
            org_file=org_file, organization=cast.acme.id, file="acme.yaml", allow_removals=1.0
        )
        if wanted.refused:
            continue
        found = imported(
            cast, text, allow_removals=1.0, shown="" if wanted.empty else digest(wanted)
        )
        assert state_of(cast.acme) == state(apply_to(now, found)), text


def random_roster(cast: Cast, dice: random.Random) -> str:
    logins = ["zoe", "Ned", "ivy", "bo", "kim@partner.example", "uma"]
    chosen = dice.sample(logins, dice.randint(2, 6))
    split = dice.randint(0, len(chosen))
    text = keeping(cast, *chosen[split:])
    text = text.replace("admins: [", "admins: [" + "".join(f"{name}, " for name in chosen[:split]))
    names = dice.sample(
        ["Docs", "docs", "Platform", "On call", "Größe", "a: b"], dice.randint(0, 6)
    )
    lines = ["teams:" if names else "teams: {}"]
    open_names: list[str] = []
    for name in names:
        depth = dice.randint(0, min(len(open_names), 2))
        open_names = [*open_names[:depth], name]
        indent = "  " + "    " * depth
        people = dice.sample(chosen, dice.randint(0, len(chosen)))
        half = dice.randint(0, len(people))
        lines += [
            f"{indent}{name!r}:",
            f"{indent}  description: {dice.choice(['Old', 'New'])}",
            f"{indent}  privacy: {dice.choice(['closed', 'secret'])}",
            f"{indent}  maintainers: [{', '.join(people[:half])}]",
            f"{indent}  members: [{', '.join(people[half:])}]",
            f"{indent}  previously: [{dice.choice(['Docs', 'Older'])}]" if depth else "",
            f"{indent}  teams:",
        ]
    return text + "\n".join(line for line in lines if line) + "\n"


def stayer() -> User:
    """Nothing undoes a committed person, so the next run needs another address."""
    return make_person("Olga Owner", f"{uuid4().hex}@example.com")


@pytest.mark.race
@pytest.mark.usefixtures("committed")
def test_two_imports_at_once_make_one_change_each():
    """Both have agreed to the same plan: one applies it, the other finds nothing left to do."""
    owner, other = stayer(), stayer()
    for number in range(5):
        organization = make_organization(owner, "Race", f"race-{owner.pk.hex[-8:]}-{number}")
        make_member(organization, Role.OWNER, other)
        text = f"admins: [{owner.email}, {other.email}]\nmembers: [zoe, ned]\n"
        text += "teams:\n  Docs:\n    members: [zoe]\n"
        org_file = read(text, name="race.yaml", key=organization.slug).orgs[0]

        def deed(person, organization=organization, org_file=org_file):
            with transaction.atomic():
                access = bind_member(organization.slug, person.pk, identity=TEST)
                return roster_import(
                    org_file=org_file, organization=organization.id, file="race.yaml", actor=access
                )

        results = together(lambda: deed(owner), lambda: deed(other))
        assert sorted(len(plan.changes) for plan in results) == [0, 4], results
        assert entries(organization).count("roster.imported") == 1
        assert len(members(organization)) == 4


@pytest.mark.race
@pytest.mark.usefixtures("committed")
def test_import_and_a_role_change_at_once_never_lose_either():
    owner = stayer()
    for number in range(5):
        organization = make_organization(owner, "Race", f"turn-{owner.pk.hex[-8:]}-{number}")
        zoe = make_member(organization, Role.MEMBER, login="zoe")
        text = f"admins: [{owner.email}, zoe]\nmembers: []\n"
        org_file = read(text, name="race.yaml", key=organization.slug).orgs[0]

        def bring_in(organization=organization, org_file=org_file):
            with transaction.atomic():
                access = bind_member(organization.slug, owner.pk, identity=TEST)
                return roster_import(
                    org_file=org_file, organization=organization.id, file="race.yaml", actor=access
                )

        def turn(organization=organization, zoe=zoe):
            with transaction.atomic():
                access = bind_member(organization.slug, owner.pk, identity=TEST)
                return member_change_role(
                    membership=zoe, role=Role.VIEWER, reason="Reads", actor=access
                )

        results = together(bring_in, turn)
        assert not [result for result in results if isinstance(result, Exception)], results
        assert members(organization)["zoe"].role in (Role.OWNER, Role.VIEWER)
        changed = entries(organization).count("member.role_changed")
        assert changed == 2
