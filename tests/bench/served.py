"""What the interface is measured against: views that the measured server alone has.

They go the interface's own short way, past the same middleware; one goes the console's as well.
"""

from __future__ import annotations

import json

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

from config import urls
from config.gate import public
from projects.api import door, routes
from projects.keys import digest

TRIVIAL, SELECT, THREE, CONSOLE = "/v1/trivial", "/v1/select", "/v1/three", "/console/trivial"

FIND = "SELECT meter, spent, most FROM bench_metered WHERE digest = %s FOR UPDATE"
COUNT = "UPDATE bench_metered SET spent = spent + 1 WHERE meter = %s"
WRITE = "INSERT INTO bench_called (at, meter, allowed) VALUES (now(), %s, %s)"

# For the three statements: no wall, no partition, one index each.
TABLES = """
DROP TABLE IF EXISTS bench_metered, bench_called;
CREATE TABLE bench_metered AS
SELECT number AS meter, digest, 0::bigint AS spent, 1000000000::bigint AS most
FROM bench_keys k JOIN projects_keysecret s ON s.key_id = bench_id(22, k.number);
CREATE UNIQUE INDEX ON bench_metered (digest);
CREATE UNIQUE INDEX ON bench_metered (meter);
CREATE TABLE bench_called (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz, meter bigint, allowed boolean
);
"""


@public
def trivial(request: HttpRequest) -> HttpResponse:
    return _answer(True)


@public
def select(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return _answer(cursor.fetchone() == (1,))


@public
def three(request: HttpRequest) -> HttpResponse:
    """As it is often written: find it, count it, log it."""
    asked = digest(json.loads(request.body)["key"])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FIND, [asked])
        meter, spent, most = cursor.fetchone()
        cursor.execute(COUNT, [meter])
        cursor.execute(WRITE, [meter, spent < most])
    return _answer(spent < most)


def _answer(decision: bool) -> HttpResponse:
    return HttpResponse(json.dumps({"decision": decision}), content_type="application/json")


class Door(door.InterfaceMiddleware):
    """The same door, which knows three addresses more."""


routes.WAYS |= {TRIVIAL: trivial, SELECT: select, THREE: three}

urlpatterns = [path(CONSOLE.removeprefix("/"), trivial), *urls.urlpatterns]
