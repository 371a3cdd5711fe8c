"""Two calls held against each other: what exists and what does not must be told apart by nothing.

Status, where it leads, what is said and which statements it took are judged, and whether what is
said shows anything of the organization. A difference counts only if it shows twice and is not there
between two calls for nothing: what is new in each answer tells nobody anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median

from orgs.isolation.calls import Answer, Call, Caller, ask, without
from orgs.isolation.marks import NO_MARKS, Marks
from orgs.isolation.routes import Area, Route

ROUNDS = 7
"""How often a pair is asked where its time is judged."""
MUCH_LONGER = 3.0
LEAST_SECONDS = 0.005


@dataclass(frozen=True, kw_only=True, slots=True)
class Outsider:
    """Who calls, and by what the organization's contents would be known again in an answer."""

    name: str
    client: Caller
    marks: Marks = NO_MARKS


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What told an outsider something, and the two calls that show it."""

    area: Area
    route: str
    method: str
    outsider: str
    told_by: str
    there: str
    nowhere: str = ""


@dataclass(slots=True)
class Report:
    """What was called in one area, what was found, and what could not be tried, with the reason."""

    area: Area
    routes: set[str] = field(default_factory=set)
    calls: int = 0
    pairs: int = 0
    differences: int = 0
    findings: list[Finding] = field(default_factory=list)
    unopened: list[str] = field(default_factory=list)
    untried: list[str] = field(default_factory=list)
    there: list[float] = field(default_factory=list)
    nowhere: list[float] = field(default_factory=list)

    @property
    def time_ratio(self) -> float:
        """How much longer what exists took than what does not: the middle of each."""
        return _ratio(self.there, self.nowhere)


@dataclass(slots=True)
class Trial:
    """Asks and compares on one area's behalf; everything is written into its report."""

    report: Report
    judges_time: bool = False
    progress: Callable[[int, int], None] = lambda done, of: None

    def each(self, routes: list[Route]) -> Iterator[Route]:
        """The routes one after the other, told as they come."""
        for number, route in enumerate(routes, 1):
            yield route
            self.report.routes.add(route.name)
            self.progress(number, len(routes))

    def ask(self, client: Caller, call: Call, *, reads: bool = True) -> Answer:
        self.report.calls += 1
        return ask(client, call, reads=reads)

    def compare(self, route: str, outsider: Outsider, there: Call, nowhere: Call) -> None:
        """The same call for what exists and for what exists nowhere."""
        one, other = self._ask_both(outsider, there, nowhere)
        self.report.pairs += 1
        self.report.there.append(one.seconds)
        self.report.nowhere.append(other.seconds)
        self._search(route, outsider, there, one)
        aspect = _aspect(one, other)
        if aspect:
            self.report.differences += 1
            if self._shows_again(aspect, other, outsider, there, nowhere):
                self._found(route, outsider, _told_by(aspect, one, other), there, nowhere)
        if self.judges_time:
            self._time(route, outsider, there, nowhere)

    def look(self, route: str, outsider: Outsider, call: Call) -> Answer:
        """A call with nothing to compare it to: its answer shows nothing of the organization."""
        answer = without(self.ask(outsider.client, call), call)
        self._search(route, outsider, call, answer)
        return answer

    def _ask_both(self, outsider: Outsider, there: Call, nowhere: Call) -> tuple[Answer, Answer]:
        """What was asked for is left out of both: a page may name it for another reason."""
        one, other = (
            without(self.ask(outsider.client, call), there, nowhere) for call in (there, nowhere)
        )
        return one, other

    def _shows_again(
        self, aspect: str, before: Answer, outsider: Outsider, there: Call, nowhere: Call
    ) -> bool:
        one, other = self._ask_both(outsider, there, nowhere)
        return _seen(aspect, before) == _seen(aspect, other) != _seen(aspect, one)

    def _search(self, route: str, outsider: Outsider, call: Call, answer: Answer) -> None:
        for shown in outsider.marks.shown_in(f"{answer.says}\n{answer.leads_to}"):
            self._found(route, outsider, f"shows {shown}", call, None)

    def _time(self, route: str, outsider: Outsider, there: Call, nowhere: Call) -> None:
        """Judged by hand alone, and generously: on a machine at work no clock holds still."""
        took: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            for times, call in zip(took, (there, nowhere), strict=True):
                times.append(self.ask(outsider.client, call).seconds)
        longest = max(map(median, took)) - min(map(median, took))
        ratio = _ratio(*took)
        if max(ratio, 1 / ratio) > MUCH_LONGER and longest > LEAST_SECONDS:
            self._found(route, outsider, f"{ratio:.1f} times as long", there, nowhere)

    def _found(
        self, route: str, outsider: Outsider, told_by: str, there: Call, nowhere: Call | None
    ) -> None:
        finding = Finding(
            area=self.report.area,
            route=route,
            method=there.method,
            outsider=outsider.name,
            told_by=told_by,
            there=str(there),
            nowhere=str(nowhere or ""),
        )
        self.report.findings.append(finding)


def _ratio(there: list[float], nowhere: list[float]) -> float:
    return median(there) / max(median(nowhere), 1e-6) if there and nowhere else 1.0


def _aspect(there: Answer, nowhere: Answer) -> str:
    """The first thing by which the two are told apart; none where they are equal."""
    for aspect in ("status", "leads_to", "says", "statements"):
        if getattr(there, aspect) != getattr(nowhere, aspect):
            return aspect
    return ""


def _seen(aspect: str, answer: Answer) -> object:
    return getattr(answer, aspect)


def _told_by(aspect: str, there: Answer, nowhere: Answer) -> str:
    if aspect == "status":
        return f"status {there.status}, not {nowhere.status}"
    if aspect == "leads_to":
        return f"leads to {there.leads_to or 'nothing'}, not {nowhere.leads_to or 'nothing'}"
    if aspect == "says":
        return f"says {_first_other(there.says, nowhere.says)}"
    if len(there.statements) != len(nowhere.statements):
        return f"{len(there.statements)} statements, not {len(nowhere.statements)}"
    return "other statements, as many"


def _first_other(there: str, nowhere: str) -> str:
    """The words where the two part, a little of each."""
    at = next(
        (n for n, (a, b) in enumerate(zip(there, nowhere, strict=False)) if a != b),
        min(len(there), len(nowhere)),
    )
    start = max(at - 20, 0)
    one, other = (" ".join(text[start : at + 40].split()) for text in (there, nowhere))
    return f"“{one}”, not “{other}”"
