"""`manage.py serve`: the web process. What it answers is in `config.wsgi` and the URLconf."""

import os
import socket
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from config.database import refuse_unsafe_role


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

    def handle(self, *args: Any, port: int, workers: int, threads: int, **options: Any) -> None:
        # From the settings alone, where a check keeps the demo from serving a network.
        host = settings.BIND_ADDRESS
        _require_free(host, port)
        _require_safe_role()
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
        server.serve()


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


def _require_safe_role() -> None:
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        refuse_unsafe_role(connection)
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error
    finally:
        # The workers open pools of their own.
        connection.close()
        getattr(connection, "close_pool", lambda: None)()
