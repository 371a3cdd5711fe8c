"""Binding a transaction to one ledger: for the jobs and commands of this app alone.

Requests are bound by `orgs/tenancy.py`, which knows who sends them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection, transaction


@contextmanager
def bound(organization: UUID) -> Iterator[None]:
    """Run in a transaction bound to this ledger; what was bound before returns after."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT bind_organization(%s)", [organization])
        before = cursor.fetchone()
        yield
        cursor.execute("SELECT bind_organization(%s)", [before[0] if before else None])
