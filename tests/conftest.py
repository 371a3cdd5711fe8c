"""What every test stands on: a database migrated by its owner and used as the web role."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import hypothesis
import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import Client
from psycopg.conninfo import make_conninfo

from config import database, logins, portal
from tests.factories import Cast, make_cast
from tests.portal import lend_portal, putting_on_the_portal, take_back_portal

pytest_plugins = ["tests.requirement_marker"]

# How long an example takes says nothing here: much else runs on the same machine.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_db_blocker: pytest.FixtureDef
) -> Iterator[None]:
    """A database of this run's own; the tests then know nothing but the web role."""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    suffix = re.sub(r"\W", "", os.environ.get("TEST_DATABASE_SUFFIX", ""))
    name = "_".join(filter(None, ["test_bailiwick", suffix, worker]))
    urls = database.urls(settings.BASE_DIR, os.environ)
    admin = urls.admin or os.environ.get("DATABASE_ADMIN_URL") or urls.owner
    assert admin, "Set DATABASE_OWNER_URL or DATABASE_ADMIN_URL to run the tests."
    keep = request.config.getvalue("reuse_db")
    with django_db_blocker.unblock():
        if not keep:
            _drop(admin, name)
        logins.prepare(
            admin,
            web_url=make_conninfo(urls.web, dbname=name),
            owner_url=make_conninfo(urls.owner or "", dbname=name),
            portal_url=make_conninfo(urls.portal, dbname=name) if urls.portal else None,
            say=lambda line: None,
            for_tests=True,
        )
        for alias in settings.DATABASES:
            connections[alias].close()
            connections[alias].settings_dict["NAME"] = name
            settings.DATABASES[alias]["NAME"] = name
        call_command("migrate", database="owner", verbosity=0)
        connections["owner"].close()
        lent = lend_portal(admin)
    yield
    with django_db_blocker.unblock():
        take_back_portal(lent)
        for connection in connections.all():
            connection.close()
            getattr(connection, "close_pool", lambda: None)()
        if not keep:
            _drop(admin, name)


def _drop(admin: str, name: str) -> None:
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(autouse=True)
def _portal_in_this_transaction(request: pytest.FixtureRequest, monkeypatch) -> None:
    """Where a test is one transaction, the portal's role is put on inside of it: its own connection
    would see nothing of the test. With real commits the portal logs in as itself."""
    if "db" in request.fixturenames:
        monkeypatch.setattr(portal, "as_portal", putting_on_the_portal)


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture(autouse=True)
def _nothing_is_left_on_the_disk(settings) -> None:
    settings.CHECKPOINT_DIRECTORY = ""


@pytest.fixture
def cast(db: None) -> Cast:
    """Alice owns Acme, Adam administers it, Mia, Vera and Eddie; Oscar owns Umbrella; Sam."""
    return make_cast()


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=True)


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Real commits on real connections. The ledger cannot be emptied, so nothing is cleaned up:
    such a test works in organizations of its own."""
    with django_db_blocker.unblock():
        yield
        connections["default"].close()
