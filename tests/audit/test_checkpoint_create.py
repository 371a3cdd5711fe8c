"""Signing the log: by the clock and on demand, only what holds, and out of the database."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from audit import proof, queries, signing, tasks
from audit.actions.checkpoints import checkpoints_deliver
from audit.events import Event
from audit.models import Checkpoint, Outcome
from orgs.tenancy import bound
from tests.audit.ledgers import change_role, make_chain, owners_hand
from tests.audit.proofs import export, inside, outside, sign
from tests.audit.test_chain import (
    column,
    delete,
    drop_words,
    edit_everything_after,
    edit_text,
    edit_text_and_hash,
    edit_words,
    insert_between,
    swap,
)
from tests.races import together

pytestmark = pytest.mark.usefixtures("committed", "folder")


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.CHECKPOINT_DIRECTORY = str(tmp_path / "outside")
    return tmp_path / "outside"


def test_a_checkpoint_is_signed_recorded_and_proves_an_export(tmp_path: Path) -> None:
    organization = make_chain(5)
    made = sign(organization)
    assert made.is_new
    assert made.checkpoint.sequence == 5
    assert outside(organization, tmp_path)[0] == 0
    with bound(organization):
        entry = queries.recent(organization, 1)[0]
        known = proof.proven(organization)
    assert entry.event is Event.AUDIT_CHECKPOINTED
    said = {name: pair[1] for name, pair in entry.facts["changes"].items()}
    assert (said["sequence"], said["hash"]) == (5, made.checkpoint.hash.hex())
    assert (known.entries, known.checkpoint, known.flaw) == (5, True, "")


def test_the_entry_holds_all_that_a_webhook_needs_to_check_it() -> None:
    organization = make_chain(2)
    sign(organization)
    with bound(organization):
        facts = queries.recent(organization, 1)[0].facts["changes"]
        line = next(proof.checkpoint_lines(organization))
    names = {"sequence": "sequence", "hash": "hash", "signed_at": "at", "key": "key"}
    for name, here in (names | {"signature": "signature"}).items():
        assert facts[name] == [None, line[here]]


def test_nothing_new_is_signed_where_only_checkpoints_were_written() -> None:
    organization = make_chain(3)
    assert sign(organization).is_new
    again = sign(organization)
    assert (again.is_new, again.checkpoint.sequence) == (False, 3)
    change_role(organization)
    assert sign(organization).checkpoint.sequence == 5


def test_on_demand_there_is_one_a_minute() -> None:
    organization = make_chain(3)
    sign(organization)
    change_role(organization)
    assert not sign(organization, every=datetime.timedelta(minutes=1)).is_new


@pytest.mark.parametrize("every", [0, 1])
def test_a_clock_that_was_put_back_does_not_stop_the_signing(
    every: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    organization = make_chain(3)
    ahead = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=20)
    monkeypatch.setattr("audit.actions.checkpoints.timezone.now", lambda: ahead)
    first = sign(organization)
    monkeypatch.undo()
    change_role(organization)
    second = sign(organization, every=datetime.timedelta(minutes=every))
    assert (first.is_new, second.is_new, second.flaw) == (True, True, None)
    assert first.checkpoint.at <= second.checkpoint.at
    assert outside(organization, tmp_path)[0] == 0


@pytest.mark.race
def test_two_who_sign_at_once_make_one_checkpoint() -> None:
    organization = make_chain(4)
    made = together(*[lambda: sign(organization)] * 4)
    assert sorted(one.is_new for one in made) == [False, False, False, True]
    with bound(organization):
        assert Checkpoint.objects.filter(organization_id=organization).count() == 1


@pytest.mark.race
def test_signing_while_others_write_leaves_a_chain_that_holds(tmp_path: Path) -> None:
    organization = make_chain(2)

    def write() -> None:
        for _ in range(15):
            change_role(organization)

    results = together(write, write, *[lambda: [sign(organization) for _ in range(5)]] * 2)
    assert not [one for one in results if isinstance(one, Exception)]
    assert inside(organization) is None
    assert outside(organization, tmp_path)[0] == 0


def test_each_is_appended_to_a_file_outside(folder: Path) -> None:
    organization = make_chain(3)
    sign(organization)
    change_role(organization)
    sign(organization)
    lines = (folder / f"{organization}.jsonl").read_text().splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == [3, 5]
    assert json.loads((folder / "keys.jsonl").read_text())["id"] == signing.public_keys()[0].id
    with bound(organization):
        assert proof.keeping_of(organization).delivered_sequence == 5


def test_what_cannot_be_written_is_said_and_made_up_for(folder: Path, tmp_path: Path) -> None:
    organization = make_chain(3)
    folder.write_text("a file where a folder should be")
    sign(organization)
    with bound(organization):
        keeping = proof.keeping_of(organization)
    assert keeping.failing_since is not None
    assert keeping.delivered_sequence == 0
    folder.unlink()
    assert checkpoints_deliver(organization=organization)
    with bound(organization):
        keeping = proof.keeping_of(organization)
    assert (keeping.failing_since, keeping.failure, keeping.delivered_sequence) == (None, "", 3)


def test_half_a_line_and_strange_bytes_hinder_nothing(folder: Path) -> None:
    organization = make_chain(3)
    sign(organization)
    file = folder / f"{organization}.jsonl"
    with file.open("ab") as opened:
        opened.write(b'{"schema": "bailiwick.check')
    (folder / "keys.jsonl").write_bytes(b"\xff\xfe\n")
    change_role(organization)
    sign(organization)
    assert [json.loads(line)["sequence"] for line in file.read_text().splitlines()] == [3, 5]
    assert signing.public_keys()[0].id.encode() in (folder / "keys.jsonl").read_bytes()


def test_without_a_folder_it_says_so(settings: Any) -> None:
    settings.CHECKPOINT_DIRECTORY = ""
    organization = make_chain(1)
    sign(organization)
    with bound(organization):
        assert proof.keeping_of(organization).failure == "No folder is set."


def test_by_the_clock_each_ledger_that_moved_is_signed_and_no_other() -> None:
    moved, still = make_chain(3), make_chain(3)
    sign(still)
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id FROM checkpoints_due()")
        due = {row[0] for row in cursor.fetchall()}
    assert moved in due
    assert still not in due


def test_the_job_signs_and_a_broken_ledger_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, broken = make_chain(3), make_chain(3)
    with owners_hand("audit_event") as cursor:
        edit_text(cursor, broken)
    monkeypatch.setattr(tasks, "_rows", lambda _: [(broken, True), (whole, True)])
    tasks.checkpoints_make.func(0)
    for organization, number in ((whole, 1), (broken, 0)):
        with bound(organization):
            assert Checkpoint.objects.filter(organization_id=organization).count() == number


TAMPERINGS = [edit_text, edit_text_and_hash, edit_everything_after, edit_words, drop_words, swap]
TAMPERINGS += [insert_between, delete("= 3"), delete("= 5"), column("action", "'member.removed'")]


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda one: one.__name__)
def test_what_does_not_hold_is_recorded_told_and_not_signed(
    tamper: Callable[[Any, uuid.UUID], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        "audit.actions.checkpoints.tell_of_flaw", lambda **said: told.append(said["sentence"])
    )
    organization = make_chain(5)
    with owners_hand("audit_event", "audit_particulars", "audit_head") as cursor:
        tamper(cursor, organization)
    made = [sign(organization) for _ in range(3)]
    assert all(one.checkpoint is None for one in made)
    # What was written of the flaw stands on top of it, and may put it into other words.
    flaws = [str(one.flaw) for one in made]
    assert flaws[1] == flaws[2]
    assert told == list(dict.fromkeys(flaws))
    with bound(organization):
        newest = queries.recent(organization, 1)[0]
        known = proof.proven(organization)
    assert (newest.outcome, known.flaw) == (Outcome.FAILED, flaws[-1])


def test_a_past_that_was_computed_anew_is_found_at_the_next_checkpoint() -> None:
    organization = make_chain(5)
    sign(organization)
    with owners_hand("audit_event", "audit_head") as cursor:
        edit_everything_after(cursor, organization)
        cursor.execute(
            "UPDATE audit_event e SET hash = sha256((SELECT b.hash FROM audit_event b WHERE"
            " b.organization_id = e.organization_id AND b.sequence = 5)"
            " || convert_to(e.body, 'UTF8')) WHERE organization_id = %s AND sequence = 6",
            [organization],
        )
        cursor.execute(
            "UPDATE audit_head h SET hash = e.hash FROM audit_event e WHERE h.organization_id = %s"
            " AND e.organization_id = h.organization_id AND e.sequence = 6",
            [organization],
        )
    change_role(organization)
    assert inside(organization) == (5, "it is not what was signed")
    assert sign(organization).flaw.reason == "it is not what was signed"


def test_a_checkpoint_that_somebody_put_into_the_table_is_not_believed() -> None:
    organization = make_chain(3)
    with bound(organization), connection.cursor() as cursor:
        cursor.execute(
            "SELECT checkpoint_keep(%s, 3, (SELECT hash FROM audit_event WHERE organization_id = %s"
            " AND sequence = 3), now(), 'abc', %s)",
            [organization, organization, b"\0" * 64],
        )
    change_role(organization)
    assert sign(organization).flaw is not None
    with bound(organization):
        assert proof.proven(organization).flaw


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_checkpoint SELECT organization_id, 99, hash, at, key, signature FROM audit_checkpoint",
        "UPDATE audit_checkpoint SET hash = ''",
        "DELETE FROM audit_checkpoint",
        "TRUNCATE audit_checkpoint",
        "INSERT INTO audit_keeping (organization_id) VALUES (gen_random_uuid())",
        "UPDATE audit_keeping SET base_sequence = 2",
        "DELETE FROM audit_keeping",
        "DELETE FROM audit_event",
        "UPDATE audit_particulars SET words = NULL",
        "SELECT set_config('app.base', 'on', true), set_config('app.dropping', 'on', true);"
        " DELETE FROM audit_event",
    ],
)
def test_the_web_role_writes_none_of_it(statement: str) -> None:
    organization = make_chain(3)
    sign(organization)
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        bound(organization),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_checkpoint SET hash = '' WHERE organization_id = %s",
        "DELETE FROM audit_checkpoint WHERE organization_id = %s",
        "DELETE FROM audit_event WHERE organization_id = %s",
        "DELETE FROM audit_particulars WHERE organization_id = %s",
        "DELETE FROM audit_keeping WHERE organization_id = %s",
        "UPDATE audit_keeping SET base_sequence = 2 WHERE organization_id = %s",
        "TRUNCATE audit_checkpoint; SELECT %s",
        "TRUNCATE audit_keeping; SELECT %s",
    ],
)
def test_the_owner_of_the_tables_does_not_rewrite_it_either(statement: str) -> None:
    organization = make_chain(3)
    sign(organization)
    with (
        pytest.raises(DatabaseError, match=r"rewritten|let these entries go"),
        transaction.atomic(using="owner"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute(statement, [organization])
    connections["owner"].close()


@pytest.mark.parametrize(
    "call",
    [
        "checkpoint_keep(%s, 1, '', now(), '', '')",
        "checkpoint_delivered(%s, 1, '')",
        "keeping_retain(%s, 12)",
        "keeping_hold(%s, NULL, '', '')",
        "keeping_release(%s)",
        "ledger_drop(%s, 1)",
        "ledger_erase(%s, gen_random_uuid(), true)",
    ],
)
def test_nobody_reaches_another_ledger(call: str) -> None:
    mine, other = make_chain(1), make_chain(1)
    with (
        pytest.raises(DatabaseError, match="not bound to this ledger"),
        bound(mine),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SELECT {call}", [other])


def test_a_checkpoint_that_the_chain_does_not_bear_out_is_refused() -> None:
    organization = make_chain(3)
    for sequence, digest, size in ((3, b"x" * 32, 64), (9, b"x" * 32, 64), (3, None, 10)):
        with (
            pytest.raises(DatabaseError, match="not what this checkpoint says"),
            bound(organization),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "SELECT checkpoint_keep(%s, %s, coalesce(%s, (SELECT hash FROM audit_head WHERE"
                " organization_id = %s)), now(), 'k', %s)",
                [organization, sequence, digest, organization, b"s" * size],
            )


@pytest.mark.parametrize("at", ["infinity", "9999-12-31", "2 days"])
def test_a_checkpoint_of_the_future_does_not_shut_out_those_of_today(at: str) -> None:
    organization = make_chain(3)
    when = "now() + %s::interval" if at == "2 days" else "%s::timestamptz"
    with (
        pytest.raises(DatabaseError, match="not what this checkpoint says"),
        bound(organization),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT checkpoint_keep(%s, 3, (SELECT hash FROM audit_head WHERE organization_id = %s),"
            f" {when}, 'k', %s)",
            [organization, organization, at, b"s" * 64],
        )
    assert sign(organization).flaw is None


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda one: one.__name__)
def test_inside_and_outside_name_the_same_entry(
    tamper: Callable[[Any, uuid.UUID], None], tmp_path: Path
) -> None:
    """The function of the database and the program beside it agree on each kind of tampering."""
    organization = make_chain(5)
    sign(organization)
    with owners_hand("audit_event", "audit_particulars", "audit_head") as cursor:
        tamper(cursor, organization)
    found = inside(organization)
    code, said = outside(organization, tmp_path)
    assert (found is not None, code) == (True, 1)
    assert said.startswith(f"Entry #{found[0]} does not hold"), (found, said)


def test_an_old_key_still_counts(settings: Any, tmp_path: Path) -> None:
    organization = make_chain(3)
    sign(organization)
    before = signing.public_keys()[0]
    settings.CHECKPOINT_KEYS = ["k" * 40]
    settings.CHECKPOINT_OLD_KEYS = [before.base64]
    change_role(organization)
    made = sign(organization)
    assert made.is_new
    assert made.checkpoint.key != before.id
    assert [key.signs for key in signing.public_keys()] == [True, False]
    assert outside(organization, tmp_path)[0] == 0


def test_settings_that_cannot_sign_are_refused(settings: Any) -> None:
    settings.CHECKPOINT_KEYS, settings.CHECKPOINT_OLD_KEYS = ["short"], ["no key"]
    assert {one.id for one in signing.keys_are_there()} == {"checkpoints.E001", "checkpoints.E002"}
    settings.CHECKPOINT_KEYS = [settings.SECRET_KEY]
    assert [one.id for one in signing.keys_are_there()] == ["checkpoints.W001"]


def test_an_export_in_hand_cannot_be_changed_unseen(tmp_path: Path) -> None:
    organization = make_chain(3)
    sign(organization)
    outside(organization, tmp_path)
    data = export(organization)
    changed = data.replace(b'"sentence":"Alice Marlow', b'"sentence":"Oscar Novak')
    assert changed != data
    (tmp_path / "export").write_bytes(changed)
    from verify_ledger import check

    code, said, _ = check(*(str(tmp_path / name) for name in ("export", "signed", "keys")))
    assert (code, "changed after it was exported" in said) == (1, True)
