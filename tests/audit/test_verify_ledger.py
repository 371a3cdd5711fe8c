"""`verify_ledger.py` as somebody outside runs it: each kind of tampering, alone and by its file."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import verify_ledger
from tests.audit.by_hand import (
    KEY,
    OTHER,
    STRANGER,
    Files,
    chain,
    checkpoint,
    compact,
    jsonb,
    keys_document,
    line_of,
    sha,
    whole,
)
from verify_ledger import check

PROGRAM = Path(verify_ledger.__file__)
HOLDS, FLAWED, UNKNOWN = 0, 1, 2


def judged(files: Files, folder: Path, **options: Any) -> tuple[int, str]:
    export, _, signed, _, keys = files.write(folder)
    code, said, _ = check(export, signed, keys, **options)
    return code, said


def run(*words: str, alone: bool = False, python: str = sys.executable) -> tuple[int, str]:
    """In a process of its own, with neither Django nor this repository to import."""
    env = {"PATH": os.environ.get("PATH", "")} | ({"VERIFY_LEDGER_ALONE": "1"} if alone else {})
    done = subprocess.run(
        [python, "-I", str(PROGRAM), *words], capture_output=True, text=True, env=env, cwd="/"
    )
    assert done.stderr == "" or done.returncode == UNKNOWN, done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("alone", [False, True], ids=["with cryptography", "without"])
@pytest.mark.parametrize("sealed", [False, True])
def test_a_log_that_nobody_touched_holds(tmp_path: Path, *, alone: bool, sealed: bool) -> None:
    code, said = run(*whole(sealed=sealed).write(tmp_path), alone=alone)
    assert code == HOLDS
    assert "The log holds" in said
    assert "#12" in said
    assert "the words of 2 entries" in said


def rewritten(files: Files, start: int) -> None:
    """Make the chain fit itself again from this entry on, as a forger with the database would."""
    before = bytes.fromhex(files.lines[start - 2]["hash"]) if start > 1 else b""
    for line in files.lines[start - 1 :]:
        line["hash"] = sha(before, line["body"].encode())
        before = bytes.fromhex(line["hash"])


def edit_body(files: Files) -> None:
    files.lines[2]["body"] = files.lines[2]["body"].replace("Admin", "Owner")


def edit_body_and_columns(files: Files) -> None:
    edit_body(files)
    files.lines[2]["changes"]["role"][1] = "Owner"


def edit_body_and_hash(files: Files) -> None:
    edit_body_and_columns(files)
    line, before = files.lines[2], bytes.fromhex(files.lines[1]["hash"])
    line["hash"] = sha(before, line["body"].encode())


def edit_words(files: Files) -> None:
    line = files.lines[2]
    line["words"] = line["words"].replace("Alice", "Oscar")
    line["actor"]["name"] = line["actor"]["name"].replace("Alice", "Oscar")


def edit_salt(files: Files) -> None:
    files.lines[2]["salt"] = "00" * 16


def empty_salt(files: Files) -> None:
    files.lines[2] |= {"salt": "", "words": None}


def edit_hash(files: Files) -> None:
    files.lines[2]["hash"] = "00" * 32


def edit_effects(files: Files) -> None:
    files.lines[2]["effects"][0] = '{"kind": "seat", "after": null}'


def drop_effects(files: Files) -> None:
    del files.lines[2]["effects"]


def add_effects(files: Files) -> None:
    files.lines[4]["effects"] = ['{"kind": "grant"}']


def swap_effects(files: Files) -> None:
    files.lines[2]["effects"].reverse()


def column(*path: str, value: Any) -> Callable[[Files], None]:
    def edit(files: Files) -> None:
        place: Any = files.lines[2]
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value

    edit.__name__ = f"column {'.'.join(path)}"
    return edit


def insert(files: Files) -> None:
    files.lines.insert(2, line_of(3, bytes.fromhex(files.lines[1]["hash"]), actor="Mallory"))


def duplicate(files: Files) -> None:
    files.lines.insert(2, copy.deepcopy(files.lines[2]))


def delete_in_the_middle(files: Files) -> None:
    del files.lines[2]


def swap(files: Files) -> None:
    files.lines[2:4] = files.lines[3], files.lines[2]


def delete_the_first(files: Files) -> None:
    del files.lines[0]


def unreadable(files: Files) -> None:
    line, before = files.lines[2], bytes.fromhex(files.lines[1]["hash"])
    line["body"] = "{not json"
    line["hash"] = sha(before, line["body"].encode())


def another_organization(files: Files) -> None:
    files.lines[2] = line_of(3, bytes.fromhex(files.lines[1]["hash"]), organization=OTHER)


TAMPERINGS = [
    (edit_body, 3, verify_ledger.TEXT),
    (edit_body_and_columns, 3, verify_ledger.TEXT),
    (edit_body_and_hash, 4, verify_ledger.TEXT),
    (edit_words, 3, verify_ledger.WORDS),
    (edit_salt, 3, verify_ledger.WORDS),
    (empty_salt, 3, verify_ledger.BARE),
    (edit_hash, 3, verify_ledger.TEXT),
    (edit_effects, 3, verify_ledger.EFFECTS),
    (drop_effects, 3, verify_ledger.EFFECTS),
    (add_effects, 5, verify_ledger.EFFECTS),
    (swap_effects, 3, verify_ledger.EFFECTS),
    (column("action", value="member.removed"), 3, verify_ledger.COLUMNS),
    (column("outcome", value="denied"), 3, verify_ledger.COLUMNS),
    (column("at", value="2026-11-23T00:00:00.000000Z"), 3, verify_ledger.COLUMNS),
    (column("actor", "id", value=None), 3, verify_ledger.COLUMNS),
    (column("actor", "kind", value="system"), 3, verify_ledger.COLUMNS),
    (column("actor", "name", value="Oscar"), 3, verify_ledger.COLUMNS),
    (column("target", "id", value="x"), 3, verify_ledger.COLUMNS),
    (column("target", "name", value="Oscar"), 3, verify_ledger.COLUMNS),
    (column("changes", value={}), 3, verify_ledger.COLUMNS),
    (column("changes", "role", value=["Member", "Owner"]), 3, verify_ledger.COLUMNS),
    (column("reason", value=""), 3, verify_ledger.COLUMNS),
    (column("ip", value=None), 3, verify_ledger.COLUMNS),
    (column("agent", value="curl"), 3, verify_ledger.COLUMNS),
    (column("request", value="other"), 3, verify_ledger.COLUMNS),
    (column("body", value=None), 3, verify_ledger.UNREADABLE),
    (column("actor", value=[]), 3, verify_ledger.COLUMNS),
    (column("sequence", value=7), 7, verify_ledger.MISSING),
    (column("sequence", value=True), 3, "its number cannot be read"),
    (insert, 3, "it stands in the wrong place, or twice"),
    (duplicate, 3, "it stands in the wrong place, or twice"),
    (delete_in_the_middle, 4, verify_ledger.MISSING),
    (delete_the_first, 2, "entries are missing before it"),
    (swap, 4, verify_ledger.MISSING),
    (unreadable, 3, verify_ledger.UNREADABLE),
    (another_organization, 3, verify_ledger.COLUMNS),
]


@pytest.mark.parametrize(
    ("tamper", "entry", "reason"), TAMPERINGS, ids=lambda v: getattr(v, "__name__", "")
)
def test_it_names_the_first_entry_that_was_tampered_with(
    tmp_path: Path, tamper: Callable[[Files], None], entry: int, reason: str
) -> None:
    files = whole()
    tamper(files)
    code, said = judged(files, tmp_path)
    assert code == FLAWED, said
    assert said.startswith(f"Entry #{entry} does not hold: {reason}"), said


def test_a_chain_that_was_computed_anew_is_found_by_its_checkpoint(tmp_path: Path) -> None:
    files = whole(12, 5, 12)
    edit_body_and_columns(files)
    rewritten(files, 3)
    code, said = judged(files, tmp_path)
    assert code == FLAWED
    assert said.startswith(
        "Entry #5 does not hold: it is not what was signed. The chain was computed anew: an entry from #1 on"
    )


def test_a_tail_that_was_computed_anew_is_found_by_the_next_checkpoint(tmp_path: Path) -> None:
    files = whole(12, 5, 12)
    files.lines[6]["body"] = files.lines[6]["body"].replace("Admin", "Owner")
    files.lines[6]["changes"]["role"][1] = "Owner"
    rewritten(files, 7)
    code, said = judged(files, tmp_path)
    assert (code, said.partition(":")[0]) == (FLAWED, "Entry #12 does not hold")
    assert "from #6 on" in said


@pytest.mark.parametrize("end", [{}, None], ids=["with its end line made anew", "without"])
def test_a_cut_tail_is_found(tmp_path: Path, end: dict[str, Any] | None) -> None:
    files = whole(12, 5, 12)
    del files.lines[8:]
    files.end = end
    code, said = judged(files, tmp_path)
    assert code == FLAWED
    assert said.startswith("Entry #9 does not hold: the ")


def test_a_cut_tail_is_found_by_the_first_line_where_nothing_newer_is_signed(
    tmp_path: Path,
) -> None:
    files = whole(12, 5)
    del files.lines[8:]
    files.head = {"to": 12, "entries": 12}
    code, said = judged(files, tmp_path)
    assert (code, "reaches #12" in said) == (FLAWED, True)


def test_an_export_older_than_the_checkpoints_holds_when_it_says_until_when(tmp_path: Path) -> None:
    files = whole(12, 5, 12)
    files.checkpoints[0] = checkpoint(5, files.lines[4]["hash"], at="2026-11-22T10:00:00.000000Z")
    del files.lines[8:]
    assert judged(files, tmp_path)[0] == FLAWED
    assert judged(files, tmp_path, until="2026-11-22T12:00:00Z")[0] == HOLDS


def forged(files: Files) -> None:
    files.checkpoints[1]["hash"] = "ab" * 32


def of_a_stranger(files: Files) -> None:
    files.checkpoints[1] = checkpoint(12, files.lines[11]["hash"], key=STRANGER)


def of_a_stranger_under_our_name(files: Files) -> None:
    of_a_stranger(files)
    files.checkpoints[1]["key"] = files.checkpoints[0]["key"]


def contradicting(files: Files) -> None:
    files.checkpoints.append(checkpoint(12, "ab" * 32))


def younger_entry(files: Files) -> None:
    files.checkpoints[1] = checkpoint(12, files.lines[11]["hash"], at="2026-11-21T00:00:00.000000Z")


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (forged, "is forged"),
        (of_a_stranger, "not among those given"),
        (of_a_stranger_under_our_name, "is forged"),
        (contradicting, "contradict each other"),
        (younger_entry, "newer than the checkpoint"),
    ],
)
@pytest.mark.parametrize("alone", [False, True], ids=["with cryptography", "without"])
def test_a_checkpoint_that_is_not_the_platforms_proves_nothing(
    tmp_path: Path, tamper: Callable[[Files], None], words: str, *, alone: bool
) -> None:
    files = whole(12, 5, 12)
    tamper(files)
    code, said = run(*files.write(tmp_path), alone=alone)
    assert code == FLAWED
    assert words in said


def test_checkpoints_of_another_organization_say_nothing(tmp_path: Path) -> None:
    files = whole()
    files.checkpoints = [checkpoint(12, files.lines[11]["hash"], organization=OTHER)]
    code, said = judged(files, tmp_path)
    assert code == UNKNOWN
    assert "of another organization" in said


def test_no_checkpoint_at_all_says_nothing(tmp_path: Path) -> None:
    files = whole()
    files.checkpoints = []
    assert judged(files, tmp_path)[0] == UNKNOWN


def test_with_another_key_nothing_is_believed(tmp_path: Path) -> None:
    files = whole()
    files.keys = keys_document(STRANGER)
    assert judged(files, tmp_path)[0] == FLAWED


def test_a_key_is_known_by_what_it_is_and_not_by_the_name_it_is_given(tmp_path: Path) -> None:
    files = whole()
    files.keys = keys_document(STRANGER)
    files.keys["keys"][0]["id"] = keys_document(KEY)["keys"][0]["id"]
    assert judged(files, tmp_path)[0] == FLAWED


def dropped(until: int = 5, *, retained: int | None = 5) -> Files:
    """A log whose first entries are gone, and an entry that says so."""
    files = whole(12, until, 12)
    del files.lines[:until]
    if retained is not None:
        before = bytes.fromhex(files.lines[-1]["hash"])
        files.lines.append(
            line_of(13, before, action="audit.retained", changes={"sequence": [None, retained]})
        )
    return files


def test_a_log_whose_oldest_entries_were_dropped_begins_from_their_checkpoint(
    tmp_path: Path,
) -> None:
    code, said = judged(dropped(), tmp_path)
    assert code == HOLDS, said


@pytest.mark.parametrize("retained", [None, 4])
def test_a_beginning_that_was_cut_off_is_not_taken_for_retention(
    tmp_path: Path, retained: int | None
) -> None:
    code, said = judged(dropped(retained=retained), tmp_path)
    assert (code, said.startswith("Entry #6 does not hold")) == (FLAWED, True)


def test_a_beginning_that_no_checkpoint_names_does_not_hold(tmp_path: Path) -> None:
    files = dropped()
    del files.checkpoints[0]
    assert judged(files, tmp_path)[0] == FLAWED


def test_a_filtered_export_is_checked_entry_by_entry_and_says_so(tmp_path: Path) -> None:
    files = whole()
    files.lines, files.filters = files.lines[2::3], {"action": "member.role_changed"}
    code, said = judged(files, tmp_path)
    assert (code, "cannot be shown" in said) == (UNKNOWN, True)
    code, said = judged(files, tmp_path, filtered=True)
    assert (code, "Whether any is missing cannot be shown" in said) == (HOLDS, True)


@pytest.mark.parametrize(
    "tamper", [edit_words, edit_salt, drop_effects, column("reason", value="")]
)
def test_an_entry_of_a_filtered_export_is_still_checked(
    tmp_path: Path, tamper: Callable[[Files], None]
) -> None:
    files = whole()
    tamper(files)
    files.lines, files.filters = files.lines[2::3], {"action": "member.role_changed"}
    assert judged(files, tmp_path, filtered=True)[0] == FLAWED


def test_without_checkpoints_it_says_what_nobody_can_tell(tmp_path: Path) -> None:
    export, *_ = whole().write(tmp_path)
    code, said = run(export, "--alone")
    assert (code, "computed anew" in said) == (HOLDS, True)
    assert run(export)[0] == UNKNOWN


def test_it_answers_as_json(tmp_path: Path) -> None:
    code, said = run(*whole().write(tmp_path), "--json")
    answer = json.loads(said)
    assert (code, answer["verdict"], answer["code"]) == (HOLDS, "HOLDS", 0)


def test_no_text_of_a_file_writes_to_the_terminal(tmp_path: Path) -> None:
    files = whole()
    files.organization = "\x1b[2J\u202eeve"
    files.lines[2]["sequence"] = "\x1b[2J"
    _, said = run(*files.write(tmp_path))
    assert "\x1b" not in said
    assert "\u202e" not in said


@pytest.mark.parametrize("which", ["export.jsonl", "signed.jsonl", "keys.json"])
@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "nothing", '{"schema": "bailiwick.audit/2"}', "\xff", "[" * 9999]
)
def test_files_that_are_something_else_are_no_proof(tmp_path: Path, which: str, text: str) -> None:
    words = whole().write(tmp_path)
    (tmp_path / which).write_bytes(text.encode("latin-1"))
    code, said = run(*words)
    assert code == UNKNOWN, said
    assert "Traceback" not in said


def test_a_file_that_is_not_there_is_no_proof(tmp_path: Path) -> None:
    words = whole().write(tmp_path)
    (tmp_path / "export.jsonl").unlink()
    assert run(*words)[0] == UNKNOWN


def test_a_file_cut_anywhere_never_holds(tmp_path: Path) -> None:
    files = whole(6, 6)
    data, words = files.export(), files.write(tmp_path)
    for length in range(0, len(data), 37):
        (tmp_path / "export.jsonl").write_bytes(data[:length])
        assert check(words[0], words[2], words[4])[0] != HOLDS


SEALED = whole(6, 6, sealed=True)
DATA = SEALED.export()


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(DATA) - 1), st.integers(0, 255)), min_size=1, max_size=3
    )
)
def test_whatever_byte_is_changed_it_never_holds_and_never_breaks(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    words = SEALED.write(tmp_path)
    data = bytearray(DATA)
    for place, byte in changes:
        data[place] = byte
    (tmp_path / "export.jsonl").write_bytes(bytes(data))
    code, said, _ = check(words[0], words[2], words[4])
    assert (code == HOLDS) == (bytes(data) == DATA), said


PLAIN = whole(6, 6)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_without_a_seal_no_text_that_is_proven_changes_unseen(
    tmp_path: Path, data: st.DataObject
) -> None:
    files = copy.deepcopy(PLAIN)
    line = data.draw(st.sampled_from(files.lines))
    # Nothing is bound by the salt of words that were erased; a sentence is a rendering.
    unproven = {"sentence"} | ({"salt"} if line["words"] is None else set())
    name = data.draw(st.sampled_from(sorted(set(line) - unproven)))
    value = data.draw(
        st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)
        | st.just(jsonb({}))
    )
    changed = line[name] != value or type(line[name]) is not type(value)
    line[name] = value
    code, said = judged(files, tmp_path)
    assert (code == HOLDS) != changed, said


def test_large_files_are_shared_out_and_judged_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_ledger, "LEAST_PART", 4_000)
    monkeypatch.setattr(verify_ledger.os, "cpu_count", lambda: 3)
    files = whole(40, 5, 20, 39)
    assert judged(files, tmp_path)[0] == HOLDS
    for place in (0, 7, 19, 20, 31, 38):
        broken = copy.deepcopy(files)
        broken.lines[place]["reason"] = "other"
        assert judged(broken, tmp_path)[1].startswith(f"Entry #{place + 1} does not hold")
        broken = copy.deepcopy(files)
        del broken.lines[place]
        assert judged(broken, tmp_path)[0] == FLAWED


def test_no_part_of_a_large_file_goes_unread_behind_a_line_that_was_blown_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spaces in a genuine line are no lie; they may not hide the lies in those after it."""
    monkeypatch.setattr(verify_ledger, "LEAST_PART", 4_000)
    monkeypatch.setattr(verify_ledger, "LONGEST_LINE", 9_000)
    monkeypatch.setattr(verify_ledger.os, "cpu_count", lambda: 3)
    files = whole(40, 5, 39)
    export, _, signed, _, keys = files.write(tmp_path)
    lines = Path(export).read_text().splitlines(keepends=True)
    for blown_up, unread in ((9, 25), (12, 28), (15, 31)):
        forged = list(lines)
        forged[blown_up] = "{" + " " * 12_000 + forged[blown_up][1:]
        forged[blown_up + 1] = forged[blown_up + 1].replace("Takes over", "Was given")
        forged[0] = json.dumps(json.loads(lines[0]) | {"entries": unread}) + "\n"
        forged[-1] = json.dumps({"end": True, "entries": unread}) + "\n"
        Path(export).write_text("".join(forged))
        assert check(export, signed, keys)[0] == FLAWED


