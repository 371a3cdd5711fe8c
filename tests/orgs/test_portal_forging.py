"""What a superadmin's role could forge with its login alone, past every page: the database refuses
each entry that no deed of the portal writes, and each turn that none makes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from audit.events import Event
from audit.models import PLATFORM
from config.gate import doors, lock_of
from orgs.actions.organizations import organization_suspend
from orgs.models import Membership
from orgs.tenancy import bound
from tests.factories import TEST, Cast, make_cast, make_person
from tests.orgs.support import note
from tests.portal import logged_in_as_the_portal

REFUSED = psycopg.errors.InsufficientPrivilege
APPEND = "SELECT portal_append(%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb)"
SHUT = "UPDATE orgs_organization SET state = %s, state_reason = %s, closes_at = %s WHERE id = %s"


@pytest.fixture
def house(committed: None) -> Cast:
    return make_cast()


@pytest.fixture
def role(house: Cast) -> Iterator[psycopg.Connection[Any]]:
    """Signed in as the portal's role, with Acme bound, as the deeds of the portal are."""
    with logged_in_as_the_portal() as raw:
        raw.execute("SELECT bind_portal(%s), bind_organization(%s)", [house.sam.pk, house.acme.pk])
        yield raw


@dataclass(frozen=True, kw_only=True)
class Written:
    """An entry as the ledger hands it to the database."""

    organization: UUID
    actor: UUID
    target: UUID | None
    action: str = "organization.suspended"
    kind: str = "person"
    target_kind: str = "organization"
    outcome: str = "done"
    changes: Any = field(default_factory=lambda: {"state": ["open", "suspended"]})
    facts: dict[str, Any] = field(default_factory=dict)
    words: dict[str, Any] = field(default_factory=dict)

    def by(self, role: psycopg.Connection[Any]) -> int:
        facts = {"reason": "", "request": "", "changes": self.changes}
        words = {"actor": "Nobody", "target": "Nothing", "ip": None, "agent": "", "changes": {}}
        said = [self.organization, self.kind, self.actor, self.action, self.target_kind]
        said += [self.target, self.outcome]
        row = role.execute(
            APPEND, [*said, json.dumps(facts | self.facts), json.dumps(words | self.words)]
        ).fetchone()
        assert row
        return int(row[0])


def suspension(house: Cast) -> Written:
    acme = house.acme.pk
    return Written(organization=acme, actor=house.sam.pk, target=acme)


def suspend(role: psycopg.Connection[Any], house: Cast) -> None:
    role.execute(SHUT, ["suspended", "Unpaid", None, house.acme.pk])


def refuses(role: psycopg.Connection[Any], written: Written) -> bool:
    try:
        with role.transaction(force_rollback=True):
            written.by(role)
    except REFUSED:
        return True
    return False


# The ledger


