"""Each route, called as outsiders: what exists and what does not must be told apart by nothing.

Three outsiders: an owner of another organization under their own address and under the foreign
one, and a superadmin under the foreign one. Each asks with ids that exist in the organization that
is tried, and with ids that exist nowhere. Status, what the page says, where it leads and how many
statements it took must be equal; times are told, since no test can hold them still.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Protocol

from django.db import connection, transaction
from django.http import HttpResponseBase

from config.gate import Kind
from orgs.isolation.routes import Route
from orgs.isolation.samples import Samples, Values, candidates

METHODS = ("get", "post")
# What is new in every answer: the masked token of a form, and the id of the request.
_FRESH = re.compile(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+|[0-9a-f]{32}')


class Caller(Protocol):
    """A signed-in client, as Django's for tests is one."""

    def get(self, path: str) -> Any: ...
    def post(self, path: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What an outsider can see of an answer. The time is no part of being equal."""

    status: int
    says: str
    leads_to: str
    statements: int
    seconds: float = field(compare=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """A route that told what exists from what does not, and by what."""

    route: str
    method: str
    outsider: str
    told_by: str


@dataclass(slots=True)
class Report:
    """What was called, what was found, and the routes for which nothing existed to ask for."""

    organization: str
    called: int = 0
    pairs: int = 0
    findings: list[Finding] = field(default_factory=list)
    unopened: list[str] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)

    @property
    def time_ratio(self) -> float:
        """How much longer what exists took than what does not, in the middle of all pairs."""
        return median(self.ratios) if self.ratios else 1.0


@dataclass(frozen=True, kw_only=True)
class Outsider:
    """Who calls, and the address of the organization under which they do."""

    name: str
    client: Caller
    slug: str


def walk(
    routes: list[Route],
    *,
    insider: Caller,
    outsiders: list[Outsider],
    slug: str,
    samples: Samples,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Call every route under an organization's address; nothing that a call did remains."""
    report = Report(slug)
    known: dict[str, Values] = {}
    inside = [route for route in routes if route.is_inside and route.kind is not Kind.SERVICE]
    for number, route in enumerate(inside, 1):
        if progress:
            progress(number, len(inside))
        values = _opening(route, insider, slug, samples, known.get(route.noun, {}))
        if values is None:
            report.unopened.append(route.name)
            continue
        known[route.noun] = known.get(route.noun, {}) | values
        for outsider in outsiders:
            for method in METHODS:
                _compare(report, route, method, outsider, slug, values)
    return report


def _opening(
    route: Route, insider: Caller, slug: str, samples: Samples, known: Values
) -> Values | None:
    """Values with which an owner of the organization finds something there."""
    if not route.parts:
        return {}
    for values in candidates(route, samples, known):
        answer = _ask(insider, "get", route.address(slug=slug, **values))
        if answer.status not in (404, 500):
            return values
    return None


def _compare(
    report: Report, route: Route, method: str, outsider: Outsider, slug: str, values: Values
) -> None:
    """The same call for what exists and for what exists nowhere."""
    missing: Values = {
        name: uuid.uuid4() if kind == "uuid" else values[name] for name, kind in route.parts.items()
    }
    # Under a foreign address it is the organization itself that exists or not.
    elsewhere = outsider.slug if outsider.slug != slug else f"no-{uuid.uuid4().hex[:12]}"
    if elsewhere == outsider.slug and "uuid" not in route.parts.values():
        return
    pair = (
        route.address(slug=outsider.slug, **values),
        route.address(slug=elsewhere, **missing),
    )
    there, nowhere = (_ask(outsider.client, method, address) for address in pair)
    report.called += 2
    report.pairs += 1
    report.ratios.append(there.seconds / max(nowhere.seconds, 1e-6))
    for told_by in _told_by(_without(there, pair[0]), _without(nowhere, pair[1])):
        report.findings.append(Finding(route.name, method, outsider.name, told_by))


def _told_by(there: Answer, nowhere: Answer) -> Iterator[str]:
    if there.status != nowhere.status:
        yield f"status {there.status}, not {nowhere.status}"
    elif there.leads_to != nowhere.leads_to:
        yield "where it leads"
    elif there.says != nowhere.says:
        yield "what it says"
    elif there.statements != nowhere.statements:
        yield f"{there.statements} statements, not {nowhere.statements}"


def _without(answer: Answer, address: str) -> Answer:
    """The answer without the address that was asked for: that is the caller's own."""
    parts = [part for part in address.split("/") if part]

    def blank(text: str) -> str:
        for part in sorted(parts, key=len, reverse=True):
            if len(part) > 8:
                text = text.replace(part, "…")
        return text.replace(address, "…")

    return Answer(
        answer.status,
        blank(answer.says),
        blank(answer.leads_to),
        answer.statements,
        answer.seconds,
    )


def _ask(client: Caller, method: str, address: str) -> Answer:
    """One call, undone."""
    with _undone(), _counted() as statements:
        began = time.perf_counter()
        try:
            response: HttpResponseBase = getattr(client, method)(address)
        except Exception as error:
            # A failure is an answer too, and not the same as none.
            return Answer(500, type(error).__name__, "", 0, time.perf_counter() - began)
        took = time.perf_counter() - began
        body = b"" if response.streaming else response.content  # type: ignore[attr-defined]
    says = _FRESH.sub("", body.decode(errors="replace"))
    leads_to = response.headers.get("Location", "") or response.headers.get("HX-Redirect", "")
    return Answer(response.status_code, says, leads_to, len(statements), took)


@contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def _counted() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen
