#!/usr/bin/env python3
"""Check an export of a Bailiwick audit log against its signed checkpoints. No database, no network.

    python verify_ledger.py export.jsonl --checkpoints checkpoints.jsonl --keys keys.json

It recomputes every hash from the texts in the export, compares them with what was signed, and names
the first entry that does not hold. It needs Python 3.9 or newer and nothing else; where the library
`cryptography` is installed, signatures are checked by it, which is quicker.

Exit code: 0 it holds, 1 it does not, 2 nothing can be said. The formats are in docs/proof.md.
"""

from __future__ import annotations

import argparse
import base64
import gc
import hashlib
import json
import os
import re
import sys
import threading
from codecs import unicode_escape_decode
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from json.decoder import JSONDecoder
from json.encoder import encode_basestring as quoted
from json.encoder import encode_basestring_ascii as escaped
from typing import Any, Callable, Iterator, NoReturn, Optional

try:
    if os.environ.get("VERIFY_LEDGER_ALONE"):
        raise ImportError
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None  # type: ignore[assignment, misc]

EXPORT, CHECKPOINT, KEYS = (
    "bailiwick.audit/1",
    "bailiwick.checkpoint/1",
    "bailiwick.checkpoint-keys/1",
)
SEALED = "bailiwick.export/1"
HOLDS, FLAWED, UNKNOWN = 0, 1, 2

MISSING = "entries are missing before it"
TEXT = "its text or its place in the chain was changed"
UNREADABLE = "its text cannot be read"
BARE = "its particulars are missing"
COLUMNS = "its columns differ from its text"
WORDS = "its names or addresses were changed"
EFFECTS = "what it did to who holds what was changed"
SIGNED = "it is not what was signed"
CUT = "the newest entries are missing"
DROPPED = "entries are missing before it, and nothing that was signed says that they were dropped"

BROKEN = "its line in the file cannot be read", "The file was cut there, or damaged."

# A file is shared out among the processors from this size on; a line is never longer than that.
LEAST_PART, LONGEST_LINE, MOST_PROCESSES = 16 << 20, 8 << 20, 8

HEX64 = re.compile(r"[0-9a-f]{64}\Z")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z")

# The columns of a line as an export writes it, where none holds a quote, a backslash or something
# unseen, so that a text says it in the same characters. All else is left to `Check._judge`.
CHAR, MARK, BEYOND = r"[ !#-\[\]-~]", r"[ -\[\]-z|~]", r"\\u(?!00[0-7]|d[89a-f])[0-9a-f]{4}"
WORD, TYPED = rf'"{CHAR}*"', rf'"{CHAR}*(?:{BEYOND}{CHAR}*)*"'
LINE = re.compile(
    rf'\{{"sequence":([1-9][0-9]{{0,17}}),"at":({WORD}),"action":({WORD}),"outcome":({WORD}),'
    rf'"actor":\{{"kind":({WORD}),"id":({WORD}|null),"name":({TYPED})\}},'
    rf'"target":\{{"kind":({WORD}),"id":({WORD}|null),"name":({TYPED})\}},'
    rf'"sentence":{TYPED},"changes":(\{{{MARK}*(?:{BEYOND}{MARK}*)*\}}),'
    rf'"reason":({TYPED}),"ip":("{CHAR}+"|null),"agent":({TYPED}),"request":({WORD})'
)
# Changes in which a comma, and a colon after a quote, stand only where they separate.
VALUE = r'(?:null|true|false|0|[1-9][0-9]{0,15}|"(?:[^",:\\\x00-\x1f][^",\\\x00-\x1f]*)?")'
CHANGE = rf'"[a-z_]+":\[{VALUE},{VALUE}\]'
CHANGES = re.compile(rf"\{{(?:{CHANGE}(?:,{CHANGE})*)?\}}")

scan: Any = JSONDecoder().scan_once  # type: ignore[attr-defined]
plain = json.JSONEncoder(sort_keys=True).encode
sha256 = hashlib.sha256


class FlawError(Exception):
    """The first entry that does not hold, and why; `entry` is None for the file as a whole."""

    def __init__(self, entry: Optional[int], reason: str, more: str = "") -> None:
        super().__init__(reason)
        self.entry, self.reason, self.more = entry, reason, more

    def __str__(self) -> str:
        what = "The export" if self.entry is None else f"Entry #{self.entry:,}"
        return f"{what} does not hold: {self.reason}.{' ' + self.more if self.more else ''}"


