"""`manage.py replay_trace`: real traffic of a language model, through the interface on loopback.

How it is sent is in `projects/replay`.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from argparse import ArgumentTypeError
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from config.embedded import data_folder
from config.money import money
from config.roles import Permission
from projects.keys import digest
from projects.models import KeySecret
from projects.refusals import label_of
from projects.replay.journal import Journal
from projects.replay.run import MOST_THREADS, Asked, Replay, Tally
from projects.replay.trace import ReplayError, Row, rows_of
from projects.replay.wire import loopback

OWNER = "owner"
STOPPED = 130


class Command(BaseCommand):
    help = (
        "Send the calls of a trace (TIMESTAMP,ContextTokens,GeneratedTokens) through the interface "
        "of a server on this machine: verify, then usage with the trace's tokens. Stopped and "
        "started again it goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="the trace")
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="loopback only")
        parser.add_argument(
            "--token",
            default=os.environ.get("BAILIWICK_TOKEN", ""),
            help="of a service account, with the scopes decide and record (or BAILIWICK_TOKEN)",
        )
        parser.add_argument(
            "--key",
            default=os.environ.get("BAILIWICK_KEY", ""),
            help="the key that makes the calls (or BAILIWICK_KEY)",
        )
        parser.add_argument("--model", default="north-large", help="of the price list")
        parser.add_argument("--action", default=Permission.TASKS_RUN_COMMERCIAL.value)
        parser.add_argument(
            "--set-aside",
            type=_from_to(0, 10**6),
            default=1000,
            metavar="TOKENS",
            help="of output, for each call until it reports (1000)",
        )
        parser.add_argument("--limit", type=_from_to(1, 10**9), help="only so many calls")
        parser.add_argument(
            "--threads", type=_from_to(1, MOST_THREADS), default=8, help="calls at once (8)"
        )
        parser.add_argument(
            "--speed",
            type=_from_to(1, 10**6),
            default=0,
            metavar="TIMES",
            help="of the trace's own clock: 1 takes as long as it took (as fast as it goes)",
        )
        parser.add_argument("--again", action="store_true", help="all of it, from the beginning")

    def handle(self, *args: Any, files: list[Path], **options: Any) -> None:
        if not options["token"] or not options["key"]:
            raise CommandError("Give a --token of a service account and a --key.")
        try:
            rows = rows_of(files)[: options["limit"]]
            asked = Asked(
                address=loopback(options["url"]),
                token=options["token"],
                key=options["key"],
                action=options["action"],
                model=options["model"],
                most_written=options["set_aside"],
            )
            path = _journal_of(asked)
            if options["again"]:
                path.unlink(missing_ok=True)
            with Journal(path, uuid4().hex) as journal:
                self._replay(rows, asked, journal, options)
        except ReplayError as error:
            raise CommandError(str(error)) from error

    def _replay(
        self, rows: list[Row], asked: Asked, journal: Journal, options: dict[str, Any]
    ) -> None:
        left = [row for row in rows if row.name not in journal.ended]
        replay = Replay(asked, journal, speed=options["speed"])
        self._show_beginning(rows, left)
        for row in rows:
            if row.name in journal.ended:
                replay.tally.count(row, *journal.ended[row.name])
        began, done = time.monotonic(), replay.tally.sent
        watch = _Progress(self.stdout, len(rows), done, replay.tally)
        stopped = False
        try:
            replay.go(left, threads=options["threads"], watch=watch.show)
        except KeyboardInterrupt:
            stopped = True
        finally:
            watch.end()
            took = time.monotonic() - began
            self._show_table(replay.tally, replay.tally.sent - done, took)
        self._show_page(asked.key, options["url"])
        if stopped:
            self.stdout.write("Stopped. The same command goes on from here.")
            sys.exit(STOPPED)

    def _show_beginning(self, rows: list[Row], left: list[Row]) -> None:
        self.stdout.write(f"{len(rows):,} calls in the trace")
        if len(left) < len(rows):
            before = len(rows) - len(left)
            self.stdout.write(f"{before:,} were sent before; --again begins anew")

    def _show_table(self, tally: Tally, sent: int, took: float) -> None:
        rows: list[tuple[str, str]] = [
            ("calls", f"{tally.sent:,}"),
            ("allowed", f"{tally.allowed:,}"),
            *((f"refused: {label_of(why)}", f"{n:,}") for why, n in tally.refused.most_common()),
            *((f"not settled: {why}", f"{n:,}") for why, n in tally.failed.most_common()),
            ("tokens read", f"{tally.read:,}"),
            ("tokens written", f"{tally.written:,}"),
            ("cost", money(tally.cost, exact=True)),
        ]
        self.stdout.write("")
        for label, value in rows:
            self.stdout.write(f"  {label:<30}{value:>20}")
        if sent:
            self.stdout.write(f"  {sent:,} calls in {took:.1f} s, {sent / took:,.0f} a second")

    def _show_page(self, key: str, url: str) -> None:
        """The page where all this is to be seen; only the owner looks behind the wall for it."""
        if OWNER not in settings.DATABASES:
            return
        rows = KeySecret.objects.using(OWNER).filter(digest=digest(key))
        for slug, key_id in rows.values_list("organization__slug", "key_id"):
            page = reverse("usage", args=[slug])
            self.stdout.write(f"{url.rstrip('/')}{page}?key={key_id}")


class _Progress:
    """One line that is written over; nothing where nobody looks."""

    def __init__(self, out: Any, total: int, done: int, tally: Tally) -> None:
        self.out, self.total, self.done, self.tally = out, total, done, tally
        self.began = self.shown = time.monotonic()
        self.is_seen = bool(getattr(out, "isatty", lambda: False)())

    def show(self) -> None:
        now = time.monotonic()
        if now - self.shown < (0.2 if self.is_seen else 10):
            return
        self.shown = now
        sent = self.tally.sent
        rate = (sent - self.done) / (now - self.began)
        left = timedelta(seconds=round((self.total - sent) / rate)) if rate else "?"
        percent = sent * 100 // max(self.total, 1)
        line = f"{sent:,} of {self.total:,} ({percent} %), {rate:,.0f} a second, {left} left"
        self.out.write(
            f"\r{line:<70}" if self.is_seen else line, ending="" if self.is_seen else "\n"
        )

    def end(self) -> None:
        if self.is_seen:
            self.out.write("")


def _journal_of(asked: Asked) -> Path:
    """One for each key, model and server; the key itself is not in its name."""
    said = f"{asked.address}\n{asked.key}\n{asked.action}\n{asked.model}"
    name = hashlib.sha256(said.encode()).hexdigest()[:24]
    folder: Path = data_folder(settings.BASE_DIR, os.environ)
    return folder / "replays" / f"{name}.jsonl"


def _from_to(least: int, most: int) -> Any:
    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text[:12]) <= most:
            raise ArgumentTypeError(f"{text} is no number from {least:,} to {most:,}")
        return int(text)

    return number
