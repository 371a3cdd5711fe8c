"""Delete for good the projects whose days of grace are over. Safe to run again, every day."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from audit.ledger import Actor
from projects.actions.project_ends import project_purge
from projects.queries.projects import Due, projects_due

COMMAND = Actor("command", None, "projects_purge")


class Command(BaseCommand):
    help = "Delete for good the projects whose days of grace are over; the log stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="name them and delete nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        self.now, failed = timezone.now(), 0
        due = projects_due(now=self.now)
        for number, one in enumerate(due, start=1):
            line = f"{number} of {len(due)}: {one.name} (/o/{one.slug}/)"
            if dry_run:
                self.stdout.write(f"{line} would be deleted; due since {one.deletes_at:%Y-%m-%d}")
                continue
            try:
                self.stdout.write(f"{line} {self._purge(one)}")
            except (DatabaseError, ValidationError) as error:
                failed += 1
                self.stderr.write(f"{line} stays, and the others go on: {error}")
        if failed:
            raise CommandError(f"{failed} of {len(due)} could not be deleted.")
        self.stdout.write("Nothing was deleted" if dry_run else "Done" if due else "None is due")

    def _purge(self, due: Due) -> str:
        """What became of it."""
        is_gone = project_purge(
            organization=due.organization, project=due.id, now=self.now, actor=COMMAND
        )
        return "deleted for good" if is_gone else "was restored meanwhile and stays"