class CannotSayError(Exception):
    """The files are not what they have to be for any answer."""


@dataclass
class Checkpoint:
    sequence: int
    hash: str
    at: str
    key: str
    signature: bytes
    text: bytes
    line: int


@dataclass
class Found:
    """What was seen on the way; printed in the end, whatever the verdict."""

    organization: str = ""
    exported_at: str = ""
    filters: bool = False
    first: int = 0
    last: int = 0
    entries: int = 0
    erased: int = 0
    effects: int = 0
    checkpoints: int = 0
    met: int = 0
    signed: Optional[Checkpoint] = None
    base: Optional[Checkpoint] = None
    sealed: bool = False
    retained: set[int] = field(default_factory=set)


# --- Ed25519, as RFC 8032 has it ------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def _point(data: bytes) -> Optional[tuple[int, int, int, int]]:
    """A point from its 32 bytes; None where there is none (RFC 8032, 5.1.3)."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _add(
    one: tuple[int, int, int, int], two: tuple[int, int, int, int]
) -> tuple[int, int, int, int]:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = two
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def _holds_alone(public: bytes, signature: bytes, text: bytes) -> bool:
    """Is R the encoding of [S]B - [k]A? Both multiples are taken in one pass over the bits."""
    key, s = _point(public), int.from_bytes(signature[32:], "little")
    if key is None or BASE is None or len(signature) != 64 or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + text).digest(), "little") % L
    minus = (P - key[0], key[1], key[2], P - key[3])
    steps = (NEUTRAL, BASE, minus, _add(BASE, minus))
    sum_ = NEUTRAL
    for bit in range(max(s.bit_length(), k.bit_length()) - 1, -1, -1):
        sum_ = _add(sum_, sum_)
        step = (s >> bit & 1) | (k >> bit & 1) << 1
        if step:
            sum_ = _add(sum_, steps[step])
    x, y, z, _ = sum_
    inverse = pow(z, P - 2, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


def signature_holds(public: bytes, signature: bytes, text: bytes) -> bool:
    if Ed25519PublicKey is None:
        return _holds_alone(public, signature, text)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


# --- What was signed ------------------------------------------------------------------------------


def read_keys(path: str) -> dict[str, bytes]:
    """Public keys by the id that follows from them, whatever id the file gives them."""
    try:
        with open(path, "rb") as file:
            document = json.loads(file.read().decode())
        if document["schema"] != KEYS:
            raise CannotSayError(f"{path} is no list of keys ({KEYS}).")
        raws = [base64.b64decode(key["public"], validate=True) for key in document["keys"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CannotSayError(f"{path} is no list of keys ({KEYS}).") from error
    except OSError as error:
        raise CannotSayError(f"{path} cannot be read: {error.strerror}.") from error
    if not raws or any(len(raw) != 32 for raw in raws):
        raise CannotSayError(f"{path} names a key that is not an Ed25519 public key, or none.")
    return {sha256(raw).hexdigest()[:16]: raw for raw in raws}


def read_checkpoints(path: str, until: Optional[str]) -> Iterator[tuple[Checkpoint, str]]:
    """Each checkpoint with the organization it is of. Signatures are not checked here."""
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    checkpoint, organization = _checkpoint(path, number, line)
                    if until is None or checkpoint.at <= until:
                        yield checkpoint, organization
    except OSError as error:
        raise CannotSayError(f"{path} cannot be read: {error.strerror}.") from error


def _checkpoint(path: str, number: int, line: bytes) -> tuple[Checkpoint, str]:
    try:
        said = json.loads(line.decode())
        organization, sequence, digest = said["organization"], said["sequence"], said["hash"]
        at, key = said["at"], said["key"]
        signature = _signature(said["signature"])
        is_one = (
            said["schema"] == CHECKPOINT
            and type(sequence) is int
            and sequence > 0
            and HEX64.match(digest)
            and MOMENT.match(at)
            and isinstance(organization, str)
            and isinstance(key, str)
            and len(signature) == 64
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CannotSayError(f"Line {number} of {path} is no checkpoint ({CHECKPOINT}).") from error
    if not is_one:
        raise CannotSayError(f"Line {number} of {path} is no checkpoint ({CHECKPOINT}).")
    text = f"{CHECKPOINT}\n{organization}\n{sequence}\n{digest}\n{at}".encode("utf-8", "replace")
    return Checkpoint(sequence, digest, at, key, signature, text, number), organization


def _signature(text: str) -> bytes:
    """Base64 in its one form. Raises ValueError: a byte that is changed is seen."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError
    return data


