"""What a key is made of, what it may do, and how it is known again.

A key reads `bw_live_`, 40 hexadecimal digits of chance and 8 of checksum; a service token
`bw_svc_` and the same. Only the SHA-256 of the whole is stored. Rows are in `models/keys.py`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass, field

from config.roles import Permission, Role, roles_with

KEY, TOKEN = "bw_live_", "bw_svc_"
_FORM = re.compile(r"(bw_live_|bw_svc_)([0-9a-f]{40})([0-9a-f]{8})")

EXECUTE, CHAT = "execute", "chat"

# What of a key's scope an action takes (S2-145). No other permission is ever a key's (S2-146).
ACTIONS: dict[Permission, str] = {
    Permission.WORKFLOWS_EXECUTE: EXECUTE,
    Permission.TASKS_RUN_COMMERCIAL: EXECUTE,
    Permission.AGENTS_CHAT: CHAT,
    Permission.FEATURES_DISCOVER: CHAT,
}

# Which roles include such an action; no policy of an organization changes it.
ROLES: dict[Permission, tuple[Role, ...]] = {
    action: tuple(roles_with(action, frozenset())) for action in ACTIONS
}

# The ceiling of service tokens: what whoever makes one has to hold for each scope.
SCOPES: dict[str, Permission] = {
    "decide": Permission.KEYS_CREATE,
    "record": Permission.KEYS_CREATE,
    "audit.read": Permission.AUDIT_VIEW,
    "audit.export": Permission.AUDIT_EXPORT,
    "members.invite": Permission.MEMBERS_INVITE,
    "scim": Permission.MEMBERS_CHANGE_ROLE,
}


@dataclass(frozen=True, slots=True)
class Made:
    """A new secret: `text` is shown once and never stored."""

    text: str = field(repr=False)
    digest: bytes
    prefix: str
    suffix: str


def make(kind: str = KEY) -> Made:
    chance = secrets.token_hex(20)
    text = f"{kind}{chance}{_checksum(kind + chance)}"
    return Made(text, digest(text), text[: len(kind) + 4], text[-4:])


def digest(text: str) -> bytes:
    """What a key is looked up by: of any text at all, so that none is told apart by its form."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def is_well_formed(text: str) -> bool:
    """Could this be a key or token of ours? For scanners: a typing error fails the checksum."""
    found = _FORM.fullmatch(text)
    return found is not None and _checksum(found[1] + found[2]) == found[3]


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"
