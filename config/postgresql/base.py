"""The database engine: Django's own, but for how it makes sure that a connection still stands.

Django's pool asks the server, which costs every request a round trip. A server that closes a
connection says so, and then there is something to read; on one that stands idle there is nothing.
"""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    """Needs CONN_HEALTH_CHECKS off: the pool would ask the server besides."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Raises OperationalError when the pool gets no other in time for what was closed."""
        connection = super().get_new_connection(conn_params)
        while self.pool and not _stands(connection):
            connection.close()
            self.pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection

    @contextmanager
    def borrowed(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection of the pool for one statement that commits by itself.

        Without what Django sets up for a request and takes down again. Raises LookupError where
        there is no pool.
        """
        if self.pool is None:
            raise LookupError("Nothing to borrow from: there is no pool.")
        self.pool.open()
        connection = self._lent()
        try:
            yield connection
        finally:
            self.pool.putconn(connection)

    def _lent(self) -> psycopg.Connection[Any]:
        connection: psycopg.Connection[Any] = self.pool.getconn()
        while not _stands(connection):
            # The pool opens another for one that comes back closed.
            connection.close()
            self.pool.putconn(connection)
            connection = self.pool.getconn()
        return connection


def _stands(connection: psycopg.Connection[Any]) -> bool:
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if not poll.poll(0):
        return True
    # Mostly the last word of the server; a notice to everyone is no reason to part.
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.Error:
        return False
    return True
