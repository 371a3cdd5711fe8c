"""`manage.py work`: the process that does the jobs. Which there are is in each app's `tasks.py`."""

import os
import signal
import sys
import threading
import time
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException

from config.logins import refuse_unsafe_role

# The database restarts now and then, and the jobs can wait as long.
SECONDS_BETWEEN_TRIES = 5


class Command(BaseCommand):
    help = "Do what the clock and the console ask for, until Ctrl-C. Several may run at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--beside",
            action="store_true",
            help="end with the process that holds the other end of standard input",
        )

    def handle(self, *args: Any, beside: bool, **options: Any) -> None:
        if beside:
            threading.Thread(target=_end_with_parent, daemon=True).start()
        try:
            refuse_unsafe_role(connections[DEFAULT_DB_ALIAS])
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        while True:
            try:
                # Any: Django's connector alone knows the one for workers.
                connector: Any = app.connector
                with app.replace_connector(connector.get_worker_connector()) as worker:
                    worker.run_worker()
            except ConnectorException as error:
                self.stderr.write(f"The jobs wait for the database: {error.__cause__ or error}")
                time.sleep(SECONDS_BETWEEN_TRIES)
            else:
                return


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
