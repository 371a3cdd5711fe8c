"""What the ledger takes, what it refuses, and that nobody rewrites it."""

from __future__ import annotations

import json
import uuid

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.urls import reverse

from audit import ledger, queries
from audit.entries import Change, Entry
from audit.events import Event
from audit.models import PLATFORM, Outcome
from audit.queries import EventFilter
from orgs.models import Membership, Organization
from orgs.tenancy import bound
from tests.audit.ledgers import ALICE, PRIYA, change_role, make_chain
from tests.factories import Cast, make_organization, make_person, sign_in

ENTRY_TABLES = ("audit_event", "audit_particulars", "audit_head")


def newest(organization: uuid.UUID) -> Entry:
    with bound(organization):
        return queries.recent(organization, 1)[0]


@pytest.mark.django_db
def test_an_entry_keeps_who_what_on_whom_why_and_from_where() -> None:
    organization = make_chain(0)
    assert change_role(organization) == 1
    entry = newest(organization)
    assert (entry.actor_kind, entry.actor_id, entry.actor_label) == (
        "member",
        ALICE.id,
        ALICE.label,
    )
    assert (entry.target_id, entry.target_label) == (PRIYA.id, PRIYA.label)
    assert entry.event is Event.MEMBER_ROLE_CHANGED
    assert entry.outcome is Outcome.DONE
    assert entry.changes == [Change("Role", "Member", "Admin")]
    assert (entry.reason, entry.ip, entry.agent) == (
        "Takes over the keys.",
        "203.0.113.9",
        "Firefox",
    )
    assert entry.request_id == ALICE.request_id


@pytest.mark.django_db
def test_names_and_addresses_stand_apart_from_the_hashed_text() -> None:
    organization = make_chain(0)
    values = {"name": ("Priya R.", "Priya Raman"), "email": ("", "p@example.com")}
    change_role(organization, event=Event.MEMBER_CHANGED, changes=values | {"login": ("", "priya")})
    body = newest(organization).body
    for word in ("Priya", "Alice", "p@example.com", "203.0.113.9", "Firefox"):
        assert word not in body


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes", [{}, {"role": ("a", "b"), "name": ("a", "b")}, {"nonsense": ("a", "b")}]
)
def test_fields_that_the_event_does_not_declare_are_refused(changes: dict) -> None:
    with pytest.raises(LookupError):
        change_role(uuid.uuid4(), changes=changes)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "hostile",
    [
        "\x00",
        "\\\x00\\\\\x00",
        r"\u0000 \\u0000",
        "\u202e",
        "\ud800",
        "<script>",
        "'; DROP TABLE audit_event; --",
        "a" * 5000,
    ],
)
def test_no_header_and_no_name_stops_an_entry(hostile: str) -> None:
    organization = uuid.uuid4()
    actor = ledger.Actor("member", uuid.uuid4(), hostile, "203.0.113.9", hostile)
    change_role(organization, actor=actor, reason=hostile)
    assert newest(organization).actor_id == actor.id


@pytest.mark.django_db
def test_another_organizations_ledger_takes_no_entry_from_here() -> None:
    mine, other = uuid.uuid4(), uuid.uuid4()
    with pytest.raises(DatabaseError, match="not bound"), bound(mine):
        ledger.record(
            Event.MEMBER_LEFT,
            organization=other,
            actor=ALICE,
            target=PRIYA,
            changes={"role": ("Member", None)},
        )


@pytest.mark.django_db
@pytest.mark.requirement("S2-136")
def test_a_ledger_is_read_by_its_own_organization_alone(cast: Cast) -> None:
    with bound(cast.umbrella.id):
        page = queries.event_list(organization=cast.acme.id, filters=EventFilter())
        assert page.rows == []
        assert queries.recent(cast.umbrella.id, 5)


