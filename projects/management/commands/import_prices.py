"""`manage.py import_prices`: take over a public price list of models.

What a list means is in `projects/prices.py`, the deed in `projects/actions/prices.py`.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from audit.ledger import Actor
from projects.actions.prices import OWNER, Imported, prices_import, prices_plan
from projects.prices import LARGEST_FILE, LEFT_OUT, PriceList, PriceListError, read

COMMAND = Actor("command", None, "import_prices")
LISTS_ARE_IN = "USD"
SHOWN = 5


class Command(BaseCommand):
    help = (
        "Take over a price list of models (LiteLLM's JSON form), all of it or nothing. "
        "Imported twice it changes nothing; models it does not name keep their prices."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the price list")
        parser.add_argument("--dry-run", action="store_true", help="show, change nothing")
        parser.add_argument(
            "--prune", action="store_true", help="delete prices of models that it does not name"
        )
        parser.add_argument(
            "--rate",
            metavar="AMOUNT",
            help=f"what one {LISTS_ARE_IN} of the list is worth in {settings.CURRENCY}",
        )

    def handle(
        self, *args: Any, file: Path, dry_run: bool, prune: bool, rate: str | None, **options: Any
    ) -> None:
        if OWNER not in settings.DATABASES:
            raise CommandError("Set DATABASE_OWNER_URL: only the owner may write prices.")
        worth = _worth(rate)
        self.stdout.write(f"Reading {file.name}")
        found = _read(file, worth)
        self._show_list(found)
        try:
            if dry_run:
                plan = prices_plan(found)
            else:
                self.stdout.write(f"Writing {len(found.prices):,} prices")
                plan = prices_import(found=found, name=file.name, prune=prune, actor=COMMAND)
        except DatabaseError as error:
            raise CommandError(f"The database refused, and nothing was changed: {error}") from error
        self._show_plan(plan, prune=prune)
        self.stdout.write("Nothing was changed." if dry_run else "Done")

    def _show_list(self, found: PriceList) -> None:
        """What the list holds that became no rate."""
        models = len(found.prices) + len(found.without)
        self.stdout.write(f"{models:,} models, {len(found.prices):,} with a price")
        self._name("without any amount, so without a price", found.without)
        for name, times in sorted(found.left_out.items()):
            why = LEFT_OUT.get(name, "left out")
            self.stdout.write(f"  {times:>6,}  {name}: {why}")
        for name, times in sorted(found.unknown.items()):
            self.stdout.write(self.style.WARNING(f"  {times:>6,}  {name}: not known, left out"))
        self._name("with an amount finer than can be counted, rounded", list(found.rounded))

    def _show_plan(self, plan: Imported, *, prune: bool) -> None:
        self.stdout.write("")
        rows = (
            ("new", len(plan.new)),
            ("changed", len(plan.changed)),
            ("unchanged", plan.unchanged),
            ("gone, deleted" if prune else "gone, kept", len(plan.gone)),
        )
        for label, number in rows:
            self.stdout.write(f"  {label:<14}{number:>8,}")
        self._name("gone from the list", plan.gone)
        by_mode = Counter(price.mode or "other" for price in plan.new)
        if by_mode:
            kinds = ", ".join(f"{times:,} {mode}" for mode, times in by_mode.most_common())
            self.stdout.write(f"  new by kind: {kinds}")

    def _name(self, label: str, names: list[str]) -> None:
        if names:
            more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
            self.stdout.write(f"  {len(names):>6,}  {label}: {', '.join(names[:SHOWN])}{more}")


def _worth(rate: str | None) -> Decimal:
    """Raises CommandError where a list's amounts would be taken for another currency's."""
    if rate is None:
        if settings.CURRENCY != LISTS_ARE_IN:
            raise CommandError(
                f"Public lists are in {LISTS_ARE_IN} and money here is in {settings.CURRENCY}: "
                f"say with --rate what one {LISTS_ARE_IN} is worth."
            )
        return Decimal(1)
    try:
        worth = Decimal(rate)
    except InvalidOperation:
        worth = Decimal(0)
    if not worth.is_finite() or not 0 < worth < 10**9:
        raise CommandError(f"--rate: {rate} is no rate, such as 0.92.")
    return worth


def _read(file: Path, worth: Decimal) -> PriceList:
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise CommandError(f"A price list has at most {LARGEST_FILE // 2**20} MiB.")
        return read(file.read_bytes(), worth=worth)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror or error}") from error
    except PriceListError as error:
        raise CommandError(f"{file.name}: {error}") from error
