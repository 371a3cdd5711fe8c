"""The floors: the least that a page and a decision can cost here, and the addresses of the run."""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

import psycopg
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from accounts.models import User
from config import urls
from config.gate import public

ROWS = 50
TABLE = """<!doctype html>
<title>People</title>
<table>
{% for person in people %}
<tr><td>{{ person.id }}</td><td>{{ person.name }}</td><td>{{ person.email }}</td></tr>
{% endfor %}
</table>
"""
ONE_ROW = "SELECT id, email, name FROM accounts_user WHERE id = %s"

BARE_PAGE = "a bare Django view"
PREPARED = "a prepared SELECT"
PREPARED_MEANS = (
    "One row by its primary key, prepared, by bare psycopg on the very connection that the work "
    "next to it uses."
)
BARE_PAGE_MEANS = (
    f"A Django view without any middleware: {ROWS} rows of three columns by one indexed query, "
    "in a template that is nothing but a table."
)


@public
def bare_page(request: HttpRequest) -> HttpResponse:
    people = User.objects.order_by("email").values("id", "name", "email")[:ROWS]
    return HttpResponse(_table().render({"people": people}))


@cache
def _table() -> Any:
    return engines["django"].from_string(TABLE)


urlpatterns = [path("bare/", bare_page), *urls.urlpatterns]


class OneRow:
    """The prepared one-row SELECT: psycopg's own cursor, which Django's connection lends."""

    def __init__(self, raw: psycopg.Connection[Any], ids: list[UUID]) -> None:
        self.cursor = psycopg.Cursor(raw)
        self.ids = ids
        self.turn = 0

    def __call__(self) -> None:
        self.turn = (self.turn + 1) % len(self.ids)
        self.cursor.execute(ONE_ROW, [self.ids[self.turn]], prepare=True)
        assert self.cursor.fetchone()