@pytest.mark.parametrize("name", ["3.9", "3.12", "3.13"])
def test_older_and_newer_pythons_agree(tmp_path: Path, name: str) -> None:
    found = [path for path in os.environ.get("VERIFY_PYTHONS", "").split(":") if f"/{name}" in path]
    if not found:
        pytest.skip("This Python is not here; name it in VERIFY_PYTHONS.")
    code, said = run(*whole(sealed=True).write(tmp_path), python=found[0])
    assert code == HOLDS, said


def test_it_needs_nothing_newer_than_python_3_9() -> None:
    compile(PROGRAM.read_text(), str(PROGRAM), "exec", dont_inherit=True)
    import ast

    ast.parse(PROGRAM.read_text(), feature_version=(3, 9))


def test_its_own_signatures_agree_with_the_librarys() -> None:
    public = KEY.public_key().public_bytes_raw()
    for text in (b"", b"a", b"b" * 999):
        good = KEY.sign(text)
        assert verify_ledger._holds_alone(public, good, text)
        for place in (0, 31, 32, 63):
            bad = bytearray(good)
            bad[place] ^= 1
            assert not verify_ledger._holds_alone(public, bytes(bad), text)
        assert not verify_ledger._holds_alone(public, good, text + b"x")
        assert not verify_ledger._holds_alone(STRANGER.public_key().public_bytes_raw(), good, text)
    assert not verify_ledger._holds_alone(b"\xff" * 32, good, text)
    late = int.from_bytes(good[32:], "little") + verify_ledger.L
    assert not verify_ledger._holds_alone(public, good[:32] + late.to_bytes(32, "little"), text)


