"""The demo's doors: who they let in, and where they do not exist."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest
from django.core import checks
from django.test import Client
from django.urls import clear_url_caches

from accounts import demo
from accounts import urls as accounts_urls
from accounts.checks import demo_stays_at_home
from audit.models import PLATFORM
from config import urls as config_urls
from tests.accounts.test_sign_in import entries, is_signed_in
from tests.factories import make_person

EVERYWHERE = "0.0.0.0"  # noqa: S104
PARTS = [part for _, parts in demo.CAST for part in parts]


def build_routes() -> None:
    importlib.reload(accounts_urls)
    importlib.reload(config_urls)
    clear_url_caches()


@pytest.fixture
def with_demo(settings) -> Iterator[None]:
    before = settings.DEMO
    settings.DEMO, settings.BIND_ADDRESS = True, "127.0.0.1"
    build_routes()
    yield
    settings.DEMO = before
    build_routes()


@pytest.fixture
def without_demo(settings) -> Iterator[None]:
    before = settings.DEMO
    settings.DEMO = False
    build_routes()
    yield
    settings.DEMO = before
    build_routes()


def test_one_button_for_each_role_of_the_cast(db: None, with_demo: None) -> None:
    for part in PARTS:
        make_person(part.name, part.email)
    page = Client().get("/sign-in/").content.decode()
    for part in PARTS:
        assert f'action="/demo/{part.key}/"' in page
        assert part.role in page
    assert "correct horse battery" not in page


def test_only_those_who_exist_have_a_button(db: None, with_demo: None) -> None:
    make_person("Alice Marlow", "alice.marlow@acme.example")
    page = Client().get("/sign-in/").content.decode()
    assert page.count("/demo/") == 1
    assert Client().post("/demo/oscar/").status_code == 404


def test_button_signs_in_and_is_recorded_like_any_sign_in(db: None, with_demo: None) -> None:
    make_person("Alice Marlow", "alice.marlow@acme.example")
    client = Client()
    assert client.post("/demo/alice/").url == "/"
    assert is_signed_in(client)
    action, outcome, reason, words = entries(PLATFORM)[-1]
    assert (action, outcome, reason) == ("session.started", "done", "Demo")
    assert words["actor"] == "Alice Marlow"


def test_button_changes_who_is_signed_in(db: None, with_demo: None) -> None:
    for key in ("alice", "vera"):
        part = demo.part_of(key)
        make_person(part.name, part.email)
    client = Client()
    client.post("/demo/alice/")
    client.post("/demo/vera/")
    assert "Vera Lindqvist" in client.get("/profile/").content.decode()


def test_button_needs_the_pages_own_form(db: None, with_demo: None) -> None:
    make_person("Alice Marlow", "alice.marlow@acme.example")
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post("/demo/alice/").status_code == 403
    assert Client().get("/demo/alice/").status_code == 405


def test_without_the_demo_there_is_neither_button_nor_route(db: None, without_demo: None) -> None:
    make_person("Alice Marlow", "alice.marlow@acme.example")
    assert "/demo/" not in Client().get("/sign-in/").content.decode()
    assert Client().post("/demo/alice/").status_code == 404


def test_suspended_part_of_the_cast_stays_out(db: None, with_demo: None) -> None:
    make_person("Alice Marlow", "alice.marlow@acme.example", state="suspended", is_active=False)
    assert "/demo/" not in Client().get("/sign-in/").content.decode()
    assert Client().post("/demo/alice/").status_code == 404


@pytest.mark.parametrize(
    ("on", "debug", "address", "refused"),
    [
        (True, False, EVERYWHERE, True),
        (True, False, "192.0.2.4", True),
        (True, False, "::", True),
        (True, False, "bailiwick.example", True),
        (True, False, "127.0.0.1", False),
        (True, False, "127.1.2.3", False),
        (True, False, "::1", False),
        (True, False, "[::1]", False),
        (True, False, "localhost", False),
        (True, True, EVERYWHERE, False),
        (False, False, EVERYWHERE, False),
    ],
)
def test_demo_is_refused_where_a_network_could_reach_it(
    settings, on: bool, debug: bool, address: str, refused: bool
) -> None:
    settings.DEMO, settings.DEBUG, settings.BIND_ADDRESS = on, debug, address
    assert [error.id for error in demo_stays_at_home()] == (["accounts.E001"] if refused else [])
    assert demo.is_open() == (on and not refused)


def test_check_runs_with_all_the_others(settings) -> None:
    settings.DEMO, settings.DEBUG, settings.BIND_ADDRESS = True, False, EVERYWHERE
    found = checks.run_checks(tags=[checks.Tags.security])
    assert "accounts.E001" in [error.id for error in found]
