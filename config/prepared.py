"""The one way to run a prepared statement, for the few that run on every request.

Everything else goes through the ORM. Where the database is, is in `database.py`.
"""

from collections.abc import Sequence
from typing import Any, Self, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections


class _PreparedCursor(psycopg.Cursor[Any]):
    """Django's own cursor fills parameters in on the client, so nothing of it can be prepared."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        return super().execute(query, params, **(options | {"prepare": True}))


class _LoggedPreparedCursor(_PreparedCursor):
    """psycopg forgets a prepared query, and Django's query log reads it from here."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        try:
            return super().execute(query, params, **options)
        finally:
            self._query = self._convert_query(query, params)


def prepared_row(statement: str, params: Sequence[Any]) -> tuple[Any, ...] | None:
    """The first row of a statement that PostgreSQL plans once per connection; None without a row.

    It runs on Django's default connection, inside the transaction there, and is counted and
    logged as any query. Parameters are bound by the server, so a bare `%s` may need a cast;
    `jsonb` arrives as text.
    """
    return cast("tuple[Any, ...] | None", _executed(statement, params).fetchone())


def prepared_rows_alone(statement: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """As `prepared_rows`, for a function that is a transaction of its own and all there is to do.

    Where this thread has no connection open yet, one is borrowed from the pool for this alone.
    """
    connection: Any = connections[DEFAULT_DB_ALIAS]
    if connection.connection is not None or connection.queries_logged or not connection.pool:
        return prepared_rows(statement, params)
    with connection.wrap_database_errors, connection.borrowed() as raw:
        return _cursor_of(raw).execute(statement, params).fetchall()


def prepared_rows(statement: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows of such a statement; otherwise as `prepared_row`."""
    return cast("list[tuple[Any, ...]]", _executed(statement, params).fetchall())


def _executed(statement: str, params: Sequence[Any]) -> Any:
    connection = connections[DEFAULT_DB_ALIAS]
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    # Any: the stubs want the very wrapper that these two methods make.
    raw: Any = connection.connection
    if connection.queries_logged:
        wrapped: Any = connection.make_debug_cursor(cast(Any, _LoggedPreparedCursor(raw)))
    else:
        wrapped = connection.make_cursor(cast(Any, _cursor_of(raw)))
    wrapped.execute(statement, list(params))
    return wrapped


def _cursor_of(raw: Any) -> _PreparedCursor:
    """One cursor for the life of a connection: making one costs half as much as a decision."""
    cursor: _PreparedCursor | None = getattr(raw, "prepared_cursor", None)
    if cursor is None or cursor.closed:
        cursor = raw.prepared_cursor = _PreparedCursor(raw)
    return cursor
