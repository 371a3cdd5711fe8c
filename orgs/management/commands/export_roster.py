"""`manage.py export_roster`: organizations as a roster file that an import takes back."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from audit.ledger import Actor
from orgs.actions.roster import roster_record_export
from orgs.models import Organization
from orgs.queries.roster import organization_at, roster_snapshot
from orgs.roster.peribolos import write
from orgs.roster.plan import Snapshot
from orgs.tenancy import bound

COMMAND = Actor("command", None, "Command line")


class Command(BaseCommand):
    help = "Write organizations as a roster (peribolos form). Importing it changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--org", metavar="SLUG", action="append", required=True, help="repeatable"
        )
        parser.add_argument("--output", metavar="FILE", help="instead of standard output")

    def handle(self, *args: Any, org: list[str], output: str | None, **options: Any) -> None:
        with transaction.atomic():
            snapshots = [_snapshot(slug) for slug in dict.fromkeys(org)]
            self._write(write(*snapshots), output)

    def _write(self, text: str, output: str | None) -> None:
        if output is None:
            self.stdout.write(text, ending="")
            return
        try:
            Path(output).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error
        print(f"Wrote {output}.", file=sys.stderr)


def _snapshot(slug: str) -> Snapshot:
    pk = organization_at(slug)
    if pk is None:
        raise CommandError(f"No organization has the address {slug}.")
    with bound(pk):
        organization = Organization.objects.get(pk=pk)
        snapshot = roster_snapshot(org=pk, key=slug, name=organization.name)
        roster_record_export(organization=pk, name=organization.name, actor=COMMAND)
    return snapshot
