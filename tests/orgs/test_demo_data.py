"""The demo: what stands in the tables is what its log tells, and the log holds."""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connections, transaction
from django.utils import timezone

from accounts.demo import CAST
from accounts.models import User
from audit.events import Event
from audit.models import Event as Row
from audit.models import Particulars
from config.roles import ORGANIZATION_ROLES, Policy, Role
from orgs.access import Access, Bound
from orgs.ceiling import may_grant
from orgs.demo import loading
from orgs.demo.days import WEEKS, Calendar
from orgs.demo.history import History
from orgs.demo.story import ACME
from orgs.models import Group, GroupMembership, Invitation, Membership, Organization

OWNER = loading.OWNER
DOCUMENTATION = [
    ipaddress.ip_network(net)
    for net in ("203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24", "2001:db8::/32")
]


@pytest.fixture(scope="module")
def histories(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[History]]:
    """The demo, committed once, at addresses of its own; gone again after, but for its logs."""
    suffix = f"-{uuid.uuid4().hex[:8]}"
    with django_db_blocker.unblock():
        yield loading.load(say=lambda line: None, suffix=suffix)
        loading.purge(say=lambda line: None, suffix=suffix)
        connections[OWNER].close()
        connections["default"].close()


@dataclass
class Told:
    """What the log alone says of an organization: roles by name, groups, who sits in which."""

    roles: dict[str, str] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    seats: dict[tuple[str, str], bool] = field(default_factory=dict)


def replay(organization: uuid.UUID) -> Told:
    told = Told()
    words = dict(
        Particulars.objects.using(OWNER)
        .filter(organization_id=organization)
        .values_list("sequence", "words")
    )
    done = Row.objects.using(OWNER).filter(organization_id=organization, outcome="done")
    for entry in done.order_by("sequence"):
        spoken = json.loads(words[entry.sequence])
        changes = json.loads(entry.body)["changes"]
        _tell(told, entry.action, spoken["actor"], spoken["target"], changes)
    return told


def _tell(told: Told, action: str, actor: str, target: str, changes: dict[str, Any]) -> None:
    new = {name: pair[1] for name, pair in changes.items()}
    match action:
        case "organization.created":
            told.roles[actor] = Role.OWNER.label
        case "member.joined" | "member.added" | "member.role_changed":
            told.roles[target] = new["role"]
        case "member.removed" | "member.left":
            del told.roles[target]
            told.seats = {seat: kept for seat, kept in told.seats.items() if seat[1] != target}
        case "group.created":
            told.groups[target] = new
        case "group.changed":
            old = changes["name"][0]
            told.groups.pop(old)
            told.groups[target] = new
            told.seats = {
                (target if group == old else group, name): kept
                for (group, name), kept in told.seats.items()
            }
        case "group.deleted":
            told.groups.pop(target)
            told.seats = {seat: kept for seat, kept in told.seats.items() if seat[0] != target}
        case "group.member_added" | "group.member_changed":
            told.seats[new["group"], target] = new["maintainer"]
        case "group.member_removed":
            del told.seats[changes["group"][0], target]


def stands(organization: uuid.UUID) -> Told:
    members = Membership.objects.using(OWNER).in_org(organization)
    groups = Group.objects.using(OWNER).in_org(organization).select_related("parent")
    seats = GroupMembership.objects.using(OWNER).in_org(organization)
    return Told(
        roles={member.name: member.role_label for member in members},
        groups={
            group.name: {
                "name": group.name,
                "description": group.description,
                "parent": group.parent.name if group.parent else None,
                "secret": group.secret,
            }
            for group in groups
        },
        seats={
            (seat.group.name, seat.membership.name): seat.is_maintainer
            for seat in seats.select_related("group", "membership")
        },
    )


@pytest.mark.parametrize("number", range(3))
def test_tables_are_what_the_log_tells(histories, number):
    organization = histories[number].organization.id
    assert replay(organization) == stands(organization)


def test_log_verifies_and_lies_in_the_past(histories):
    for history in histories:
        organization = history.organization.id
        with connections[OWNER].cursor() as cursor:
            cursor.execute("SELECT * FROM ledger_verify(%s)", [organization])
            assert cursor.fetchall() == []
        entries = Row.objects.using(OWNER).filter(organization_id=organization)
        times = list(entries.order_by("sequence").values_list("at", flat=True))
        assert times == [entry.at for entry in history.entries]
        assert times == sorted(times)
        assert times[-1] <= timezone.now()