def deeds() -> dict[str, tuple[str | None, str | None, list[str]]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT action, inside, outside, fields FROM portal_deeds()")
        found = {action: tuple(rest) for action, *rest in cursor.fetchall()}
    connections["owner"].close()
    return found


def test_the_database_knows_each_deed_of_the_portal_as_the_catalogue_does(committed: None) -> None:
    known = deeds()
    locks = [lock_of(door.callback) for route, door in doors() if route.startswith("/admin/")]
    recorded = {lock.records.value for lock in locks if lock and lock.records}
    assert recorded
    # What a door records besides: the invitations that a new one ends.
    assert known.keys() == recorded | {Event.INVITATION_REVOKED.value}
    for action, (_, _, fields) in known.items():
        declared = Event(action).fields
        assert {one.name for one in declared} == set(fields), action
        assert not any(one.personal for one in declared), f"{action}: words hold no change"


@pytest.mark.requirement("S2-016", "S2-018")
def test_the_open_door_of_the_ledger_is_shut_to_it(
    house: Cast, role: psycopg.Connection[Any]
) -> None:
    forged = APPEND.replace("portal_append", "ledger_append")
    said = [house.acme.pk, "member", house.member(house.alice).pk, "member.role_changed"]
    with pytest.raises(REFUSED, match="permission denied"), role.transaction():
        role.execute(forged, [*said, "member", house.member(house.mia).pk, "done", "{}", "{}"])


@pytest.mark.requirement("S2-016", "S2-018")
def test_it_writes_what_its_deeds_write(house: Cast, role: psycopg.Connection[Any]) -> None:
    """Else all that is refused below would prove nothing."""
    suspend(role, house)
    assert suspension(house).by(role) > 0
    platforms = replace(suspension(house), organization=PLATFORM)
    assert platforms.by(role) > 0
    denied = {"outcome": "denied", "target_kind": "permission", "target": None, "changes": {}}
    assert replace(platforms, action="access.refused", **denied).by(role) > 0


@pytest.mark.requirement("S2-016", "S2-018")
def test_it_forges_no_entry_of_anybody(house: Cast, role: psycopg.Connection[Any]) -> None:
    suspend(role, house)
    true = suspension(house)
    assert not refuses(role, true)
    nobodys = make_person(is_staff=True, is_active=False, state="suspended")
    for forged in (
        # As somebody else, or as nobody.
        replace(true, actor=house.alice.pk),
        replace(true, actor=nobodys.pk),
        replace(true, actor=uuid4()),
        replace(true, kind="member", actor=house.member(house.alice).pk),
        replace(true, kind="system"),
        # What is not its own to do.
        replace(true, action="member.role_changed", changes={"role": ["Member", "Owner"]}),
        replace(true, action="organization.deleted", changes={}),
        replace(true, action="organization.policies_changed", changes={"policies": [[], []]}),
        replace(true, action="account.state_changed"),
        replace(true, action="access.refused", changes={}),
        # To what it is not done.
        replace(true, target_kind="member", target=house.member(house.mia).pk),
        replace(true, target=house.umbrella.pk),
        replace(true, target=None),
        replace(true, organization=house.umbrella.pk, target=house.umbrella.pk),
        # What has not come about.
        replace(true, action="organization.archived", changes={"state": ["open", "archived"]}),
        replace(true, changes={"state": ["open", "open"]}),
        replace(true, action="organization.changed", changes={"name": ["Acme", "Other"]}),
        # More than it says, or less.
        replace(true, changes={}),
        replace(true, changes=[]),
        replace(true, changes={"state": ["open", "suspended"], "owner": [None, "Sam"]}),
        replace(true, facts={"effects": [1, "00"]}),
        replace(true, words={"changes": {"name": [None, "Sam"]}}),
        replace(true, words={"more": "than there is"}),
        # Attempts stand in the platform's ledger, and are of its own deeds.
        replace(true, outcome="denied", changes={}),
        replace(true, outcome="failed", target=None, target_kind="page", changes={}),
        replace(
            *(true,),
            organization=PLATFORM,
            outcome="failed",
            action="member.removed",
            target=None,
            target_kind="page",
            changes={},
        ),
        replace(true, outcome="as it pleases"),
    ):
        assert refuses(role, forged), forged


@pytest.mark.requirement("S2-018", "S2-019")
def test_who_acted_and_on_what_is_named_by_the_database(
    house: Cast, role: psycopg.Connection[Any]
) -> None:
    account = Written(
        organization=PLATFORM,
        actor=house.sam.pk,
        target=house.mia.pk,
        action="account.state_changed",
        target_kind="account",
        changes={"state": ["Active", "Suspended"]},
        words={"actor": "Alice Marlow", "target": "nobody@example.com"},
    )
    sequence = account.by(role)
    role.execute("SELECT bind_organization(%s)", [PLATFORM])
    row = role.execute(
        "SELECT words FROM audit_particulars WHERE sequence = %s", [sequence]
    ).fetchone()
    assert row
    said = json.loads(row[0])
    assert (said["actor"], said["target"]) == (house.sam.name, house.mia.email)


@pytest.mark.requirement("S2-009")
def test_invitations_that_owners_sent_are_nothing_it_may_speak_of(
    house: Cast, role: psycopg.Connection[Any]
) -> None:
    sent = Written(
        organization=house.acme.pk,
        actor=house.sam.pk,
        target=uuid4(),
        action="invitation.sent",
        target_kind="invitation",
        changes={"role": [None, "Owner"], "expires_at": [None, "2030-01-01T00:00:00+00:00"]},
    )
    assert refuses(role, sent)
    assert refuses(role, replace(sent, action="invitation.revoked", changes={}))


@pytest.mark.requirement("S2-009", "S2-018")
def test_the_doors_that_name_an_owner_write_nothing_else_either(
    house: Cast, role: psycopg.Connection[Any]
) -> None:
    """They append for themselves, what they are handed: under the same eye."""
    acme, sam, claim = house.acme.pk, house.sam.pk, uuid4()
    organization_suspend(organization=acme, reason="Its owner has died", actor=TEST)
    with bound(acme):
        Membership.objects.in_org(acme).filter(person=house.alice).delete()
        note(acme)
    name = "SELECT owner_assignment_create(%s, %s, %s, %s, %s, %s::jsonb, %s::jsonb)"
    facts = {"reason": "", "request": "", "changes": {"method": [None, "named"]}}
    words = {"actor": "Alice Marlow", "target": "", "ip": None, "agent": "", "changes": {}}
    forged = (
        facts | {"effects": [1, "00"]},
        facts | {"changes": {"role": ["Member", "Owner"]}},
        facts | {"changes": []},
    )
    for told in forged:
        said = [acme, claim, "olga@example.com", "", sam, json.dumps(told), json.dumps(words)]
        with pytest.raises(REFUSED, match="no such entry"), role.transaction():
            role.execute(name, said)
    said = [acme, claim, "olga@example.com", "", sam, json.dumps(facts), json.dumps(words)]
    assert role.execute(name, said).fetchone() == ("done",)
    row = role.execute("SELECT named_by FROM owner_assignment_of(%s)", [acme]).fetchone()
    assert row == (house.sam.name,)


@pytest.mark.requirement("S2-009", "S2-138")
def test_an_owner_whom_it_keeps_out_is_not_replaced_past_the_page(
    house: Cast, role: psycopg.Connection[Any]
) -> None:
    acme = house.acme.pk
    role.execute(SHUT, ["suspended", "Unpaid", None, acme])
    role.execute(
        "UPDATE accounts_user SET state = 'suspended', is_active = false WHERE id = %s",
        [house.alice.pk],
    )
    name = "SELECT owner_assignment_create(%s, %s, 'olga@example.com', '', %s, '{}', '{}')"
    assert role.execute(name, [acme, uuid4(), house.sam.pk]).fetchone() == ("kept_out",)
    assert role.execute("SELECT owner_accounts(%s)", [acme]).fetchone() == (1,)


# The turns of a container

DAYS = settings.CLOSING_DAYS


@pytest.mark.requirement("S2-008", "S2-020")
@pytest.mark.parametrize(
    ("state", "reason", "closes"),
    [
        ("closing", "Gone by tonight", "now()"),
        ("closing", "Gone by tonight", "now() - interval '1 year'"),
        ("closing", "Soon", f"now() + interval '{DAYS - 1} days'"),
        ("closing", "Never", "NULL"),
        ("open", "", f"now() + interval '{DAYS} days'"),
        ("open", "A word for everybody", "NULL"),
        ("suspended", "Unpaid", f"now() + interval '{DAYS} days'"),
    ],
)
def test_no_organization_turns_but_as_its_deeds_turn_it(
    house: Cast, role: psycopg.Connection[Any], state: str, reason: str, closes: str
) -> None:
    turn = (
        f"UPDATE orgs_organization SET state = %s, state_reason = %s, closes_at = {closes}"
        " WHERE id = %s"
    )
    with pytest.raises(REFUSED, match="The portal"), role.transaction():
        role.execute(turn, [state, reason, house.acme.pk])


@pytest.mark.requirement("S2-008", "S2-020")
@pytest.mark.parametrize(
    ("state", "then"),
    [
        ("suspended", "archived"),
        ("suspended", "closing"),
        ("archived", "suspended"),
        ("closing", "suspended"),
        ("closing", "archived"),
    ],
)
def test_one_turn_does_not_follow_any_other(
    house: Cast, role: psycopg.Connection[Any], state: str, then: str
) -> None:
    turn = (
        "UPDATE orgs_organization SET state = %(state)s::text, state_reason = 'Unpaid',"
        f" closes_at = CASE WHEN %(state)s = 'closing' THEN now() + interval '{DAYS} days' END"
        " WHERE id = %(id)s"
    )
    role.execute(turn, {"state": state, "id": house.acme.pk})
    with pytest.raises(REFUSED, match=f"from {state} to {then}"), role.transaction():
        role.execute(turn, {"state": then, "id": house.acme.pk})


@pytest.mark.requirement("S2-020")
def test_a_deletion_that_is_set_is_not_brought_forward(
    house: Cast, role: psycopg.Connection[Any]
) -> None:
    close = f"UPDATE orgs_organization SET state = 'closing', closes_at = now() + interval '{DAYS} days'"
    role.execute(f"{close} WHERE id = %s", [house.acme.pk])
    for change in ("closes_at = now()", "closes_at = NULL", "state_reason = 'Another'"):
        with pytest.raises(REFUSED, match="The portal"), role.transaction():
            role.execute(f"UPDATE orgs_organization SET {change} WHERE id = %s", [house.acme.pk])
