"""Exports that are read slowly: a few at once, and the console keeps its connections."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections

from config import export_places
from config.export_places import MOST
from tests.billing.usage.test_usage_export import text_of
from tests.factories import Cast, sign_in

pytestmark = pytest.mark.django_db
FILE = "usage/export/?format=csv"


@pytest.fixture(autouse=True)
def _all_free() -> Any:
    yield
    assert export_places._free._value == MOST, "a place was not given back"


def gone(response: Any) -> None:
    """As the server closes what nobody reads any more; the test keeps its own connection."""
    request_finished.disconnect(close_old_connections)
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)


def test_a_few_are_written_at_once_and_the_next_is_told_to_wait(cast: Cast) -> None:
    client = sign_in(cast.alice)
    open_ones = [client.get(cast.url(FILE)) for _ in range(MOST)]
    assert {each.status_code for each in open_ones} == {200}
    late = client.get(cast.url(FILE))
    assert (late.status_code, late.headers["Retry-After"]) == (429, "30")
    assert "Several exports are being written" in late.content.decode()
    text_of(open_ones[0])
    again = client.get(cast.url(FILE))
    assert again.status_code == 200
    for each in [*open_ones, again]:
        gone(each)


def test_whoever_goes_away_gives_the_place_back(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "billing.views.usage_export.export_blocks", lambda export: itertools.repeat(b"a line\n")
    )
    client = sign_in(cast.alice)
    for _ in range(MOST + 1):
        response = client.get(cast.url(FILE))
        assert response.status_code == 200
        next(iter(response))
        # The client's own way to close it, which keeps the connection of the test.
        response._iterator.close()  # type: ignore[attr-defined]


def test_one_that_is_never_read_gives_it_back_too(cast: Cast) -> None:
    client = sign_in(cast.alice)
    for _ in range(MOST + 1):
        response = client.head(cast.url(FILE))
        assert response.status_code == 200
        gone(response)


def test_one_that_fails_gives_it_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: Any) -> None:
        raise LookupError("on purpose")

    monkeypatch.setattr("billing.views.usage_export.usage_record_export", fails)
    client = sign_in(cast.alice)
    for _ in range(MOST + 1):
        with pytest.raises(LookupError):
            client.get(cast.url(FILE))
