"""Cursors of pages: what one says is read back, and what somebody made up is the first page."""

from __future__ import annotations

import base64
import datetime
import json
import uuid
from typing import Any

import pytest

from config.keyset import page_of, read_cursor


class Row:
    def __init__(self, *values: Any) -> None:
        self.first, self.second = values


def cursor_of(said: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode()


@pytest.mark.parametrize(
    "values",
    [
        (datetime.date(2026, 11, 1), uuid.uuid4()),
        (datetime.datetime(2026, 11, 1, 12, 30, 1, 5, tzinfo=datetime.UTC), 7),
        ("Ömer", ""),
    ],
)
def test_a_cursor_says_where_its_page_ends(values: tuple[Any, Any]) -> None:
    page = page_of(
        [Row(*values), Row("next", 1)], ["first", "second"], size=1, backwards=False, first=True
    )
    assert page.newer is None
    assert read_cursor(page.older, 2) == (False, list(values))


@pytest.mark.parametrize(
    "said",
    [
        [">", ["u", 5]],
        [">", ["u", None]],
        [">", ["t", 5]],
        [">", ["d", ["2026"]]],
        [">", ["x", "2026-11-01"]],
        [">", [["u"], "a"]],
        [">", ["u", "a", "b"]],
        [">", {"u": "a"}],
        [">", 1.5],
        [">", "\0"],
        ["?", "a"],
        [[], "a"],
        {"a": 1},
        7,
        None,
    ],
)
def test_what_was_made_up_is_no_cursor(said: object) -> None:
    assert read_cursor(cursor_of(said), 1) == (False, None)
