"""`manage.py audit`: verify and sign the chains, and query a log, from the command line.

It logs in as the web role and is bound to one ledger at a time, like a page.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from audit import actions, queries
from audit.actions.checkpoints import checkpoint_create
from audit.binding import bound
from audit.entries import Entry
from audit.forms import EventFilterForm
from audit.ledger import Actor, Target
from audit.models import PLATFORM
from audit.sentences import plain, visible
from audit.signing import keys_document
from config.keyset import LARGEST_PAGE
from config.moments import local

FILTERS = {
    "since": "the first day or minute, as 2026-11-22 or 2026-11-22T14:03",
    "until": "the last day or minute",
    "actor": "the id of who acted",
    "action": "the action, as member.role_changed",
    "area": "what it is about, as member",
    "outcome": "done, denied or failed",
    "target": "the id of what it was done to",
    "ip": "the address it came from, or its beginning",
    "key": "the id of a key",
    "q": "words that the entry holds",
}


class Command(BaseCommand):
    help = "Verify the audit log, sign it, or query it."

    def add_arguments(self, parser: CommandParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True)
        for deed, what in (
            ("verify", "check every entry against the one before"),
            ("checkpoint", "verify and sign what is new"),
        ):
            whose = deeds.add_parser(deed, help=what).add_mutually_exclusive_group(required=True)
            whose.add_argument("--org", help="the address of an organization")
            whose.add_argument(
                "--all", action="store_true", help="every ledger, the platform's too"
            )
        deeds.add_parser("keys", help="print the public keys, as they are published")
        query = deeds.add_parser("query", help="print entries, newest first")
        query.add_argument("--org", required=True, help="the address of an organization")
        for name, what in FILTERS.items():
            query.add_argument(f"--{name}", default="", help=what)
        query.add_argument("--limit", type=int, default=50, help="how many at most (50)")
        query.add_argument("--format", choices=("table", "jsonl"), default="table")

    def handle(self, *args: Any, deed: str, **options: Any) -> None:
        if deed == "verify":
            self.each(options["org"], self._verify_one)
        elif deed == "checkpoint":
            self.each(options["org"], self._sign_one)
        elif deed == "keys":
            self.stdout.write(json.dumps(keys_document(), indent=2))
        else:
            self.query(options)

    def each(self, slug: str | None, holds: Callable[[UUID, str], bool]) -> None:
        verdicts = [holds(*ledger) for ledger in _ledgers(slug)]
        broken = verdicts.count(False)
        if broken:
            raise CommandError(f"{broken} of {len(verdicts)} ledgers do not hold.", returncode=1)

    def query(self, options: dict[str, Any]) -> None:
        form = EventFilterForm({name: options[name] for name in FILTERS})
        if not form.is_valid():
            wrong = "; ".join(f"--{name}: {errors[0]}" for name, errors in form.errors.items())
            raise CommandError(wrong)
        (organization, slug), *_ = _ledgers(options["org"])
        write = _as_json if options["format"] == "jsonl" else _as_line
        with bound(organization):
            for entry in _found(organization, form, limit=max(1, options["limit"])):
                self.stdout.write(write(entry))
            asked = " ".join(f"{name}={value}" for name, value in form.query.items())
            actions.event_read(
                organization=organization,
                target=_target(organization, slug),
                actor=_actor("query"),
                reason=asked,
            )

    def _sign_one(self, organization: UUID, slug: str) -> bool:
        name = _name(organization, slug)
        with bound(organization):
            made = checkpoint_create(
                organization=organization,
                target=_target(organization, slug),
                actor=_actor("checkpoint"),
                progress=lambda done, of: self._progress(f"{name}: {done:,} of {of:,}"),
            )
        if made.flaw:
            self.stdout.write(self.style.ERROR(f"{name}: {made.flaw}"))
        elif made.checkpoint:
            what = "signed up to" if made.is_new else "nothing new since"
            self.stdout.write(f"{name}: {what} #{made.checkpoint.number}")
        return made.flaw is None

    def _verify_one(self, organization: UUID, slug: str) -> bool:
        name = _name(organization, slug)
        with bound(organization):
            verdict = actions.event_verify(
                organization=organization,
                target=_target(organization, slug),
                actor=_actor("verify"),
                progress=lambda done, of: self._progress(f"{name}: {done:,} of {of:,}"),
            )
        if verdict.flaw:
            self.stdout.write(self.style.ERROR(f"{name}: {verdict.flaw}"))
            return False
        entries = "entry holds" if verdict.checked == 1 else "entries hold"
        self.stdout.write(f"{name}: {verdict.checked:,} {entries}")
        return True

    def _progress(self, text: str) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r{text} ", ending="")


def _ledgers(slug: str | None) -> list[tuple[UUID, str]]:
    """The ledger at an address, or all of them; who asks at a server's console may know."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id, slug FROM ledgers(%s)", [slug])
        found: list[tuple[UUID, str]] = cursor.fetchall()
    if not found:
        raise CommandError(f"No organization has the address “{visible(slug or '')}”.")
    return found


def _found(organization: UUID, form: EventFilterForm, *, limit: int) -> Iterator[Entry]:
    cursor = None
    while limit > 0:
        page = queries.event_list(
            organization=organization,
            filters=form.asked,
            cursor=cursor,
            size=min(limit, LARGEST_PAGE),
        )
        yield from page.rows
        limit, cursor = limit - len(page.rows), page.older
        if cursor is None:
            return


def _as_line(entry: Entry) -> str:
    at = local(entry.at).isoformat(sep=" ", timespec="seconds")
    from_ = visible(entry.ip) or "-"
    return f"#{entry.sequence:<8} {at}  {entry.outcome.value:<6}  {from_:<15}  {plain(entry)}"


def _as_json(entry: Entry) -> str:
    # Escaped to ASCII, so that no name can write to the terminal.
    return json.dumps(
        {
            "sequence": entry.sequence,
            "at": entry.at.isoformat(),
            "action": entry.action,
            "outcome": entry.outcome.value,
            "actor": [entry.actor_kind, str(entry.actor_id or ""), entry.actor_label],
            "target": [entry.target_kind, str(entry.target_id or ""), entry.target_label],
            "sentence": plain(entry),
            "changes": {change.label: [change.before, change.after] for change in entry.changes},
            "reason": entry.reason,
            "ip": entry.ip,
            "agent": entry.agent,
            "request": entry.request_id,
            "hash": entry.hash.hex(),
        }
    )


def _name(organization: UUID, slug: str) -> str:
    return slug or ("the platform" if organization == PLATFORM else f"{organization} (deleted)")


def _target(organization: UUID, slug: str) -> Target:
    return Target("organization", organization, _name(organization, slug))


def _actor(deed: str) -> Actor:
    return Actor("command", None, f"manage.py audit {deed}")
