"""Names that would break a file, and what is read back from one."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from audit.ledger import Actor, Target
from tests.audit.ledgers import ALICE, PRIYA

HOSTILE = (
    "Alice\nMarlow\r\nand a line",
    "\x1b[31mred\x1b[0m\x07",
    "\u202eevil\u202c \u200f\u2066",
    '=HYPERLINK("https://evil.example","Click")',
    "+1 -1 @SUM(1)",
    "@cmd|' /C calc'!A0",
    "-2+3",
    "\tTab first",
    "\rReturn first",
    "\uff1dHYPERLINK(1)",
    ' \u00a0"=1+1',
    "\uff20SUM(1)",
    ' "quoted", and; commas,,',
    "NEL\x85 LS\u2028 PS\u2029",
    "Zoë \U0001f469\u200d\U0001f4bb",
    "'",
)


def actor(name: str) -> Actor:
    return Actor("member", ALICE.id, name, "203.0.113.9", f"Agent {name}", "0193f00d")


def target(name: str) -> Target:
    return Target("member", PRIYA.id, name)


def text_of(response: Any) -> str:
    parts = response.streaming_content if response.streaming else [response.content]
    return b"".join(parts).decode()


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
