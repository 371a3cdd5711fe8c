"""The platform portal's own connection, which logs in as a role that may see containers only.

Which rights that role has is in `orgs/portal/rights.py`; which requests run on it, in the wall
around each request (`orgs/tenancy.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.core import checks
from django.db import DEFAULT_DB_ALIAS, connections

ALIAS = "portal"

_asks: ContextVar[bool] = ContextVar("the portal asks", default=False)


def is_open() -> bool:
    """Has the portal a role to log in as? Without one it is shut: nobody else's will do."""
    return ALIAS in settings.DATABASES


def is_asking() -> bool:
    """Does what is asked of the database now come from the portal's role?"""
    return _asks.get()


@contextmanager
def asking() -> Iterator[None]:
    """For whoever puts the role on; the ledger has another door for it."""
    token = _asks.set(True)
    try:
        yield
    finally:
        _asks.reset(token)


@contextmanager
def as_portal() -> Iterator[None]:
    """Everything that this thread asks of the database in here is asked as the portal's role.

    The portal's connection takes the place of the default one, for this thread alone. A router
    could not do it: transactions, cursors and prepared statements name the default.
    """
    before = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = connections[ALIAS]
    try:
        with asking():
            yield
    finally:
        connections[DEFAULT_DB_ALIAS] = before


def portal_has_a_role(**_: Any) -> list[checks.CheckMessage]:
    if is_open():
        return []
    return [
        checks.Warning(
            "DATABASE_PORTAL_URL is not set: the platform portal is shut.",
            hint="Name a third role there, and let `manage.py prepare_database` make it.",
            id="portal.W001",
        )
    ]
