"""The deed of taking the log out: it is remembered before the first line leaves."""

from __future__ import annotations

from django.db import transaction

from audit import ledger
from audit.events import Event
from audit.exports.export import Export
from audit.ledger import Actor, Target


@transaction.atomic
def event_export(*, export: Export, target: Target, actor: Actor) -> None:
    """Write down who took it, in which form, how much, and under which filters (S3-056)."""
    ledger.record(
        Event.AUDIT_EXPORTED,
        organization=export.organization,
        actor=actor,
        target=target,
        changes={"format": (None, export.form.value), "entries": (None, export.entries)},
        reason=export.reason,
    )
