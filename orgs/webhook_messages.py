"""What a webhook is sent, in the form of Standard Webhooks: the message, its name, its signature.

Pure. How it gets there is in `deliveries.py`; how secrets are kept, in the actions.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from audit.exports.lines import said
from audit.exports.ocsf import event_of
from audit.exports.reading import Row
from audit.signing import written as moment
from orgs.models import Webhook

PREFIX = "whsec_"
SECRET_BYTES = 24
TEST = "webhook.test"


@dataclass(frozen=True, slots=True)
class Message:
    """A message keeps its name and its body however often it is sent."""

    id: str
    body: bytes


def make_secret() -> str:
    """A new secret, as a receiver sets it: `whsec_` and 24 bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def message_of(row: Row, *, webhook: UUID, form: str) -> Message:
    """An entry of the log, for one webhook; who gets it again knows it by its name."""
    data = event_of(row) if form == Webhook.Format.OCSF else said(row)
    return Message(
        f"msg_{webhook.hex}_{row.entry.sequence}",
        _body(row.entry.action, moment(row.entry.at), data),
    )


def trial_message(*, webhook: UUID, name: str, asked_at: datetime.datetime) -> Message:
    """What is sent to try a webhook: no entry, and so no number."""
    at = moment(asked_at)
    stamp = round(asked_at.timestamp() * 1000)
    text = "A test of this webhook. It is no entry of the log."
    return Message(
        f"msg_{webhook.hex}_test_{stamp}",
        _body(TEST, at, {"webhook": str(webhook), "name": name, "sentence": text}),
    )


@sensitive_variables("keys")
def headers_of(message: Message, *, keys: Sequence[str], at: int) -> Mapping[str, str]:
    """The headers at this second, signed with each of the secrets."""
    signatures = " ".join(f"v1,{_signature(key, message, at)}" for key in keys)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Bailiwick-Webhooks/1",
        "webhook-id": message.id,
        "webhook-timestamp": str(at),
        "webhook-signature": signatures,
    }


@sensitive_variables("key")
def _signature(key: str, message: Message, at: int) -> str:
    signed = f"{message.id}.{at}.".encode() + message.body
    raw = base64.b64decode(key.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(raw, signed, hashlib.sha256).digest()).decode()


def _body(kind: str, timestamp: str, data: Mapping[str, Any]) -> bytes:
    # Escaped to ASCII: no name turns the text around it, on whatever screen it ends.
    said = {"type": kind, "timestamp": timestamp, "data": data}
    return json.dumps(said, separators=(",", ":")).encode()