@pytest.mark.django_db
def test_an_undone_deed_leaves_no_entry() -> None:
    organization = make_chain(2)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        change_role(organization)
        raise ZeroDivisionError
    assert newest(organization).sequence == 2
    assert change_role(organization) == 3


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("table", ENTRY_TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET organization_id = organization_id",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "INSERT INTO {} DEFAULT VALUES",
    ],
)
def test_the_web_role_may_only_read_the_tables(table: str, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        bound(make_chain(1)),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET outcome = 'done'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "UPDATE audit_particulars SET words = '{}'",
        "UPDATE audit_particulars SET salt = '', words = NULL",
        "DELETE FROM audit_particulars",
        "TRUNCATE audit_particulars",
        "DELETE FROM audit_head",
        "TRUNCATE audit_head",
    ],
)
def test_even_the_owner_is_refused_by_trigger(statement: str) -> None:
    make_chain(1)
    with (
        pytest.raises(DatabaseError, match="cannot be rewritten"),
        transaction.atomic(using="owner"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute(statement)
    connections["owner"].close()


@pytest.mark.usefixtures("committed")
def test_a_change_without_an_entry_is_refused_at_commit() -> None:
    person = make_person("Ida Berg", f"{uuid.uuid4().hex}@example.com")
    organization = make_organization(person, "Quiet", f"quiet-{uuid.uuid4().hex[:12]}")
    with pytest.raises(DatabaseError, match="not recorded in the ledger"), bound(organization.id):
        Membership.objects.in_org(organization).update(name="Somebody else")
    with bound(organization.id):
        assert Membership.objects.in_org(organization).get().name == "Ida Berg"


@pytest.mark.usefixtures("committed")
def test_an_entry_of_an_earlier_transaction_does_not_count_for_a_later_one() -> None:
    person = make_person("Ida Berg", f"{uuid.uuid4().hex}@example.com")
    organization = make_organization(person, "Quiet", f"quiet-{uuid.uuid4().hex[:12]}")
    change_role(organization.id)
    with pytest.raises(DatabaseError, match="not recorded in the ledger"), bound(organization.id):
        Organization.objects.filter(pk=organization.id).update(name="Loud")


@pytest.mark.requirement("S1-010", "S1-045", "S1-048")
def test_a_denied_attempt_is_written_down(cast: Cast) -> None:
    response = sign_in(cast.mia).get(cast.url("audit-log/"))
    assert response.status_code == 302
    entry = newest(cast.acme.id)
    assert (entry.outcome, entry.actor_label) == (Outcome.DENIED, "Mia Castellano")
    assert entry.event is Event.AUDIT_READ
    assert entry.reason == "audit.view"


@pytest.mark.requirement("S1-048")
def test_a_failed_attempt_is_written_down_though_its_work_is_undone(cast: Cast) -> None:
    response = sign_in(cast.alice).post(cast.url("groups/new/"), {"name": ""})
    assert response.status_code == 422
    entry = newest(cast.acme.id)
    assert (entry.outcome, entry.event) == (Outcome.FAILED, Event.GROUP_CREATED)
    assert (entry.actor_label, entry.target_kind) == ("Alice Marlow", "page")


@pytest.mark.requirement("S1-045")
def test_a_role_change_is_written_down_with_both_roles(cast: Cast) -> None:
    member = cast.member(cast.mia)
    url = cast.url(f"members/{member.pk}/role/")
    sign_in(cast.alice).post(url, {"role": "admin", "reason": "Leads the team."})
    entry = newest(cast.acme.id)
    assert entry.event is Event.MEMBER_ROLE_CHANGED
    assert entry.changes == [Change("Role", "Member", "Admin")]
    assert entry.reason == "Leads the team."


@pytest.mark.requirement("S1-055")
def test_a_sign_in_is_written_down(cast: Cast, client) -> None:
    answer = {"login": cast.alice.email, "password": "correct horse battery"}
    client.post(reverse("account_login"), answer)
    entry = newest(cast.acme.id)
    assert (entry.event, entry.outcome) == (Event.SESSION_STARTED, Outcome.DONE)
    assert entry.actor_label == "Alice Marlow"
    assert newest(PLATFORM).event is Event.SESSION_STARTED


@pytest.mark.django_db
def test_the_body_is_the_same_json_that_its_columns_say() -> None:
    organization = make_chain(1)
    entry = newest(organization)
    body = json.loads(entry.body)
    assert body["sequence"] == 1
    assert body["organization"] == str(organization)
    assert body["actor"] == ["member", str(ALICE.id)]
    assert body["at"] == entry.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
