"""A clock for the machine of keys: it stands still, for Python and the database alike, until moved.

The functions of the database read it as in `calls.py`; ids of calls begin with its time.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock
from uuid import UUID

from django.apps import apps
from django.db import connection, connections
from django.utils import timezone

from tests.projects.calls import build_clock, id_at

UTC = datetime.UTC
_STATEMENT = """
    CREATE OR REPLACE FUNCTION still.statement_timestamp() RETURNS timestamptz
        LANGUAGE sql STABLE AS $$ SELECT current_setting('still.now')::timestamptz $$;
"""


class StillClock:
    """The one moment that it is."""

    def __init__(self) -> None:
        self.first = datetime.datetime.now(UTC).replace(second=30, microsecond=0)
        self.at = self.first

    def set(self, moment: datetime.datetime) -> None:
        self.at = moment
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('still.now', %s, true),"
                " set_config('search_path', 'still, pg_catalog, public', true)",
                [moment.isoformat()],
            )

    def now(self) -> datetime.datetime:
        return self.at

    def next_id(self) -> UUID:
        return id_at(self.at)


CLOCK = StillClock()


def build() -> None:
    """What it takes, once a database."""
    build_clock()
    with connections["owner"].cursor() as cursor:
        cursor.execute(_STATEMENT)
    connections["owner"].close()


@contextmanager
def standing_still() -> Iterator[None]:
    """Python's half of it; the database's is set by each run."""
    fields = [
        field
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if getattr(field, "default", None) is timezone.now
    ]
    with ExitStack() as stack:
        stack.enter_context(mock.patch("django.utils.timezone.now", CLOCK.now))
        for module in ("verification", "usage"):
            stack.enter_context(mock.patch(f"projects.api.{module}.uuid7", CLOCK.next_id))
        for field in fields:
            stack.enter_context(_defaulting(field))
        yield


@contextmanager
def _defaulting(field: Any) -> Iterator[None]:
    """A field reads its default once, so the clock it was given is put where it keeps it."""
    field.__dict__["_get_default"] = CLOCK.now
    yield
    del field.__dict__["_get_default"]