# RFC 8032, section 7.1: the public key, the message and the signature of the tests 1, 2 and 3.
RFC = [
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
]  # fmt: skip


@pytest.mark.parametrize(("public", "text", "signature"), RFC)
def test_the_vectors_of_the_standard_hold(public: str, text: str, signature: str) -> None:
    assert verify_ledger._holds_alone(*map(bytes.fromhex, (public, signature, text)))


def test_an_empty_log_is_proven_by_nothing(tmp_path: Path) -> None:
    files = Files(lines=[], checkpoints=[])
    files.head = {"from": 1, "to": 0, "entries": 0}
    assert judged(files, tmp_path)[0] == UNKNOWN


def test_more_of_a_checkpoints_file_than_is_exported_is_a_cut_tail(tmp_path: Path) -> None:
    files = Files(lines=chain(3))
    files.checkpoints = [checkpoint(9, "cd" * 32)]
    code, said = judged(files, tmp_path)
    assert (code, said.startswith("Entry #4 does not hold: the newest entries are missing")) == (
        FLAWED,
        True,
    )


def test_a_line_said_twice_in_a_file_that_only_grows_is_one_checkpoint(tmp_path: Path) -> None:
    files = whole()
    files.checkpoints *= 2
    assert judged(files, tmp_path)[0] == HOLDS


def test_the_last_line_is_the_last(tmp_path: Path) -> None:
    words = whole().write(tmp_path)
    with open(words[0], "ab") as file:
        file.write(compact(line_of(13, b"")))
    assert check(words[0], words[2], words[4])[0] == FLAWED
