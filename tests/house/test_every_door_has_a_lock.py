"""Every route says who may pass, and every one that changes something says what it writes."""

from __future__ import annotations

import inspect
from enum import Enum

import pytest
from django.core.checks import run_checks
from django.http import Http404
from django.test import RequestFactory
from django.urls import URLPattern

from audit.events import Event
from config import gate
from config.gate import GateMiddleware, Kind, doors, lock_of

# Sign-in pages belong to a library and are recorded from its own announcements; the portal's pages
# are Django's, and each of its deeds records for itself.
RECORDED_ELSEWHERE = (
    "/admin/",
    "/sign-",
    "/profile/",
    "/password",
    "/demo/",
    "/accounts/",
    "/email",
    # A payment provider tells of many things, and each has an event of its own.
    "/billing/webhook/",
)

# What somebody has read is their own: nobody asks the log about it, and it would fill it.
RECORDS_NOTHING = {"notices_read"}


def test_no_route_stands_open() -> None:
    assert [route for route, door in doors() if lock_of(door.callback) is None] == []
    assert run_checks(tags=["urls"]) == []


def test_a_route_without_a_lock_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    open_door = URLPattern(gate.doors.__globals__["get_resolver"]().pattern, lambda request: None)
    monkeypatch.setattr(gate, "doors", lambda: iter([("/open/", open_door)]))
    (error,) = gate.every_door_has_a_lock()
    assert error.id == "gate.E001"
    assert "/open/" in error.msg


def test_a_view_that_lost_its_lock_is_not_reached() -> None:
    middleware = GateMiddleware(lambda request: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(Http404):
        middleware.process_view(RequestFactory().get("/"), lambda request: None, (), {})


def test_every_door_that_takes_a_form_says_what_it_records() -> None:
    for route, door in doors():
        if route.startswith(RECORDED_ELSEWHERE) or door.name in RECORDS_NOTHING:
            continue
        # The source of a decorated function starts with its decorators: `@require_POST` counts.
        view = inspect.unwrap(door.callback)
        takes_forms = "POST" in inspect.getsource(view)
        lock = lock_of(door.callback)
        assert lock is not None
        if takes_forms:
            assert lock.records is not None, f"{route} takes a form and records nothing"


def test_what_a_door_records_is_in_the_catalogue() -> None:
    for route, door in doors():
        lock = lock_of(door.callback)
        assert lock is not None
        if lock.records is not None:
            assert isinstance(lock.records, Enum)
            assert lock.records in Event, route


def test_under_an_organization_every_door_asks_for_a_permission() -> None:
    for route, door in doors():
        if route.startswith(("/o/", "/admin/")):
            lock = lock_of(door.callback)
            assert lock is not None
            assert lock.kind is Kind.PERMISSION, route


def test_one_deed_has_one_word() -> None:
    """The route's name is the view's name: one grep shows a deed's whole life."""
    for route, door in doors():
        if route.startswith("/o/"):
            assert door.name == inspect.unwrap(door.callback).__name__, route
