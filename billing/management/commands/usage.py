"""`manage.py usage`: add up usage, check it against the request log, and write it to a file.

What each does is in `billing/actions/rollup.py`, `queries/usage_check.py` and
`queries/usage_export.py`.
"""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.ledger import Actor
from billing.actions.rollup import Batch, ForeignLogError, usage_rebuild, usage_roll
from billing.actions.usage_export import usage_record_export
from billing.export_columns import Form
from billing.export_lines import Lines
from billing.periods import DAY, month_of, today_here
from billing.queries.rollup import clock_words, counted
from billing.queries.usage_check import MEASURES, OWNER, usage_compared
from billing.queries.usage_export import Export, export_blocks, export_count, names_of
from orgs.queries.roster import organization_at
from orgs.tenancy import bound

COMMAND = Actor("command", None, "usage")
EVERY = 0.2


class Command(BaseCommand):
    help = "Usage: add it up, have it added up again, check it against the log, or export it."

    def add_arguments(self, parser: CommandParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True)
        deeds.add_parser("roll", help="add up what was logged since the last time")
        deeds.add_parser(
            "rebuild", help="add the whole log up again, after a restore or another TIME_ZONE"
        )
        check = deeds.add_parser("check", help="count the log again; exit 1 where it differs")
        check.add_argument("--org", metavar="SLUG", help="one organization; otherwise all")
        export = deeds.add_parser("export", help="write usage of an organization to a file")
        export.add_argument("--org", metavar="SLUG", required=True)
        export.add_argument("--from", dest="since", metavar="DAY", type=_day, help="2026-11-01")
        export.add_argument("--to", dest="until", metavar="DAY", type=_day, help="included")
        export.add_argument("--by", choices=list(Lines), type=Lines, default=Lines.DAY)
        export.add_argument("--format", choices=list(Form), type=Form, default=Form.CSV)
        export.add_argument("--output", type=Path, help="a file; otherwise the standard output")

    def handle(self, *args: Any, deed: str, **options: Any) -> None:
        getattr(self, f"usage_{deed}")(**options)

    def usage_roll(self, **options: Any) -> None:
        with _progress() as say:
            try:
                taken = usage_roll(said=_adding(say))
            except ForeignLogError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(f"{taken:,} requests added up, {_until()}")

    def usage_rebuild(self, **options: Any) -> None:
        _require_owner()
        with _progress() as say:
            first = usage_rebuild(said=_adding(say))
        self.stdout.write(f"Added up again from {first} on, in days of {settings.TIME_ZONE}")
        self.stdout.write(f"Earlier days are as they were; {_until()}")

    def usage_check(self, *, org: str | None, **options: Any) -> None:
        _require_owner()
        found = usage_compared(_organization(org) if org else None)
        self.stdout.write(f"{'':<10}{'lines':>12}{'differing':>12}  log and sums")
        for one in found:
            pairs = zip(MEASURES, one.log, one.sums, strict=True)
            said = ", ".join(
                f"{name} {log:,}" if log == sums else f"{name} {log:,} but {sums:,}"
                for name, log, sums in pairs
            )
            self.stdout.write(f"{one.dimension:<10}{one.lines:>12,}{one.differing:>12,}  {said}")
        if any(one.differing for one in found):
            self.stderr.write("The sums differ from the log: run manage.py usage rebuild.")
            sys.exit(1)
        self.stdout.write(f"All lines are equal, {_until()}")

    def usage_export(
        self,
        *,
        org: str,
        since: datetime.date | None,
        until: datetime.date | None,
        by: Lines,
        output: Path | None,
        **options: Any,
    ) -> None:
        last = until or today_here()
        first = since or month_of(last)
        if first > last:
            raise CommandError("--from lies after --to.")
        organization = _organization(org)
        with bound(organization):
            export = Export(
                organization=organization,
                lines=by,
                form=options["format"],
                start=first,
                end=last + DAY,
                costs=True,
                names=names_of(organization),
            )
            usage_record_export(export=export, entries=export_count(export), actor=COMMAND)
        try:
            with _open(output) as file, _progress() as say:
                self._write(export, file, say)
        except OSError as error:
            raise CommandError(f"{output}: {error.strerror or error}") from error

    def _write(self, export: Export, file: BinaryIO, say: Any) -> None:
        lines = size = 0
        for block in export_blocks(export):
            file.write(block)
            lines += block.count(b"\n")
            size += len(block)
            say(f"{lines:,} lines, {size / 2**20:,.1f} MiB")
        file.flush()
        say(f"{lines:,} lines, {size / 2**20:,.1f} MiB", last=True)


@contextmanager
def _open(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        return
    with output.open("wb") as file:
        yield file


@contextmanager
def _progress() -> Iterator[Any]:
    """Says how far it is, on one line of the standard error output, and not too often."""
    told = 0.0
    live = sys.stderr.isatty()

    def say(words: str, *, last: bool = False) -> None:
        nonlocal told
        if last or (live and time.monotonic() - told >= EVERY):
            told = time.monotonic()
            sys.stderr.write(f"\r\x1b[2K{words}" if live else f"{words}\n")
            sys.stderr.flush()

    try:
        yield say
    finally:
        if live and told:
            sys.stderr.write("\n")


def _adding(say: Any) -> Any:
    total = 0

    def said(batch: Batch) -> None:
        nonlocal total
        total += batch.rows
        upto = f", up to {batch.place:%Y-%m-%d}" if batch.place else ""
        say(f"{total:,} requests{upto}")

    return said


def _until() -> str:
    words = clock_words(counted().until)
    return f"counted until {words}" if words else "nothing is counted yet"


def _day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def _require_owner() -> None:
    if OWNER not in settings.DATABASES:
        raise CommandError("Set DATABASE_OWNER_URL: only the owner may read across organizations.")


def _organization(slug: str) -> UUID:
    found = organization_at(slug)
    if found is None:
        raise CommandError(f"No organization has the address {slug}.")
    return found