def signed_checkpoints(
    path: str, keys: dict[str, bytes], organization: str, until: Optional[str]
) -> dict[int, Checkpoint]:
    """By the entry they name. Raises FlawError for one that no given key has signed."""
    found: dict[int, Checkpoint] = {}
    for checkpoint, whose in read_checkpoints(path, until):
        if whose != organization:
            raise CannotSayError(
                f"Line {checkpoint.line} of {path} is of another organization than the export."
            )
        before = found.get(checkpoint.sequence)
        if before is not None and before.text == checkpoint.text and before.key == checkpoint.key:
            continue  # A file that only grows may say the same twice.
        if checkpoint.key not in keys:
            raise FlawError(
                None,
                f"the checkpoint of entry #{checkpoint.sequence:,} is signed by a key that is not"
                " among those given",
                f"See line {checkpoint.line} of the checkpoints.",
            )
        if not signature_holds(keys[checkpoint.key], checkpoint.signature, checkpoint.text):
            raise FlawError(
                None,
                f"the checkpoint of entry #{checkpoint.sequence:,} is forged: its signature does"
                " not fit what it says",
                f"See line {checkpoint.line} of the checkpoints.",
            )
        if before is not None and before.hash != checkpoint.hash:
            raise FlawError(
                checkpoint.sequence, "two checkpoints were signed that contradict each other"
            )
        found[checkpoint.sequence] = checkpoint
    return found


# --- The export -----------------------------------------------------------------------------------


