"""`manage.py serve`: the web process. What it answers is in `config.wsgi` and the URLconf."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from config import portal
from config.logins import refuse_unsafe_role


class Command(BaseCommand):
    help = "Serve Bailiwick until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--workers", type=int, default=1, help="more than one needs a shared cache"
        )
        parser.add_argument(
            "--threads",
            type=int,
            default=2 * (os.cpu_count() or 1) + 1,
            help="requests at once, in each process",
        )
        parser.add_argument(
            "--no-jobs", action="store_true", help="a `manage.py work` elsewhere does the jobs"
        )

    def handle(
        self,
        *args: Any,
        port: int,
        workers: int,
        threads: int,
        no_jobs: bool,
        **options: Any,
    ) -> None:
        # From the settings alone, where a check keeps the demo from serving a network.
        host = settings.BIND_ADDRESS
        _require_free(host, port)
        for alias in (DEFAULT_DB_ALIAS, portal.ALIAS) if portal.is_open() else (DEFAULT_DB_ALIAS,):
            _require_safe_role(alias)
        server = Server(
            "config.wsgi:application",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=workers,
            blocking_threads=threads,
            log_level=LogLevels.warning,
        )
        shown = f"[{host}]" if ":" in host else host
        server.on_startup(
            lambda: self.stdout.write(f"Bailiwick is at http://{shown}:{port} (Ctrl-C stops it)")
        )
        if no_jobs:
            server.serve()
            return
        with _jobs_beside():
            server.serve()


@contextmanager
def _jobs_beside() -> Iterator[None]:
    """A process for the jobs that ends with this one, however this one ends: its input closes."""
    command = [sys.executable, sys.argv[0], "work", "--beside"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as jobs:
        try:
            yield
        finally:
            jobs.terminate()


def _require_free(host: str, port: int) -> None:
    # Granian shares its port with whoever else asks to, so it would not notice.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} cannot be used: {error.strerror}. "
                f"Try another: make run PORT={port + 1}"
            ) from error


def _require_safe_role(alias: str) -> None:
    connection = connections[alias]
    try:
        refuse_unsafe_role(connection)
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error
    finally:
        # The workers open pools of their own.
        connection.close()
        getattr(connection, "close_pool", lambda: None)()
