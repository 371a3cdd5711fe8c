"""`manage.py isolation_check`: can an outsider tell what exists in an organization?

It calls every route as people and programs of another organization, as a superadmin and as nobody,
and says what it found. They are made for it and undone with all the rest. 0: nothing; 1: something.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from orgs.isolation import told
from orgs.isolation.check import check
from orgs.isolation.routes import Area
from orgs.isolation.trial import MUCH_LONGER, ROUNDS, Report
from orgs.models import Organization
from orgs.tenancy import bound


class Command(BaseCommand):
    help = "Call every route as outsiders and compare what exists with what does not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--org", help="the address of the organization that is tried")
        parser.add_argument(
            "--area",
            action="append",
            choices=[area.value for area in Area],
            help="only this part of the address space; may be said again",
        )
        parser.add_argument(
            "--route", action="append", help="only the route of this name; may be said again"
        )
        parser.add_argument("--json", action="store_true", help="the report as JSON")
        parser.add_argument(
            "--judge-time",
            action="store_true",
            help=f"ask each pair {ROUNDS} times more, and count it as a finding where one of the"
            f" two takes over {MUCH_LONGER:g} times as long; on a machine at rest",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Each missing page that is asked for would be a line of the server's log.
        for name in ("django.request", "django.security"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        organization, slug = _organization(options["org"])
        try:
            reports = check(
                organization,
                slug,
                areas=[Area(name) for name in options["area"] or Area],
                only=options["route"] or (),
                judges_time=options["judge_time"],
                progress=self._progress,
            )
        except LookupError as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(told.as_json(slug, reports), indent=2))
        else:
            self._tell(slug, reports)
        if any(report.findings for report in reports):
            raise CommandError("An outsider can tell what exists.", returncode=1)

    def _progress(self, area: Area, done: int, of: int) -> None:
        if sys.stderr.isatty():
            ending = "" if done < of else "\n"
            self.stderr.write(f"\r{area.label}: {done} of {of} routes ", ending=ending)
        elif done == of:
            self.stderr.write(f"{area.label}: {of} routes", self.style.NOTICE)

    def _tell(self, slug: str, reports: list[Report]) -> None:
        said = self.stdout.write
        said(f"{slug}: what is there, and what is not, called by outsiders\n")
        for line in told.table(reports):
            said(line)
        findings = [finding for report in reports for finding in report.findings]
        for finding in findings:
            first, *rest = told.witness(finding)
            said(self.style.ERROR(f"\n{first}"))
            for line in rest:
                said(line)
        if not findings:
            said("\nNobody outside can tell what exists: status, words and statements are equal.")
        said(
            "Time is that of what exists, as a multiple of what does not. Alone it proves nothing."
        )
        for line in told.left_open(reports):
            said(line)
        said("Nothing was committed: all that was made for this is undone.")


def _organization(slug: str | None) -> tuple[UUID, str]:
    """The one at this address, or the largest that is open; for who asks at a server’s console."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id, slug FROM ledgers(%s)", [slug])
        found = [(pk, address) for pk, address in cursor.fetchall() if address]
    opened: list[tuple[int, UUID, str]] = []
    for pk, address in found:
        with bound(pk):
            row = Organization.objects.filter(id=pk, state="open", owner_count__gt=0).first()
        if row is not None:
            opened.append((row.member_count, pk, address))
    if not opened:
        raise CommandError("There is no open organization to try.")
    _, pk, address = max(opened)
    return pk, address
