"""The chain: it holds by itself, under many writers, and shows whatever was done to it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from audit import actions, queries
from audit.models import Event, Outcome, Particulars
from orgs.tenancy import bound
from tests.audit.ledgers import ALICE, PRIYA, change_role, make_chain, owners_hand
from tests.races import together

pytestmark = pytest.mark.usefixtures("committed")

TEXT = "its text or its place in the chain was changed"
COLUMNS = "its columns differ from its text"
MISSING = "entries are missing before it"


def flaw_of(organization: uuid.UUID, **between: int) -> tuple[int, str] | None:
    with bound(organization):
        flaw = queries.first_flaw(organization, **between)
    return (flaw.sequence, flaw.reason) if flaw else None


def test_a_chain_that_nobody_touched_holds() -> None:
    organization = make_chain(5)
    assert flaw_of(organization) is None
    assert flaw_of(organization, after=2, up_to=4) is None
    assert flaw_of(uuid.uuid4()) is None


def test_each_hash_covers_the_stored_text_and_the_hash_before() -> None:
    organization = make_chain(4)
    before = b""
    with bound(organization):
        for event in Event.objects.filter(organization_id=organization).order_by("sequence"):
            assert bytes(event.hash) == hashlib.sha256(before + event.body.encode()).digest()
            before = bytes(event.hash)


def test_time_never_runs_back_and_no_number_is_left_out() -> None:
    organization = make_chain(6)
    with bound(organization):
        events = list(Event.objects.filter(organization_id=organization).order_by("sequence"))
    assert [event.sequence for event in events] == [1, 2, 3, 4, 5, 6]
    assert sorted(event.at for event in events) == [event.at for event in events]


def rehashed(organization: uuid.UUID, sequence: int, *, in_cursor: Any) -> None:
    """Give an entry the hash that fits its text again, as a forger would."""
    in_cursor.execute(
        "UPDATE audit_event e SET hash = sha256(coalesce((SELECT b.hash FROM audit_event b WHERE"
        " b.organization_id = e.organization_id AND b.sequence = e.sequence - 1), '')"
        " || convert_to(e.body, 'UTF8')) WHERE organization_id = %s AND sequence = %s",
        [organization, sequence],
    )


def edit_text(cursor: Any, org: uuid.UUID) -> None:
    cursor.execute(
        "UPDATE audit_event SET body = replace(body, 'Admin', 'Owner')"
        " WHERE organization_id = %s AND sequence = 3",
        [org],
    )


def edit_text_and_hash(cursor: Any, org: uuid.UUID) -> None:
    edit_text(cursor, org)
    rehashed(org, 3, in_cursor=cursor)


def edit_everything_after(cursor: Any, org: uuid.UUID) -> None:
    edit_text(cursor, org)
    for sequence in (3, 4, 5):
        rehashed(org, sequence, in_cursor=cursor)


def unreadable_text(cursor: Any, org: uuid.UUID) -> None:
    cursor.execute(
        "UPDATE audit_event SET body = '{not json' WHERE organization_id = %s AND sequence = 5",
        [org],
    )
    rehashed(org, 5, in_cursor=cursor)


def column(name: str, value: str) -> Callable[[Any, uuid.UUID], None]:
    def edit(cursor: Any, org: uuid.UUID) -> None:
        cursor.execute(
            f"UPDATE audit_event SET {name} = {value} WHERE organization_id = %s AND sequence = 3",
            [org],
        )

    edit.__name__ = f"column_{name}"
    return edit


def delete(sequences: str) -> Callable[[Any, uuid.UUID], None]:
    def edit(cursor: Any, org: uuid.UUID) -> None:
        cursor.execute(
            f"DELETE FROM audit_event WHERE organization_id = %s AND sequence {sequences}", [org]
        )

    edit.__name__ = f"delete_{sequences}"
    return edit


def swap(cursor: Any, org: uuid.UUID) -> None:
    for old, new in ((2, -1), (3, 2), (-1, 3)):
        cursor.execute(
            "UPDATE audit_event SET sequence = %s WHERE organization_id = %s AND sequence = %s",
            [new, org, old],
        )


def insert_between(cursor: Any, org: uuid.UUID) -> None:
    delete("> 3")(cursor, org)
    cursor.execute(
        "INSERT INTO audit_event SELECT organization_id, 4, at, actor_kind, actor_id, action,"
        " target_kind, target_id, outcome, body, hash FROM audit_event"
        " WHERE organization_id = %s AND sequence = 3",
        [org],
    )


def edit_words(cursor: Any, org: uuid.UUID) -> None:
    cursor.execute(
        "UPDATE audit_particulars SET words = replace(words, 'Alice', 'Oscar')"
        " WHERE organization_id = %s AND sequence = 2",
        [org],
    )


def drop_words(cursor: Any, org: uuid.UUID) -> None:
    cursor.execute(
        "DELETE FROM audit_particulars WHERE organization_id = %s AND sequence = 4", [org]
    )


def turn_head_back(cursor: Any, org: uuid.UUID) -> None:
    cursor.execute("UPDATE audit_head SET sequence = 3 WHERE organization_id = %s", [org])


def drop_head(cursor: Any, org: uuid.UUID) -> None:
    cursor.execute("DELETE FROM audit_head WHERE organization_id = %s", [org])


def drop_everything_but_the_head(cursor: Any, org: uuid.UUID) -> None:
    delete("> 0")(cursor, org)


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (edit_text, (3, TEXT)),
        (edit_text_and_hash, (4, TEXT)),
        (edit_everything_after, (6, "the head of the chain was changed")),
        (unreadable_text, (5, "its text cannot be read")),
        (column("action", "'member.removed'"), (3, COLUMNS)),
        (column("outcome", "'denied'"), (3, COLUMNS)),
        (column("actor_id", "gen_random_uuid()"), (3, COLUMNS)),
        (column("actor_kind", "'system'"), (3, COLUMNS)),
        (column("target_id", "NULL"), (3, COLUMNS)),
        (column("at", "at + interval '1 hour'"), (3, COLUMNS)),
        (column("hash", "'x'"), (3, TEXT)),
        (delete("= 1"), (2, MISSING)),
        (delete("= 3"), (4, MISSING)),
        (delete("= 5"), (5, "the newest entries are missing")),
        (delete("> 2"), (3, "the newest entries are missing")),
        (drop_everything_but_the_head, (1, "the newest entries are missing")),
        (swap, (2, TEXT)),
        (insert_between, (4, TEXT)),
        (edit_words, (2, "its names or addresses were changed")),
        (drop_words, (4, "its particulars are missing")),
        (turn_head_back, (6, "the head of the chain was changed")),
        (drop_head, (6, "the head of the chain was changed")),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_verify_finds(tamper: Callable[[Any, uuid.UUID], None], found: tuple[int, str]) -> None:
    organization = make_chain(5)
    with owners_hand("audit_event", "audit_particulars", "audit_head") as cursor:
        tamper(cursor, organization)
    assert flaw_of(organization) == found
    with bound(organization):
        verdict = actions.event_verify(organization=organization, target=PRIYA, actor=ALICE)
    assert (verdict.flaw.sequence, verdict.flaw.reason) == found


def test_a_verdict_against_the_chain_is_itself_on_record() -> None:
    organization = make_chain(5)
    with owners_hand("audit_event") as cursor:
        edit_text(cursor, organization)
    with bound(organization):
        actions.event_verify(organization=organization, target=PRIYA, actor=ALICE)
        newest = queries.recent(organization, 1)[0]
        verified = queries.last_verified(organization)
    assert newest.outcome is Outcome.FAILED
    assert verified.flaw == f"Entry #3 does not hold: {TEXT}."


def test_a_long_chain_is_verified_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.actions.entries.STRETCH", 3)
    organization, seen = make_chain(10), []
    with bound(organization):
        verdict = actions.event_verify(
            organization=organization,
            target=PRIYA,
            actor=ALICE,
            progress=lambda done, of: seen.append((done, of)),
        )
    assert verdict == actions.Verdict(10, None)
    assert seen == [(3, 10), (6, 10), (9, 10)]


@pytest.mark.parametrize("sequence", [1, 3, 4, 6, 7, 10])
def test_no_seam_between_stretches_hides_a_deletion(
    monkeypatch: pytest.MonkeyPatch, sequence: int
) -> None:
    monkeypatch.setattr("audit.actions.entries.STRETCH", 3)
    organization = make_chain(10)
    with owners_hand("audit_event") as cursor:
        delete(f"= {sequence}")(cursor, organization)
    with bound(organization):
        verdict = actions.event_verify(organization=organization, target=PRIYA, actor=ALICE)
    assert verdict.flaw is not None
    assert verdict.flaw.sequence in (sequence, sequence + 1)


def test_words_that_are_emptied_leave_the_chain_valid() -> None:
    organization = make_chain(3)
    with owners_hand("audit_particulars") as cursor:
        cursor.execute(
            "UPDATE audit_particulars SET words = NULL WHERE organization_id = %s", [organization]
        )
    assert flaw_of(organization) is None
    with bound(organization):
        assert not Particulars.objects.filter(
            organization_id=organization, words__isnull=False
        ).exists()
        assert queries.recent(organization, 1)[0].words is None


@pytest.mark.race
def test_many_writers_at_once_make_one_chain() -> None:
    organization, writers, each = uuid.uuid4(), 8, 25

    def write() -> list[int]:
        return [change_role(organization) for _ in range(each)]

    numbers = together(*[write] * writers)
    assert sorted(n for some in numbers for n in some) == list(range(1, writers * each + 1))
    assert flaw_of(organization) is None


@pytest.mark.race
def test_writers_of_long_transactions_make_one_chain_too() -> None:
    organization = uuid.uuid4()

    def write() -> None:
        with bound(organization):
            for _ in range(20):
                change_role(organization)

    assert together(*[write] * 4) == [None] * 4
    assert flaw_of(organization) is None
    with bound(organization):
        assert queries.newest_sequence(organization) == 80
