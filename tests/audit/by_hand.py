"""Ledgers written by hand: chains, exports and checkpoints as the formats say, without a database.

What is here follows docs/proof.md and nothing of the application, so that both can be wrong only
apart.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORGANIZATION = "019a0000-0000-7000-8000-000000000001"
OTHER = "019a0000-0000-7000-8000-000000000002"
KEY = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\2" * 32)


def jsonb(value: Any) -> str:
    """As PostgreSQL writes jsonb: short keys first, a space after each mark."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return "{" + ", ".join(f"{jsonb(key)}: {jsonb(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(jsonb, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def sha(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


def line_of(
    number: int, before: bytes, *, organization: str = ORGANIZATION, **said: Any
) -> dict[str, Any]:
    """One entry as an export has it. `said` replaces what is usual in it."""
    at = said.get(
        "at", f"2026-11-22T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000001Z"
    )
    actor = said.get("actor", "Alice Marlow")
    words = {
        "actor": actor, "target": "Priya Räman", "ip": "203.0.113.9", "agent": "Firefox/140",
        "changes": said.get("personal", {}),
    }  # fmt: skip
    salt, text = hashlib.sha256(str(number).encode()).digest()[:16], jsonb(words)
    effects = said.get("effects", [])
    body = {
        "at": at, "organization": organization, "sequence": number,
        "actor": ["member", "019a1111-0000-7000-8000-000000000001"],
        "target": ["member", "019a2222-0000-7000-8000-000000000001"],
        "action": said.get("action", "member.role_changed"), "outcome": "done",
        "reason": said.get("reason", "Takes over the “keys”."), "request": "0193f00d",
        "changes": said.get("changes", {"role": ["Member", "Admin"]}),
        "particulars": sha(salt, text.encode()),
    }  # fmt: skip
    if effects:
        body["effects"] = [len(effects), sha("\n".join(effects).encode())]
    written = jsonb(body)
    erased = said.get("erased", False)
    line = {
        "sequence": number, "at": at, "action": body["action"], "outcome": "done",
        "actor": {"kind": "member", "id": body["actor"][1], "name": None if erased else actor},
        "target": {"kind": "member", "id": body["target"][1], "name": None if erased else "Priya Räman"},
        "sentence": f"{actor} changed something", "changes": dict(body["changes"]) | ({} if erased else words["changes"]),
        "reason": body["reason"], "ip": None if erased else words["ip"], "agent": "" if erased else words["agent"],
        "request": "0193f00d", "body": written, "hash": sha(before, written.encode()),
        "salt": salt.hex(), "words": None if erased else text,
    }  # fmt: skip
    return line | ({"effects": effects} if effects else {})


def checkpoint(
    sequence: int, digest: str, *, at: str = "2026-11-22T23:59:59.000000Z",
    organization: str = ORGANIZATION, key: Ed25519PrivateKey = KEY,
) -> dict[str, Any]:  # fmt: skip
    text = f"bailiwick.checkpoint/1\n{organization}\n{sequence}\n{digest}\n{at}".encode()
    return {
        "schema": "bailiwick.checkpoint/1", "organization": organization, "sequence": sequence,
        "hash": digest, "at": at, "key": key_id(key),
        "signature": base64.b64encode(key.sign(text)).decode(),
    }  # fmt: skip


def key_id(key: Ed25519PrivateKey) -> str:
    return sha(key.public_key().public_bytes_raw())[:16]


def keys_document(*keys: Ed25519PrivateKey) -> dict[str, Any]:
    raws = [key.public_key().public_bytes_raw() for key in keys]
    return {
        "schema": "bailiwick.checkpoint-keys/1",
        "keys": [{"id": sha(raw)[:16], "public": base64.b64encode(raw).decode()} for raw in raws],
    }


@dataclass
class Files:
    """An export with its checkpoints and keys, in memory until it is written."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    checkpoints: list[dict[str, Any]] = field(default_factory=list)
    filters: dict[str, str] = field(default_factory=dict)
    organization: str = ORGANIZATION
    keys: dict[str, Any] = field(default_factory=lambda: keys_document(KEY))
    head: dict[str, Any] = field(default_factory=dict)
    end: dict[str, Any] | None = field(default_factory=dict)
    sealed: bool = False

    def export(self) -> bytes:
        numbers = [line.get("sequence") for line in self.lines] or [1, 0]
        head = {
            "schema": "bailiwick.audit/1", "organization": self.organization,
            "exported_at": "2026-11-22T23:59:59.500000Z", "filters": self.filters,
            "from": numbers[0], "to": numbers[-1], "entries": len(self.lines),
        } | self.head  # fmt: skip
        data = compact(head) + b"".join(map(compact, self.lines))
        if self.end is None:
            return data
        end: dict[str, Any] = {"end": True, "entries": len(self.lines)}
        if self.sealed:
            text = (
                f"bailiwick.export/1\n{self.organization}\n{len(self.lines)}\n{sha(data)}".encode()
            )
            signature = base64.b64encode(KEY.sign(text)).decode()
            end |= {"sha256": sha(data), "key": key_id(KEY), "signature": signature}
        return data + compact(end | self.end)

    def write(self, folder: Path) -> list[str]:
        """The files, and what `verify_ledger.py` is called with."""
        export, signed, keys = (
            folder / name for name in ("export.jsonl", "signed.jsonl", "keys.json")
        )
        export.write_bytes(self.export())
        signed.write_bytes(b"".join(map(compact, self.checkpoints)))
        keys.write_text(json.dumps(self.keys))
        return [str(export), "--checkpoints", str(signed), "--keys", str(keys)]


def chain(length: int, *, start: int = 1, before: str = "", **each: Any) -> list[dict[str, Any]]:
    lines = []
    for number in range(start, start + length):
        lines.append(line_of(number, bytes.fromhex(before), **each))
        before = lines[-1]["hash"]
    return lines


def whole(length: int = 12, *signed: int, sealed: bool = False) -> Files:
    """A chain with every kind of entry, signed at these entries (by default the fifth and last)."""
    lines: list[dict[str, Any]] = []
    for number in range(1, length + 1):
        before = bytes.fromhex(lines[-1]["hash"]) if lines else b""
        said: dict[str, Any] = {}
        if number % 4 == 2:
            said = {
                "personal": {"email": [None, "priya@acme.example"]},
                "changes": {"at": [1, 1.5]},
            }
        if number % 4 == 3:
            said = {"effects": ['{"kind": "seat", "after": {}}', '{"kind": "grant"}']}
        if number % 7 == 4:
            said = {"erased": True}
        lines.append(line_of(number, before, **said))
    places = signed or (min(5, length), length)
    points = [checkpoint(n, lines[n - 1]["hash"]) for n in places]
    return Files(lines, points, sealed=sealed)
