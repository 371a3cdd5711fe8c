"""The quick way of `verify_ledger.py` against its careful one: the same verdict of the same entry.

The quick way may only say that a line certainly holds. So whatever is done to a line, and however
well a forger mends the hashes afterwards, nothing may come out otherwise than without it.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.audit.by_hand import ORGANIZATION, jsonb, line_of, sha, whole
from verify_ledger import HOLDS, Check, check

HEAD, *LINES, END = whole(8).export().decode().splitlines(keepends=True)

# What JSON says in two ways, what it forbids, and what looks like the mark between two values.
SAYINGS = [
    *('"', "\\", "\\\\", '\\"', "\\u0022", "\\u005c", "\\u0041", "\\u00e4", "\\u00E4", "ä", "\\/"),
    *("\\n", "\t", "\x00", "\x7f", "\\u0000", "\\u007f", "\\ud83d", "\\ud83d\\ude00", "😀"),
    *("{", "}", "[", "]", ",", ":", ", ", ": ", '":', '": ', '","', "], ", " ", "{}", '{"": 1}'),
    *("0", "1", "1.0", "1e0", "-0", "007", "true", "false", "null", "NaN", "Infinity", "9" * 5000),
    *('"changes":{}', '"changes": {}', 'changes\\": {', '"role": ["Member", "Admin"]', "Admin"),
    *(',"effects":[]', ',"effects":["{}"]', ',"words":null', ',"salt":""', "[" * 300 + "]" * 300),
    *('","hash":"', '","salt":"', '","words":', ',"body":"', '"sequence":3,', "audit.retained", ""),
]  # fmt: skip
SAID = [
    *("Alice Marlow", "Priya R\\u00e4man", "Takes over the ", "Firefox/140", "203.0.113.9", "role"),
    *("Member", "Admin", "0193f00d", "member", "done", "priya@acme.example", "member.role_changed"),
]  # fmt: skip


def spliced(line: str, chance: random.Random) -> str:
    """A saying put in, or in the place of some characters, most often beside a mark of JSON."""
    marks = [place for place, char in enumerate(line) if char in '"{}[],:\\'] or [0]
    place = chance.choice([*chance.choices(marks, k=3), chance.randrange(len(line) + 1)])
    place += chance.randrange(2)
    return line[:place] + chance.choice(SAYINGS) + line[place + chance.choice([0, 0, 1, 2, 6]) :]


def everywhere(line: str, chance: random.Random) -> str:
    """A saying in the place of what the entry says, in its columns and in its texts."""
    old, new = chance.choice(SAID), chance.choice(SAYINGS)
    inner = chance.choice([new, json.dumps(new)[1:-1], json.dumps(json.dumps(new)[1:-1])[1:-1]])
    columns, mark, texts = line.partition(',"body":')
    return columns.replace(old, chance.choice([new, inner])) + mark + texts.replace(old, inner)


def mended(lines: list[str]) -> list[str]:
    """Proofs and hashes made to fit again, as whoever owns the database would."""
    before, mended_ = b"", []
    for line, genuine in zip(lines, map(json.loads, LINES), strict=True):
        digest, proof = genuine["hash"], json.loads(genuine["body"])["particulars"]
        try:
            entry = json.loads(line)
            if entry["words"] is not None:
                salted = bytes.fromhex(entry["salt"]) + entry["words"].encode()
                line = line.replace(proof, sha(salted))
            digest = sha(before, json.loads(line)["body"].encode())
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass
        mended_.append(line.replace(genuine["hash"], digest))
        before = bytes.fromhex(digest)
    return mended_


def forged(chance: random.Random) -> bytes:
    lines, place = list(LINES), chance.randrange(len(LINES))
    for _ in range(chance.choice([1, 1, 2])):
        lines[place] = chance.choice([spliced, everywhere])(lines[place], chance)
    lines = mended(lines) if chance.random() < 0.8 else lines
    return "".join([HEAD, *lines, END]).encode("utf-8", "surrogatepass")


def judged(data: bytes, export: Path) -> tuple[int, str, Any]:
    export.write_bytes(data)
    code, said, found = check(str(export), None, None)
    return code, said, found if code == HOLDS else None


@pytest.mark.parametrize("seed", range(6))
def test_what_is_written_anew_is_judged_as_what_is_read_carefully(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance, export = random.Random(seed), tmp_path / "export.jsonl"
    files = [forged(chance) for _ in range(60)]
    quick = [judged(data, export) for data in files]
    monkeypatch.setattr(Check, "_written", lambda _, line: None)
    for data, verdict in zip(files, quick, strict=True):
        assert judged(data, export) == verdict, data
    assert {code for code, *_ in quick} == {0, 1}


def written(line: dict[str, Any]) -> bool:
    work = Check("", lambda _: {}, {})
    work.whose = json.dumps(ORGANIZATION)
    return work._written(json.dumps(line, separators=(",", ":")).encode() + b"\n") is not None


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"changes": {}},
        {"changes": {"role": ["Member", "Admin"], "until": [None, "2026-11-22T14:03:00Z"]}},
        {"personal": {"name": [None, "Priya Räman"], "email": [None, "priya@acme.example"]}},
        {"personal": {"email": [None, "priya@acme.example"]}, "changes": {}},
        {"changes": {"days": [0, 30], "sealed": [False, True]}},
        {"effects": [jsonb({"row": "019a2222", "after": {}}), jsonb({"kind": "grant"})]},
        {"reason": ""},
    ],
)
def test_what_a_log_mostly_says_goes_the_quick_way(said: dict[str, Any]) -> None:
    assert written(line_of(1, b"", **said))


@pytest.mark.parametrize(
    "said", [{"reason": 'a "key"'}, {"actor": "😀"}, {"erased": True}, {"action": "audit.retained"}]
)
def test_what_is_unusual_is_read_carefully(said: dict[str, Any]) -> None:
    assert not written(line_of(1, b"", **said))