class Check:
    """One pass over an export, a line at a time, and nothing kept but what the next line needs."""

    def __init__(
        self,
        path: str,
        checkpoints: Callable[[str], dict[int, Checkpoint]],
        keys: dict[str, bytes],
    ) -> None:
        self.path, self.keys, self.read = path, keys, checkpoints
        self.found = Found()

    def run(self) -> Found:
        """Raises FlawError with the first entry that does not hold, and CannotSayError."""
        try:
            with open(self.path, "rb") as file:
                head = self._head(file.readline())
                begin, size = file.tell(), os.fstat(file.fileno()).st_size
                self.signed = self.read(self.found.organization)
                self.found.checkpoints = len(self.signed)
                seal = Seal(self.path)
                end = self._parts(parts_of(file, begin, size))
                self._end(head, end, seal)
        except OSError as error:
            raise CannotSayError(f"{self.path} cannot be read: {error.strerror}.") from error
        return self.found

    def _parts(self, parts: list[tuple[int, int]]) -> Optional[dict[str, Any]]:
        """Check every part of the file, each in a process of its own; the first flaw counts."""
        if len(parts) == 1:
            return self.part(*parts[0], is_first=True, is_last=True)
        end = None
        with ProcessPoolExecutor(len(parts)) as pool:
            running = [
                pool.submit(
                    _part,
                    (self.path, self.signed, self.found.organization, self.found.filters),
                    (start, stop, place == 0, place == len(parts) - 1),
                )
                for place, (start, stop) in enumerate(parts)
            ]
            for one in running:
                found, end, flaw = one.result()
                self._join(found)
                if flaw is not None:
                    for other in running:
                        other.cancel()
                    raise FlawError(*flaw)
        return end

    def _join(self, part: Found) -> None:
        found = self.found
        found.first, found.last = found.first or part.first, part.last or found.last
        found.entries += part.entries
        found.erased += part.erased
        found.effects += part.effects
        found.met += part.met
        found.retained |= part.retained
        found.signed, found.base = part.signed or found.signed, found.base or part.base

    def part(
        self, start: int, stop: int, *, is_first: bool, is_last: bool
    ) -> Optional[dict[str, Any]]:
        """Check the entries between two places of the file; returns the last line, if it is here.

        What comes before is taken as it says of itself: that it is so, is for the part before.
        """
        with open(self.path, "rb", buffering=1 << 20) as file:
            before = None
            if not is_first:
                file.seek(max(0, start - LONGEST_LINE))
                before = _last_entry(file.read(start - file.tell()))
                if before is None:
                    # Unread, this part would pass for one that holds. Where the line is broken,
                    # the part before has said so, and its word counts.
                    raise FlawError(None, *BROKEN)
            file.seek(start)
            return self._entries(file, stop - start, before, is_last=is_last)

    def _head(self, line: bytes) -> dict[str, Any]:
        found = self.found
        try:
            head = json.loads(line.decode())
            is_ours = head["schema"] == EXPORT
            found.organization, found.exported_at = head["organization"], head["exported_at"]
            found.filters = bool(head["filters"])
            sound = (
                isinstance(found.organization, str)
                and isinstance(found.exported_at, str)
                and isinstance(head["filters"], dict)
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CannotSayError(
                f"{self.path} does not begin like an export ({EXPORT})."
            ) from error
        if not is_ours or not sound:
            raise CannotSayError(f"{self.path} is no export of the schema {EXPORT}.")
        return dict(head)

    def _entries(
        self, file: Any, left: int, known: Optional[tuple[int, bytes]], *, is_last: bool
    ) -> Optional[dict[str, Any]]:
        """Check each entry; returns the last line, None where it is missing."""
        found, signed, filtered = self.found, self.signed, self.found.filters
        self.whose = quoted(found.organization)
        before, digest = known or (0, b"")
        for line in file:
            written = self._written(line)
            entry: Any = None if written else _parsed(line)
            if written is None and entry is None:
                end = self._ending(line, file) if is_last else None
                if end is not None:
                    return end
                raise FlawError(before + 1 if before else None, *BROKEN)
            sequence = written[0] if written else entry["sequence"]
            if known is None:
                known = before, digest = self._begin(sequence)
            if sequence != before + 1 or type(sequence) is not int:
                if not filtered or type(sequence) is not int or sequence <= before:
                    self._misplaced(sequence, before)
                digest = b""
            linked = not filtered or digest or (sequence == 1 and before == 0)
            last = digest if linked else None
            digest = _chained(*written, last) if written else self._judge(entry, sequence, last)
            before = sequence
            if sequence in signed:
                self._compare(signed[sequence], entry or _parsed(line))
            found.entries += 1
            found.last = sequence
            found.first = found.first or sequence
            left -= len(line)
            if left <= 0:
                break
        return None

    def _begin(self, sequence: Any) -> tuple[int, bytes]:
        """What the first entry follows: nothing, or what was dropped and signed before."""
        if self.found.filters or sequence == 1:
            return (0, b"") if sequence == 1 or type(sequence) is not int else (sequence - 1, b"")
        base = self.signed.get(sequence - 1) if type(sequence) is int else None
        if base is None:
            if type(sequence) is int and sequence > 1:
                raise FlawError(sequence, MISSING if not self.signed else DROPPED)
            raise FlawError(None, "its first entry has no number")
        self.found.base = base
        return sequence - 1, bytes.fromhex(base.hash)

    def _written(self, line: bytes) -> Optional[tuple[int, bytes, str]]:
        """The number, the text and the hash of an entry that certainly fits itself; or None.

        Both its texts are written anew from its columns, the way PostgreSQL writes jsonb, and have
        to come out byte for byte. Of any other line this says nothing: `_judge` does.
        """
        try:
            text = line.decode("ascii")
            fit = LINE.match(text)
            if fit is None or fit[3] == '"audit.retained"':
                return None
            (
                number, at, action, outcome, by, by_id, actor, on, on_id, target, shown, reason,
                ip, agent, request,
            ) = fit.groups()  # fmt: skip
            typed = "\n".join((actor, target, shown, reason, agent))
            if "\\" in typed:
                typed = unicode_escape_decode(typed)[0]
                actor, target, shown, reason, agent = typed.split("\n")
            chained, _, rest = text[fit.end() :].partition('","salt":"')
            salt, _, rest = rest.partition('","words":')
            facts, personal = _changes(shown, rest)
            words = (
                f'{{"ip": {ip}, "actor": {actor}, "agent": {agent}, "target": {target}, '
                f'"changes": {personal}}}'
            )
            written, proof = escaped(words), bytes.fromhex(salt)
            if not rest.startswith(written) or not salt or proof.hex() != salt:
                return None
            count, proven = _proven(rest[len(written) :])
            body = (
                f'{{"at": {at}, "actor": [{by}, {by_id}], "action": {action}, "reason": {reason}, '
                f'"target": [{on}, {on_id}], "changes": {facts}{proven}, "outcome": {outcome}, '
                f'"request": {request}, "sequence": {number}, "particulars": '
                f'"{sha256(proof + words.encode()).hexdigest()}", "organization": {self.whose}}}'
            )
            digest = chained[-64:]
            fits = chained == f',"body":{escaped(body)},"hash":"{digest}'
            if not fits or not HEX64.match(digest):
                return None
            self.found.effects += count
            return int(number), body.encode(), digest
        except (ValueError, TypeError, StopIteration, RecursionError):
            return None

    def _judge(self, entry: Any, sequence: int, before: Optional[bytes]) -> bytes:
        """Check any entry, by what its texts mean; returns its hash. Raises FlawError."""
        try:
            digest = _chained(sequence, entry["body"].encode(), entry["hash"], before)
            body = json.loads(entry["body"])
            if not isinstance(body, dict):
                raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise FlawError(sequence, UNREADABLE) from None
        words, erased, salt = self._words(entry, sequence)
        self._proof(body, entry, sequence, erased, salt)
        if _effects(entry.get("effects")) != plain(body.get("effects")):
            raise FlawError(sequence, EFFECTS)
        if plain(_shown(entry)) != plain(_said(body, words, self.found.organization)):
            raise FlawError(sequence, COLUMNS)
        self.found.erased += erased
        self.found.effects += len(entry.get("effects") or ())
        if body.get("action") == "audit.retained" and body.get("outcome") == "done":
            self.found.retained.add(_retained(body.get("changes")))
        return digest

    def _words(self, entry: dict[str, Any], sequence: int) -> tuple[dict[str, Any], bool, bytes]:
        try:
            salt, words = bytes.fromhex(entry["salt"]), entry["words"]
            said = {} if words is None else json.loads(words)
            if not isinstance(said, dict) or salt.hex() != entry["salt"]:
                raise ValueError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise FlawError(sequence, WORDS) from None
        if not salt:
            raise FlawError(sequence, BARE)
        return said, words is None, salt

    def _proof(
        self, body: dict[str, Any], entry: dict[str, Any], sequence: int, erased: bool, salt: bytes
    ) -> None:
        proof = body.get("particulars")
        try:
            said = None if erased else sha256(salt + entry["words"].encode()).hexdigest()
        except UnicodeEncodeError:
            raise FlawError(sequence, WORDS) from None
        if not isinstance(proof, str) or not HEX64.match(proof) or said not in (None, proof):
            raise FlawError(sequence, WORDS)

    def _compare(self, checkpoint: Checkpoint, entry: dict[str, Any]) -> None:
        found = self.found
        if checkpoint.hash != entry["hash"]:
            since = max((n for n in self.signed if n < checkpoint.sequence), default=0) + 1
            raise FlawError(
                checkpoint.sequence,
                SIGNED,
                f"The chain was computed anew: an entry from #{since:,} on was changed, and those"
                " after it were made to fit.",
            )
        if entry["at"] > checkpoint.at:
            raise FlawError(
                checkpoint.sequence, "it says it is newer than the checkpoint that was made of it"
            )
        found.signed, found.met = checkpoint, found.met + 1

    def _misplaced(self, sequence: Any, before: int) -> NoReturn:
        if type(sequence) is not int:
            raise FlawError(before + 1, "its number cannot be read")
        if sequence > before + 1:
            raise FlawError(sequence, MISSING)
        raise FlawError(
            sequence, "it stands in the wrong place, or twice", f"It follows #{before:,}."
        )

    def _ending(self, line: bytes, file: Any) -> Optional[dict[str, Any]]:
        """The last line, if this is it and nothing follows."""
        end: Optional[dict[str, Any]]
        try:
            end = json.loads(line.decode())
        except (ValueError, RecursionError):
            return None
        whole = isinstance(end, dict) and end.get("end") is True and line.endswith(b"}\n")
        if not whole or file.read(1):
            return None
        return end

    def _end(self, head: dict[str, Any], end: Optional[dict[str, Any]], seal: Seal) -> None:
        found, after = self.found, self.found.last + 1
        if end is None:
            raise FlawError(after, "the file was cut: its last line is missing")
        entries = end.get("entries")
        if type(entries) is not int or entries != found.entries:
            raise FlawError(after, CUT, f"The last line speaks of {_number(entries)} entries.")
        if "sha256" in end or "signature" in end:
            self._sealed(end, seal)
        if found.filters:
            return
        if found.entries and found.last - found.first + 1 != found.entries:
            raise FlawError(None, "entries are missing in the middle of it")
        if found.entries and head.get("from") != found.first:
            raise FlawError(
                found.first, MISSING, f"The first line begins at #{_number(head.get('from'))}."
            )
        said = head.get("to"), head.get("entries")
        if said[0] != found.last or said[1] not in (None, found.entries):
            raise FlawError(after, CUT, f"The first line reaches #{_number(said[0])}.")
        if found.base is not None and found.base.sequence not in found.retained:
            raise FlawError(found.first, DROPPED)
        newest = max(self.signed, default=0)
        if newest > found.last:
            raise FlawError(
                after,
                CUT,
                f"The checkpoint of {self.signed[newest].at} reaches #{newest:,}. For an export"
                " that is older, say --until with its time.",
            )

    def _sealed(self, end: dict[str, Any], seal: Seal) -> None:
        """The seal of the whole file: every byte before its last line."""
        found, digest = self.found, seal.digest()
        try:
            text = f"{SEALED}\n{found.organization}\n{found.entries}\n{end['sha256']}".encode()
            signature, key = _signature(end["signature"]), end["key"]
            public = self.keys.get(key)
        except (ValueError, KeyError, TypeError):
            raise FlawError(None, "its seal cannot be read") from None
        if end["sha256"] != digest:
            raise FlawError(None, "something in the file was changed after it was exported")
        if not self.keys:
            return
        if public is None or not signature_holds(public, signature, text):
            raise FlawError(None, "its seal is not signed by any of the keys given")
        found.sealed = True


def _part(
    what: tuple[str, dict[int, Checkpoint], str, bool], where: tuple[int, int, bool, bool]
) -> tuple[Found, Optional[dict[str, Any]], Optional[tuple[Optional[int], str, str]]]:
    """What `Check.part` finds, in a process of its own: an exception would not travel whole."""
    gc.disable()
    path, signed, organization, filters = what
    start, stop, is_first, is_last = where
    work = Check(path, lambda _: signed, {})
    work.signed, work.found = signed, Found(organization=organization, filters=filters)
    try:
        end = work.part(start, stop, is_first=is_first, is_last=is_last)
    except FlawError as flaw:
        return work.found, None, (flaw.entry, flaw.reason, flaw.more)
    return work.found, end, None


def parts_of(file: Any, begin: int, size: int) -> list[tuple[int, int]]:
    """Where a large file is cut, at ends of lines, so that each processor has a part of it."""
    number = min(os.cpu_count() or 1, MOST_PROCESSES, (size - begin) // LEAST_PART)
    places = [begin]
    for part in range(1, number):
        file.seek(begin + (size - begin) * part // number)
        file.readline()
        place = file.tell()
        if places[-1] < place < size:
            places.append(place)
    return list(zip(places, [*places[1:], size]))


def _last_entry(data: bytes) -> Optional[tuple[int, bytes]]:
    """The number and the hash of the entry in the last line of this; None where it has none."""
    try:
        entry = json.loads(data[data[:-1].rfind(b"\n") + 1 :].decode())
        sequence, digest = entry["sequence"], entry["hash"]
        if type(sequence) is not int or not HEX64.match(digest):
            return None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return sequence, bytes.fromhex(digest)


class Seal:
    """The SHA-256 of everything before a file's last line, taken beside the other work."""

    def __init__(self, path: str) -> None:
        # Opened here: whoever asks may remove the file once the verdict is there.
        self.file, self.result = open(path, "rb"), ""  # noqa: SIM115
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def digest(self) -> str:
        self.thread.join()
        return self.result

    def _run(self) -> None:
        with self.file as file:
            length = _before_last_line(file)
            file.seek(0)
            hashed = sha256()
            while length > 0:
                block = file.read(min(length, 1 << 20))
                if not block:
                    return
                hashed.update(block)
                length -= len(block)
            self.result = hashed.hexdigest()


def _before_last_line(file: Any) -> int:
    size = place = file.seek(0, os.SEEK_END)
    tail = b""
    while place > 0 and b"\n" not in tail[:-1]:
        step = min(place, 1 << 16)
        place -= step
        file.seek(place)
        tail = file.read(step) + tail
    return int(size - len(tail) + tail[:-1].rfind(b"\n") + 1)


def _parsed(line: bytes) -> Any:
    """The entry in a line; None where it holds none."""
    try:
        text = line.decode()
        entry, stop = scan(text, 0)
        return entry if "sequence" in entry and text[stop:] == "\n" else None
    except (ValueError, TypeError, StopIteration, RecursionError):
        return None


def _chained(sequence: int, body: bytes, said: str, before: Optional[bytes]) -> bytes:
    """The hash of an entry, which follows from the hash before it where that is known."""
    if before is None:
        if not HEX64.match(said):
            raise FlawError(sequence, TEXT)
        return bytes.fromhex(said)
    found = sha256(before + body)
    if found.hexdigest() != said:
        raise FlawError(sequence, TEXT)
    return found.digest()


def _changes(shown: str, words: str) -> tuple[str, str]:
    """Changes as the two texts have them: those of `words` are the last. Raises ValueError."""
    if shown == "{}":
        return shown, shown
    if not CHANGES.fullmatch(shown):
        raise ValueError
    facts = shown.replace('":', '": ').replace(",", ", ")
    personal = words.partition('changes\\": {')[2].partition("}")[0].count('": [')
    if not personal:
        return facts, "{}"
    each = facts[1:-2].split("], ")
    both = each[:-personal], each[-personal:]
    first, second = ("{" + "], ".join(some) + "]}" if some else "{}" for some in both)
    return first, second


def _proven(rest: str) -> tuple[int, str]:
    """How many effects end a line, and what a body says of them. Raises ValueError."""
    if rest == "}\n":
        return 0, ""
    texts, stop = scan(rest, len(',"effects":'))
    if not rest.startswith(',"effects":[') or rest[stop:] != "}\n":
        raise ValueError
    proof = sha256("\n".join(texts).encode()).hexdigest()
    return len(texts), f', "effects": [{len(texts)}, "{proof}"]'


def _shown(entry: dict[str, Any]) -> list[Any]:
    """The columns of an entry, in the order of `_said`."""
    actor, target = entry.get("actor"), entry.get("target")
    actor = actor if isinstance(actor, dict) else {}
    target = target if isinstance(target, dict) else {}
    columns = [entry.get(name) for name in ("sequence", "at", "action", "outcome", "request")]
    people = [actor.get("kind"), actor.get("id"), target.get("kind"), target.get("id")]
    words = [actor.get("name"), target.get("name"), entry.get("ip"), entry.get("agent")]
    return [*columns, *people, *words, entry.get("reason"), entry.get("changes")]


def _said(body: dict[str, Any], words: dict[str, Any], organization: str) -> list[Any]:
    """What its texts say for the same columns."""
    columns = [body.get(name) for name in ("sequence", "at", "action", "outcome")]
    pairs = [body.get("actor"), body.get("target")]
    if body.get("organization") != organization or not all(_is_pair(pair) for pair in pairs):
        return []
    actor, actor_id, target, target_id = [part for pair in pairs for part in pair or ()]
    names = [words.get("actor", "" if words else None), words.get("target", "" if words else None)]
    ip, agent = words.get("ip") or None, words.get("agent") or ""
    changes = [
        said if isinstance(said, dict) else {}
        for said in (body.get("changes"), words.get("changes"))
    ]
    return [
        *columns, body.get("request") or "", actor, actor_id, target, target_id, *names, ip, agent,
        body.get("reason") or "", {**changes[0], **changes[1]},
    ]  # fmt: skip


def _retained(changes: Any) -> int:
    """Up to which entry a log was dropped, by the entry that says so; 0 where it does not."""
    pair: Any = changes.get("sequence") if isinstance(changes, dict) else None
    return pair[1] if _is_pair(pair) and type(pair[1]) is int else 0


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2


def _effects(texts: Any) -> Any:
    """What a body says of these effects; something that no body says where they are none."""
    if texts is None:
        return plain(None)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return ""
    try:
        return plain([len(texts), sha256("\n".join(texts).encode()).hexdigest()])
    except UnicodeEncodeError:
        return ""


# --- For people -----------------------------------------------------------------------------------


def report(found: Found) -> Iterator[tuple[str, str]]:
    if not found.organization:
        return
    moment = _moment(found.exported_at)
    yield "Export", f"of {_visible(found.organization)}, taken {moment}"
    yield (
        "Entries",
        f"{found.entries:,}, #{found.first:,} to #{found.last:,}" if found.entries else "none",
    )
    if found.base:
        yield (
            "Begins",
            f"after #{found.base.sequence:,}, signed {_moment(found.base.at)};"
            " older ones were dropped",
        )
    if found.erased:
        yield (
            "Erased",
            f"the words of {_count(found.erased, 'entry', 'entries')}; their hashes stand",
        )
    if found.effects:
        yield (
            "Access",
            f"{_count(found.effects, 'change', 'changes')} of who holds what, each hashed",
        )
    if found.filters:
        yield "Filtered", "what is missing between these entries cannot be shown"
    if found.checkpoints:
        yield "Checkpoints", f"{found.checkpoints:,} signed, {found.met:,} met"
    if found.signed:
        since = found.last - found.signed.sequence
        more = (
            f"; {_count(since, 'entry', 'entries')} since, chained and not yet signed"
            if since
            else ""
        )
        yield "Signed up to", f"#{found.signed.sequence:,}, {_moment(found.signed.at)}{more}"
    if found.sealed:
        yield "Seal", "no byte was changed since it was exported"
    elif found.entries:
        yield "Seal", "none: `sentence` is a rendering that no hash covers; read `body` and `words`"


def verdict(found: Found, *, alone: bool, filtered: bool) -> tuple[int, str]:
    if found.filters and not filtered:
        return UNKNOWN, (
            "Each of these entries fits its own text. Whether any is missing cannot be shown of a"
            " filtered export; --filtered accepts that."
        )
    if found.filters:
        return (
            HOLDS,
            "Each of these entries holds by itself. Whether any is missing cannot be shown.",
        )
    if alone:
        return HOLDS, (
            "The chain is consistent in itself. Without checkpoints nobody can tell whether it was"
            " computed anew, or cut at its end."
        )
    if found.signed is None and found.base is None:
        return UNKNOWN, "No checkpoint names an entry of this export: nothing proves it."
    return HOLDS, "The log holds: every entry is the one that was written, in its place."


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _number(value: Any) -> str:
    return f"{value:,}" if type(value) is int else "?"


def _moment(text: str) -> str:
    return f"{text[:10]} {text[11:19]} UTC" if MOMENT.match(text) else _visible(text)


def _visible(text: str) -> str:
    """Nothing in a file writes to the terminal."""
    return (
        text.encode("ascii", "backslashreplace")
        .decode()
        .translate(dict.fromkeys((*range(32), 127), "?"))[:80]
    )


def main(arguments: Optional[list[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        description="Check an export of an audit log against its signed checkpoints."
    )
    parser.add_argument("export", help="the export, as JSON lines")
    parser.add_argument(
        "--checkpoints", metavar="FILE", help="the signed checkpoints, as JSON lines"
    )
    parser.add_argument("--keys", metavar="FILE", help="the public keys, as JSON")
    parser.add_argument(
        "--until",
        metavar="TIME",
        help="leave out checkpoints newer than this (2026-11-22T14:03:00Z)",
    )
    parser.add_argument("--filtered", action="store_true", help="accept a filtered export")
    parser.add_argument(
        "--alone",
        action="store_true",
        help="without checkpoints: only whether the chain fits itself",
    )
    parser.add_argument("--json", action="store_true", help="answer as JSON")
    asked = parser.parse_args(arguments)
    if not asked.alone and not (asked.checkpoints and asked.keys):
        parser.error("name --checkpoints and --keys, or say --alone")
    checkpoints, keys = (None, None) if asked.alone else (asked.checkpoints, asked.keys)
    code, said, found = check(
        asked.export, checkpoints, keys, until=asked.until, filtered=asked.filtered
    )
    _print(code, said, found, as_json=asked.json)
    return code


def check(
    export: str,
    checkpoints: Optional[str],
    keys: Optional[str],
    *,
    until: Optional[str] = None,
    filtered: bool = False,
) -> tuple[int, str, Found]:
    """The exit code, the verdict in a sentence, what was seen. Without keys: the chain alone."""
    found = Found()
    try:
        known = read_keys(keys) if keys else {}

        def signed(organization: str) -> dict[int, Checkpoint]:
            return (
                signed_checkpoints(checkpoints, known, organization, until) if checkpoints else {}
            )

        work = Check(export, signed, known)
        found = work.found
        work.run()
    except FlawError as flaw:
        return FLAWED, str(flaw), found
    except CannotSayError as error:
        return UNKNOWN, _visible_line(str(error)), found
    return (*verdict(found, alone=keys is None, filtered=filtered), found)


def _visible_line(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def _print(code: int, said: str, found: Found, *, as_json: bool) -> None:
    verdicts = {HOLDS: "HOLDS", FLAWED: "DOES NOT HOLD", UNKNOWN: "CANNOT SAY"}
    if as_json:
        answer = {"verdict": verdicts[code], "code": code, "sentence": said}
        print(json.dumps({**answer, "seen": dict(report(found))}))
        return
    for name, text in report(found):
        print(f"{name:<13} {text}")
    print(f"{'Verdict':<13} {verdicts[code]}\n\n{said}")


if __name__ == "__main__":
    gc.disable()  # What is parsed holds no circle, and goes by itself.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main())