def test_acme_is_as_large_as_told(histories):
    acme = Organization.objects.using(OWNER).get(id=histories[0].organization.id)
    members = Membership.objects.using(OWNER).in_org(acme.id)
    invitations = Invitation.objects.using(OWNER).in_org(acme.id)
    roles = Counter(members.values_list("role", flat=True))
    states = Counter(invitation.shown_state for invitation in invitations)
    assert [roles[role.value] for role in ORGANIZATION_ROLES] == [2, 3, 24, 7, 5]
    assert (acme.state, acme.owner_count, acme.member_count) == ("open", 2, 41)
    assert (acme.group_count, acme.seats_used, acme.seats) == (9, 44, 60)
    assert (states["pending"], states["expired"], states["declined"]) == (3, 2, 1)
    assert 1000 <= len(histories[0].entries) <= 2000
    assert not members.filter(person=None).exists()
    soonest = invitations.filter(state="pending").order_by("expires_at")[0].expires_at
    left = soonest - histories[0].calendar.now
    assert datetime.timedelta(hours=26) < left < datetime.timedelta(hours=27)


def test_groups_hold_a_nested_and_a_secret_one(histories):
    groups = Group.objects.using(OWNER).in_org(histories[0].organization.id)
    assert groups.filter(secret=True).count() == 1
    assert groups.exclude(parent=None).count() == 1
    assert not groups.filter(description="").exists()


def test_third_organization_holds_placeholders_and_mia(histories):
    members = Membership.objects.using(OWNER).in_org(histories[2].organization.id)
    assert members.filter(person=None).count() == 2
    mia = members.get(name="Mia Castellano")
    assert mia.person_id == histories[0].members["Mia Castellano"].person_id


def test_every_button_of_the_demo_opens(histories):
    for _, parts in CAST:
        for part in parts:
            person = User.objects.using(OWNER).get(email=part.email)
            assert (person.name, person.is_active) == (part.name, True)
            assert not person.has_usable_password()


def test_loading_where_there_are_organizations_does_nothing(histories):
    before = Organization.objects.using(OWNER).count()
    call_command("demo", if_empty=True)
    assert Organization.objects.using(OWNER).count() == before


def test_reset_needs_a_demo(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=1"):
        call_command("demo", reset=True)


def test_reset_makes_it_again_and_keeps_the_old_log(histories, settings, monkeypatch, capsys):
    settings.DEMO = True
    suffix = f"-{uuid.uuid4().hex[:8]}"
    own = tuple(dataclasses.replace(s, slug=s.slug + suffix) for s in loading.STORIES)
    monkeypatch.setattr(loading, "STORIES", own)
    call_command("demo")
    organizations = Organization.objects.using(OWNER)
    old = organizations.get(slug=own[0].slug).id
    with pytest.raises(CommandError, match="there already"):
        call_command("demo")
    call_command("demo", reset=True)
    chain = Row.objects.using(OWNER).filter(organization_id=old).order_by("sequence")
    assert organizations.get(slug=own[0].slug).id != old
    assert chain.last().action == "organization.deleted"
    assert not Membership.objects.using(OWNER).in_org(old).exists()
    loading.purge(say=lambda line: None)


def played(now: datetime.datetime) -> History:
    history = History(ACME, calendar=Calendar(now), people={})
    history.play()
    return history


@pytest.mark.parametrize("day", range(7))
def test_story_holds_whatever_day_it_is_told(day):
    now = datetime.datetime(2027, 3, 1 + day, 0, 40, tzinfo=datetime.UTC)
    history = played(now)
    times = [entry.at for entry in history.entries]
    assert times == sorted(times)
    assert times[0] >= now - datetime.timedelta(weeks=WEEKS + 1)
    assert times[-1] <= now
    assert len(history.members) == 41


def test_nobody_invites_above_their_ceiling():
    """The player asks the rule book for each permission; the ceiling is asked here."""
    organization = Bound(**dict.fromkeys(Bound.__slots__) | {"policies": frozenset(Policy)})
    by_label = {role.label: role for role in ORGANIZATION_ROLES}
    roles = {ACME.founder: Role.OWNER}
    for entry in played(timezone.now()).entries:
        if entry.outcome != "done" or "role" not in entry.changes:
            continue
        role = by_label.get(entry.changes["role"][1])
        if entry.event is Event.INVITATION_SENT:
            by = frozenset({roles[entry.actor.label]})
            access = Access(organization=organization, roles=by, identity=entry.actor)
            assert may_grant(access, role), f"{entry.actor.label} invites {entry.target.label}"
        elif entry.target.kind == "member" and role:
            roles[entry.target.label] = role


def test_story_is_the_same_each_time():
    now = datetime.datetime(2027, 3, 3, 15, 0, tzinfo=datetime.UTC)
    first, second = (
        [
            (one.at, one.event, one.actor.label, one.actor.ip, one.target.label, one.reason)
            for one in played(now).entries
        ]
        for _ in range(2)
    )
    assert first == second


def test_addresses_are_those_kept_for_documentation():
    addresses = {entry.actor.ip for entry in played(timezone.now()).entries}
    assert all(
        any(ipaddress.ip_address(address) in net for net in DOCUMENTATION) for address in addresses
    )


def test_web_role_may_not_tell_of_the_past(histories):
    statement = "SELECT ledger_write(%s, now(), '', NULL, '', '', NULL, 'done', '{}', '{}')"
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connections["default"].cursor().execute(statement, [histories[0].organization.id])
