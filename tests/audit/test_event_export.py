"""The log as a file: safe to open, whole or noticed, and for who may take it."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace
from typing import Any
from unittest.mock import MagicMock
from urllib.parse import parse_qs

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections

from audit import models, queries
from audit.events import Event
from audit.exports import comma, reading
from audit.exports import lines as json_lines
from audit.exports.ocsf import event_of
from audit.exports.stream import NoLongerAllowedError
from audit.models import Outcome
from audit.sentences import visible
from config import export_places
from config.export_places import MOST
from config.roles import Role
from config.spreadsheets import FORMULA
from orgs.tenancy import bound
from tests.audit.exported import HOSTILE, actor, lines, table, target, text_of
from tests.audit.ledgers import change_role
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.projects.factories import make_group_role

pytestmark = pytest.mark.django_db
PAGE = "audit-log/export/"


@pytest.fixture(autouse=True)
def _all_free() -> Any:
    yield
    assert export_places._free._value == MOST, "a place was not given back"


def export(cast: Cast, query: str, person: Any = None) -> str:
    response = sign_in(person or cast.alice).get(cast.url(f"{PAGE}?{query}"))
    assert response.status_code == 200, response.content
    return text_of(response)


def newest(cast: Cast) -> Any:
    with bound(cast.acme.id):
        return queries.recent(cast.acme.id, 1)[0]


@pytest.fixture
def hostile(cast: Cast) -> list[int]:
    """An entry for each bad name: as the actor, the target, the reason and in the changes."""
    return [
        change_role(
            cast.acme.id,
            actor=actor(name),
            target=target(name),
            reason=name,
            changes={"role": (name, name[::-1])},
        )
        for name in HOSTILE
    ]


# --- Each form ------------------------------------------------------------------------------------


def test_csv_comes_back_with_a_line_an_entry_and_no_formula(cast: Cast, hostile: list[int]) -> None:
    text = export(cast, "format=csv")
    rows = table(text)
    assert tuple(rows[0]) == comma.COLUMNS
    assert [int(row["sequence"]) for row in rows] == list(range(1, len(rows) + 1))
    # One line an entry, whatever is in it: no cell can end its line.
    assert len(text.splitlines()) == len(rows) + 1
    for line in text.split("\n"):
        assert visible(line) == line
    for row in rows:
        for cell in row.values():
            assert not cell.lstrip(' "\u00a0').startswith(FORMULA), cell


def test_names_in_csv_keep_what_can_be_seen(cast: Cast, hostile: list[int]) -> None:
    rows = {int(row["sequence"]): row for row in table(export(cast, "format=csv"))}
    for sequence, name in zip(hostile, HOSTILE, strict=True):
        row, seen = rows[sequence], visible(name)
        said = f"'{seen}" if seen.lstrip(' "\u00a0').startswith(FORMULA) else seen
        assert (row["actor"], row["target"], row["reason"]) == (said, said, said)
        assert seen in row["sentence"]


def test_json_lines_hold_the_very_texts_that_were_hashed(cast: Cast, hostile: list[int]) -> None:
    text = export(cast, "format=jsonl")
    assert text.isascii()
    head, *entries, end = lines(text)
    assert head["schema"] == "bailiwick.audit/1"
    assert (head["organization"], head["filters"]) == (str(cast.acme.id), {})
    assert (head["from"], head["to"], head["entries"]) == (1, len(entries), len(entries))
    before = b""
    for entry in entries:
        before = hashlib.sha256(before + entry["body"].encode()).digest()
        assert entry["hash"] == before.hex(), entry["sequence"]
        said = hashlib.sha256(bytes.fromhex(entry["salt"]) + entry["words"].encode()).hexdigest()
        assert f'"particulars": "{said}"' in entry["body"]
    assert (end["end"], end["entries"]) == (True, len(entries))
    by_sequence = {entry["sequence"]: entry for entry in entries}
    for sequence, name in zip(hostile, HOSTILE, strict=True):
        entry = by_sequence[sequence]
        assert entry["actor"]["name"] == entry["target"]["name"] == entry["reason"] == name
        assert entry["changes"] == {"role": [name, name[::-1]]}


def test_what_an_entry_did_comes_with_it(cast: Cast) -> None:
    make_group_role(make_group(cast.acme, "Auditors"), Role.AUDIT_LOG_READER)
    with bound(cast.acme.id):
        said = models.Effect.objects.filter(organization_id=cast.acme.id).order_by("id")
        texts = list(said.values_list("text", flat=True))
    found = [entry.get("effects", []) for entry in lines(export(cast, "format=jsonl"))[1:-1]]
    assert texts
    assert list(itertools.chain(*found)) == texts


def test_end_is_signed_over_every_byte_before_it(cast: Cast) -> None:
    text = export(cast, "format=jsonl")
    *_, last = text.splitlines(keepends=True)
    before = text.removesuffix(last).encode()
    assert lines(last)[0]["sha256"] == hashlib.sha256(before).hexdigest()


def test_words_that_were_erased_are_nobodys(cast: Cast) -> None:
    sequence, everything = change_role(cast.acme.id), queries.EventFilter()
    with bound(cast.acme.id):
        (row,) = reading.rows_after(
            organization=cast.acme.id, filters=everything, sequence=sequence - 1, size=1
        )
    erased = replace(row, words=None, entry=replace(row.entry, words=None))
    said = json_lines.said(erased)
    assert (said["words"], said["actor"]["name"], said["ip"]) == (None, None, None)
    assert event_of(erased)["user"]["name"] == "someone erased"
    begun = ",".join(comma.COLUMNS)
    (cells,) = table(f"{begun}\n{comma.block(MagicMock(), [erased]).decode()}")
    assert (cells["actor"], cells["ip"]) == ("someone erased", "")


# --- What was asked for ---------------------------------------------------------------------------


def test_filters_narrow_the_file_and_are_said_again(cast: Cast) -> None:
    change_role(cast.acme.id, outcome=Outcome.DENIED)
    wanted = change_role(cast.acme.id)
    query = "action=member.role_changed&outcome=done"
    client = sign_in(cast.alice)
    response = client.get(cast.url(f"{PAGE}?{query}&format=jsonl"))
    head, *entries, end = lines(text_of(response))
    asked = {"action": "member.role_changed", "outcome": "done"}
    assert head["filters"] == asked
    assert wanted in [entry["sequence"] for entry in entries]
    assert {entry["outcome"] for entry in entries} == {"done"}
    assert head["entries"] == end["entries"] == len(entries)
    assert response["X-Schema"] == "bailiwick.audit/1"
    assert parse_qs(response["X-Filters"]) == {name: [value] for name, value in asked.items()}
    assert response["X-Entries"] == str(len(entries))
    name = f"{cast.acme.slug}-audit-{head['to']}.action-memberrole_changed.outcome-done.jsonl"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'


def test_a_filter_that_cannot_be_read_gives_no_file(cast: Cast) -> None:
    response = sign_in(cast.alice).get(cast.url(f"{PAGE}?format=csv&since=yesterday"))
    assert response.status_code == 422
    assert "Nothing was exported" in response.content.decode()


def test_page_says_how_much_it_will_be(cast: Cast) -> None:
    with bound(cast.acme.id):
        length = queries.newest_sequence(cast.acme.id)
    page = sign_in(cast.alice).get(cast.url(PAGE)).content.decode()
    assert f"{length:,} entries of" in page
    change_role(cast.acme.id, outcome=Outcome.FAILED)
    page = sign_in(cast.alice).get(cast.url(f"{PAGE}?outcome=failed")).content.decode()
    assert "1 entry of" in page
    assert '<input type="hidden" name="outcome" value="failed">' in page


def test_file_ends_where_the_log_stood_when_it_began(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "CHUNK", 2)
    response = sign_in(cast.alice).get(cast.url(f"{PAGE}?format=jsonl"))
    pieces = iter(response.streaming_content)
    head = lines(next(pieces).decode())[0]
    change_role(cast.acme.id)
    *entries, _ = lines(b"".join(pieces).decode())
    assert [entry["sequence"] for entry in entries] == list(range(1, head["to"] + 1))


# --- Who may --------------------------------------------------------------------------------------


@pytest.mark.requirement("S3-056")
def test_taking_the_log_out_is_remembered(cast: Cast) -> None:
    text = export(cast, "format=csv&outcome=done")
    entry = newest(cast)
    assert (entry.event, entry.actor_label) == (Event.AUDIT_EXPORTED, "Alice Marlow")
    assert entry.facts["changes"]["format"] == [None, "csv"]
    assert entry.facts["changes"]["entries"] == [None, len(table(text))]
    assert entry.reason == "outcome=done"


def test_who_reads_may_not_export_and_who_does_not_read_even_less(cast: Cast) -> None:
    assert sign_in(cast.vera).get(cast.url("audit-log/")).status_code == 200
    for person in (cast.vera, cast.mia):
        for address in (PAGE, f"{PAGE}?format=csv"):
            assert sign_in(person).get(cast.url(address)).status_code == 302
    entry = newest(cast)
    assert (entry.event, entry.outcome) == (Event.AUDIT_EXPORTED, Outcome.DENIED)


def test_a_stranger_sees_no_export(cast: Cast) -> None:
    assert sign_in(cast.oscar).get(cast.url(f"{PAGE}?format=csv")).status_code == 404


def test_an_audit_log_reader_may_export(cast: Cast) -> None:
    group = make_group(cast.acme, "Auditors")
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, Role.AUDIT_LOG_READER)
    assert table(export(cast, "format=csv", cast.mia))


def test_whoever_loses_the_right_gets_no_further_piece(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "CHUNK", 2)
    response = sign_in(cast.adam).get(cast.url(f"{PAGE}?format=csv"))
    pieces = iter(response.streaming_content)
    assert next(pieces)
    assert next(pieces)
    monkeypatch.setattr("orgs.access.Access.can", lambda *_: False)
    # The server may end the answer as if it were whole: the last line says that it is not.
    assert next(pieces) == f"CUT after 2 of {response['X-Entries']} entries".encode()
    with pytest.raises(NoLongerAllowedError):
        next(pieces)


# --- How it streams -------------------------------------------------------------------------------


def gone(response: Any) -> None:
    """As the server closes what nobody reads any more; the test keeps its own connection."""
    request_finished.disconnect(close_old_connections)
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)


def test_a_few_are_written_at_once_and_the_next_is_told_to_wait(cast: Cast) -> None:
    client = sign_in(cast.alice)
    open_ones = [client.get(cast.url(f"{PAGE}?format=csv")) for _ in range(MOST)]
    late = client.get(cast.url(f"{PAGE}?format=csv"))
    assert (late.status_code, late["Retry-After"]) == (429, "30")
    assert "Several exports are being written" in late.content.decode()
    for each in open_ones:
        gone(each)


def test_whoever_goes_away_gives_the_place_back(cast: Cast) -> None:
    client = sign_in(cast.alice)
    for _ in range(MOST + 1):
        response = client.get(cast.url(f"{PAGE}?format=jsonl"))
        next(iter(response))
        response._iterator.close()
    for _ in range(MOST + 1):
        gone(client.head(cast.url(f"{PAGE}?format=jsonl")))


def test_a_long_log_is_read_a_stretch_at_a_time(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        change_role(cast.acme.id)
    monkeypatch.setattr(reading, "CHUNK", 5)
    response = sign_in(cast.alice).get(cast.url(f"{PAGE}?format=csv"))
    pieces = list(response.streaming_content)
    assert all(piece.count(b"\n") <= 5 for piece in pieces)
    assert len(table(b"".join(pieces).decode())) == int(response["X-Entries"])
