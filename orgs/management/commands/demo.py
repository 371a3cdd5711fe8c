"""`manage.py demo`: three invented organizations with a year behind them, to look around in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from orgs.demo import further, loading


class Command(BaseCommand):
    help = "Make the demo's organizations, with their people and a year of log."

    def add_arguments(self, parser: CommandParser) -> None:
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument(
            "--if-empty", action="store_true", help="do nothing where there is an organization"
        )
        choice.add_argument(
            "--reset",
            action="store_true",
            help="delete the demo's organizations first, with all that visitors did (needs DEMO=1)",
        )

    def handle(self, *args: Any, if_empty: bool, reset: bool, **options: Any) -> None:
        if loading.OWNER not in settings.DATABASES:
            raise CommandError("Set DATABASE_OWNER_URL: only the owner may write a past.")
        if if_empty and not loading.is_empty():
            return
        if reset:
            self._purge()
        elif loading.is_there():
            raise CommandError("The demo is there already; --reset makes it anew.")
        self.stdout.write("Making the demo: a year in three organizations")
        loading.load(say=self.stdout.write)
        further.told()

    def _purge(self) -> None:
        if not settings.DEMO:
            raise CommandError("--reset deletes organizations, so it works only with DEMO=1.")
        self.stdout.write("Deleting the demo")
        loading.purge(say=self.stdout.write)
