"""Delete for good the projects whose days of grace are over. Safe to run again, every day."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from audit.ledger import Actor
from projects.actions.project_ends import project_purge
from projects.queries.projects import projects_due

COMMAND = Actor("command", None, "projects_purge")


class Command(BaseCommand):
    help = "Delete for good the projects whose days of grace are over; the log stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="name them and delete nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        due = projects_due(now=now)
        for number, one in enumerate(due, start=1):
            line = f"{number} of {len(due)}: {one.name} (/o/{one.slug}/)"
            if dry_run:
                self.stdout.write(f"{line} would be deleted; due since {one.deletes_at:%Y-%m-%d}")
            elif project_purge(
                organization=one.organization, project=one.id, now=now, actor=COMMAND
            ):
                self.stdout.write(f"{line} deleted for good")
            else:
                self.stdout.write(f"{line} was restored meanwhile and stays")
        self.stdout.write("Nothing was deleted" if dry_run else "Done" if due else "None is due")
