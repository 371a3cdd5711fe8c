"""The deed of taking usage out. What is in the file is in `queries/usage_export.py`."""

from __future__ import annotations

from django.db import transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from billing.export_lines import Lines
from billing.periods import DAY
from billing.queries.usage_export import Export


@transaction.atomic
def usage_record_export(*, export: Export, entries: int, actor: Actor) -> None:
    """Write down who took which days, before the first line leaves (S1-047)."""
    kind = "lines" if export.lines is Lines.DAY else "verifications"
    ledger.record(
        Event.USAGE_EXPORTED,
        organization=export.organization,
        actor=actor,
        target=Target("usage", None, f"by {export.lines.value}"),
        changes={
            "format": (None, export.form.value),
            "entries": (None, f"{entries:,} {kind}"),
            "period": (None, f"{export.start.isoformat()} to {(export.end - DAY).isoformat()}"),
        },
    )
