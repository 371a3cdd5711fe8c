"""Retention, the legal hold and erasing: what may go goes, nothing else does, and the chain holds."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import proof, queries, tasks, telling
from audit.actions import event_verify
from audit.actions.erasing import audit_person_erase
from audit.actions.retention import (
    audit_hold_lift,
    audit_hold_place,
    audit_retention_change,
    ledger_retain,
)
from audit.events import Event
from audit.ledger import Actor, Target
from audit.models import Particulars
from orgs.tenancy import bound
from tests.audit.ledgers import ALICE, change_role, make_chain, owners_hand
from tests.audit.proofs import GONE, PLACE, aged, inside, leave, outside, rule_stands_for_long, sign
from tests.races import together

pytestmark = pytest.mark.usefixtures("committed", "folder")


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.CHECKPOINT_DIRECTORY = str(tmp_path / "outside")
    return tmp_path / "outside"


def retain(organization: uuid.UUID, months: int | None = 24) -> None:
    with bound(organization):
        audit_retention_change(organization=organization, months=months, target=PLACE, actor=ALICE)


def drop(organization: uuid.UUID) -> int:
    with bound(organization):
        return ledger_retain(
            organization=organization, now=timezone.now(), target=PLACE, actor=ALICE
        )


def hold(organization: uuid.UUID) -> bool:
    with bound(organization):
        return audit_hold_place(
            organization=organization, reason="An inquiry", target=PLACE, actor=ALICE
        )


def lift(organization: uuid.UUID) -> bool:
    with bound(organization):
        return audit_hold_lift(
            organization=organization, reason="It is over", target=PLACE, actor=ALICE
        )


def erase(organization: uuid.UUID, person: uuid.UUID = GONE, *, names: bool = True) -> int:
    with bound(organization):
        return audit_person_erase(
            organization=organization, person=person, names=names, actor=ALICE
        )


def old_ledger() -> uuid.UUID:
    """Five entries of thirty months ago and two of today, signed between and after them."""
    organization = uuid.uuid4()
    aged(organization)
    sign(organization)
    change_role(organization)
    sign(organization)
    return organization


def numbers(organization: uuid.UUID) -> list[int]:
    with bound(organization):
        found = Particulars.objects.filter(organization_id=organization)
        return list(found.order_by("sequence").values_list("sequence", flat=True))


def test_what_is_old_signed_and_outside_is_dropped_and_the_rest_holds(tmp_path: Path) -> None:
    organization = old_ledger()
    retain(organization)
    rule_stands_for_long(organization)
    assert drop(organization) == 5
    assert drop(organization) == 0
    assert numbers(organization)[0] == 6
    assert inside(organization) is None
    assert outside(organization, tmp_path) == (
        0,
        "The log holds: every entry is the one that was written, in its place.",
    )
    with bound(organization):
        assert proof.base_of(organization)[0] == 5
        entry = queries.recent(organization, 1)[0]
        assert entry.event is Event.AUDIT_RETAINED
        assert entry.facts["changes"]["dropped"] == [None, 5]


def test_what_was_dropped_does_not_count_as_verified() -> None:
    organization = old_ledger()
    retain(organization)
    rule_stands_for_long(organization)
    drop(organization)
    left = numbers(organization)
    with bound(organization):
        verdict = event_verify(organization=organization, target=PLACE, actor=ALICE)
    assert (verdict.flaw, verdict.entries, verdict.checked) == (None, left[-1], len(left))


def test_a_rule_drops_nothing_in_its_first_week() -> None:
    organization = old_ledger()
    retain(organization)
    with pytest.raises(DatabaseError, match="does not let these entries go"):
        drop(organization)
    assert numbers(organization)[0] == 1


def test_nothing_young_unsigned_or_undelivered_goes(settings: Any) -> None:
    settings.CHECKPOINT_DIRECTORY = ""
    organization = old_ledger()
    retain(organization)
    rule_stands_for_long(organization)
    assert drop(organization) == 0  # Nothing lies outside.
    for up_to in (1, 4, 5, 6, 7, 99):
        with (
            pytest.raises(DatabaseError, match="does not let these entries go"),
            bound(organization),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT ledger_drop(%s, %s)", [organization, up_to])


@pytest.mark.parametrize("up_to", [1, 4, 6, 7, 8, 99])
def test_the_function_itself_drops_no_more_than_the_rule_says(up_to: int) -> None:
    organization = old_ledger()
    retain(organization)
    rule_stands_for_long(organization)
    with (
        pytest.raises(DatabaseError, match="does not let these entries go"),
        bound(organization),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT ledger_drop(%s, %s)", [organization, up_to])


def test_without_a_rule_nothing_goes() -> None:
    organization = old_ledger()
    assert drop(organization) == 0
    with (
        pytest.raises(DatabaseError, match="does not let these entries go"),
        bound(organization),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT ledger_drop(%s, 5)", [organization])


def test_dropping_leaves_an_entry_or_does_not_happen() -> None:
    organization = old_ledger()
    retain(organization)
    rule_stands_for_long(organization)
    with (
        pytest.raises(DatabaseError, match="was not recorded"),
        bound(organization),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT ledger_drop(%s, 5)", [organization])
    assert numbers(organization)[0] == 1


def test_a_rule_is_changed_on_record_or_not_at_all() -> None:
    organization = make_chain(1)
    for call in ("keeping_retain(%s, 12)", "keeping_hold(%s, NULL, '', '')"):
        with (
            pytest.raises(DatabaseError, match="was not recorded"),
            bound(organization),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SELECT {call}", [organization])


@pytest.mark.parametrize("months", [0, 1, 11, 241, -5])
def test_less_than_a_year_is_refused(months: int) -> None:
    organization = make_chain(1)
    with pytest.raises(ValidationError):
        retain(organization, months)


def test_a_rule_for_less_than_a_year_is_refused_by_the_database_too() -> None:
    organization = make_chain(1)
    with (
        pytest.raises(DatabaseError, match="keeping_at_least_a_year"),
        bound(organization),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT keeping_retain(%s, 11)", [organization])


def test_what_was_tampered_with_is_not_dropped() -> None:
    organization = old_ledger()
    retain(organization)
    rule_stands_for_long(organization)
    with owners_hand("audit_particulars") as cursor:
        cursor.execute(
            "UPDATE audit_particulars SET words = replace(words, 'Alice', 'Oscar')"
            " WHERE organization_id = %s AND sequence = 3",
            [organization],
        )
    assert drop(organization) == 0
    assert numbers(organization)[0] == 1


def test_the_job_drops_what_is_due_and_stops() -> None:
    organization = old_ledger()
    retain(organization)
    rule_stands_for_long(organization)
    tasks.ledgers_retain.func(0)
    assert numbers(organization)[0] == 6


def test_a_base_that_was_moved_by_hand_is_found() -> None:
    organization = old_ledger()
    retain(organization)
    rule_stands_for_long(organization)
    drop(organization)
    with owners_hand("audit_keeping") as cursor:
        cursor.execute(
            "UPDATE audit_keeping SET base_hash = 'x' WHERE organization_id = %s", [organization]
        )
    assert inside(organization) == (6, "the beginning of the log is not what was signed")


def test_who_left_is_erased_wherever_they_are_named(tmp_path: Path) -> None:
    organization = old_ledger()
    change_role(organization, reason="")
    mentioned = change_role(
        organization,
        event=Event.MEMBER_ADDED,
        target=Target("member", uuid.uuid4(), "Somebody else"),
        changes={
            "role": (None, "Member"),
            "name": (None, "Somebody else"),
            "email": (None, "x@acme.example"),
            "login": (None, "asked by priya@acme.example"),
        },
    )
    other_address = change_role(
        organization,
        target=Target("member", uuid.uuid4(), "Kim"),
        actor=Actor("member", uuid.uuid4(), "joanpriya@acme.example"),
    )
    namesake = change_role(organization, target=Target("member", uuid.uuid4(), "Priya Raman"))
    bare = change_role(organization, target=Target("grant", uuid.uuid4(), "Share of Priya Raman"))
    leave(organization)
    erased = erase(organization)
    with bound(organization):
        rows = Particulars.objects.filter(organization_id=organization)
        words = dict(rows.values_list("sequence", "words"))
    assert words[mentioned] is None
    assert words[bare] is None
    assert words[other_address] is not None
    assert words[namesake] is not None
    assert erased == sum(text is None for text in words.values())
    assert inside(organization) is None
    assert outside(organization, tmp_path)[0] == 0
    with bound(organization):
        entry = queries.recent(organization, 1)[0]
    assert entry.event is Event.AUDIT_PERSON_ERASED
    assert (entry.target_id, entry.target_label) == (GONE, "someone erased")
    assert "Priya" not in (words.get(entry.sequence) or "")


def test_a_bare_name_counts_only_where_it_is_asked_to() -> None:
    organization = old_ledger()
    bare = change_role(organization, target=Target("grant", uuid.uuid4(), "Priya Raman"))
    leave(organization)
    with bound(organization):
        found = proof.naming(organization, GONE)
    assert found.by_name >= 1
    erase(organization, names=False)
    with bound(organization):
        row = Particulars.objects.get(organization_id=organization, sequence=bare)
    assert row.words is not None


@pytest.mark.parametrize(
    "name", ["%", "_", "Actor", "O'Neil \\ (x) [y]*", 'Q"uote', "a.b+c", "Ωmega é"]
)
def test_hostile_names_erase_their_own_entries_alone(name: str) -> None:
    organization, person = make_chain(3), uuid.uuid4()
    change_role(organization, target=Target("member", person, name))
    leave(organization, person, name)
    mentioned = change_role(organization, target=Target("grant", uuid.uuid4(), f"by {name}"))
    assert erase(organization, person) == 3
    with bound(organization):
        rows = Particulars.objects.filter(organization_id=organization, words=None)
        assert mentioned in set(rows.values_list("sequence", flat=True))
    assert inside(organization) is None


def test_who_never_left_is_not_erased() -> None:
    organization = make_chain(3)
    with pytest.raises(ValidationError):
        erase(organization, uuid.uuid4())
    with (
        pytest.raises(DatabaseError, match="Only who has left"),
        bound(organization),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT ledger_erase(%s, %s, true)", [organization, ALICE.id])


def test_who_is_a_member_again_is_not_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    organization = old_ledger()
    leave(organization)
    asked: list[Any] = []

    def stands(**about: Any) -> str:
        asked.append(about["addresses"])
        return "Priya Raman"

    monkeypatch.setattr(telling, "_stands", [stands])
    with pytest.raises(ValidationError, match=r"is a member\. Remove them"):
        erase(organization)
    assert asked == [["priya-r", "priya@acme.example"]]


def test_erasing_leaves_an_entry_or_does_not_happen() -> None:
    organization = old_ledger()
    leave(organization)
    with (
        pytest.raises(DatabaseError, match="was not recorded"),
        bound(organization),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT ledger_erase(%s, %s, true)", [organization, GONE])


def test_a_hold_stops_both_also_for_who_speaks_sql() -> None:
    organization = old_ledger()
    retain(organization)
    rule_stands_for_long(organization)
    leave(organization)
    assert hold(organization)
    assert not hold(organization)
    assert drop(organization) == 0
    with pytest.raises(ValidationError, match="placed a legal hold on"):
        erase(organization)
    for call in ("ledger_drop(%s, 5)", f"ledger_erase(%s, '{GONE}', true)"):
        with (
            pytest.raises(DatabaseError, match="under a legal hold"),
            bound(organization),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SELECT {call}", [organization])
    with pytest.raises(DatabaseError, match="under a legal hold"):
        from django.db import connections, transaction

        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            cursor.execute(
                "UPDATE audit_particulars SET words = NULL WHERE organization_id = %s",
                [organization],
            )
    connections["owner"].close()
    assert lift(organization)
    assert not lift(organization)
    assert drop(organization) == 5
    assert erase(organization) > 0


@pytest.mark.race
def test_a_hold_and_an_erasing_at_once_come_one_after_the_other() -> None:
    organization = old_ledger()
    leave(organization)
    results = together(lambda: hold(organization), lambda: erase(organization))
    assert results[0] is True
    refused = isinstance(results[1], Exception)
    with bound(organization):
        emptied = Particulars.objects.filter(organization_id=organization, words=None).exists()
    assert emptied != refused
    assert inside(organization) is None


DEEDS = st.lists(
    st.sampled_from(["write", "sign", "drop", "erase", "leave", "hold", "lift"]), max_size=12
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(deeds=DEEDS)
def test_whatever_is_done_in_whatever_order_the_chain_holds(
    tmp_path: Path, deeds: list[str]
) -> None:
    organization = uuid.uuid4()
    aged(organization)
    sign(organization)
    retain(organization)
    rule_stands_for_long(organization)
    do = {
        "write": lambda: change_role(organization, target=Target("grant", None, "Priya Raman")),
        "sign": lambda: sign(organization),
        "drop": lambda: drop(organization),
        "erase": lambda: erase(organization),
        "leave": lambda: leave(organization),
        "hold": lambda: hold(organization),
        "lift": lambda: lift(organization),
    }
    for deed in deeds:
        try:
            do[deed]()
        except ValidationError:
            assert deed == "erase"
    assert inside(organization) is None
    code, said = outside(organization, tmp_path)
    assert code == 0, said
