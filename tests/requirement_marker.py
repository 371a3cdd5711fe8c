"""The pytest marker `requirement`: which requirement a test shows, and what a run has shown.

A requirement counts as shown when a test that carries its id passed and none of them failed.
`decided` marks what asks the rule book alone: the answer stands, but no page or deed has asked yet,
so it shows nothing by itself and is counted apart.
The sentences stand in requirements.csv. Its column `promised` names those that a whole run must
show (`pytest --all-requirements`); `shown_by` says why no test shows one: `later:` with what has to
be built first, or `reason:` where no test ever can. Kinds: CAP may, DENY may not, MX a row of a
matrix, UI, FLOW, INV invariant, AUD audit, POL policy or limit, LIFE lifecycle, DOC, BP good
practice, SCOPE boundary.
"""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

REQUIREMENTS_FILE = Path(__file__).with_name("requirements.csv")
SHOWN, DECIDED = "requirement", "decided"


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """One sentence that the product keeps."""

    id: str
    kind: str
    requirement: str
    promised: str
    shown_by: str

    @property
    def source(self) -> str:
        return self.id.partition("-")[0]


@cache
def requirements() -> dict[str, Requirement]:
    """Every requirement by its id, in the order of the file."""
    with REQUIREMENTS_FILE.open(encoding="utf-8", newline="") as file:
        return {row["id"]: Requirement(**row) for row in csv.DictReader(file)}


@dataclass
class Tally:
    """What the tests of one run have shown."""

    passed: set[str] = field(default_factory=set)
    decided: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)

    def add(self, report: pytest.TestReport) -> None:
        shown, decided = ids_of(report, SHOWN), ids_of(report, DECIDED)
        if report.failed:
            self.failed |= shown | decided
        # An expected failure that passes by chance shows nothing.
        elif report.when == "call" and report.passed and not hasattr(report, "wasxfail"):
            self.passed |= shown
            self.decided |= decided

    @property
    def shown(self) -> set[str]:
        return self.passed - self.failed

    def missing(self) -> list[str]:
        """The promised requirements that no test has shown."""
        return [r.id for r in requirements().values() if r.promised and r.id not in self.shown]

    def line(self) -> str:
        total = Counter(r.source for r in requirements().values())
        shown = Counter(requirements()[id_].source for id_ in self.shown)
        parts = ", ".join(f"{source} {shown[source]}/{total[source]}" for source in total)
        waiting = len(self.decided - self.failed - self.shown)
        verb = "is" if waiting == 1 else "are"
        more = f"; {waiting} more {verb} decided in the rule book alone" if waiting else ""
        return f"requirements shown: {shown.total()} of {total.total()} ({parts}){more}"


TALLY = pytest.StashKey[Tally]()


def ids_of(report: pytest.TestReport, name: str) -> set[str]:
    return {str(value) for key, value in report.user_properties if key == name}


def marked_ids(item: pytest.Item, name: str) -> list[str]:
    """The ids that a test carries, its class's and module's included."""
    return sorted({id_ for mark in item.iter_markers(name) for id_ in mark.args})


def refuse_unknown(ids: Iterable[str], *, where: str) -> None:
    unknown = [id_ for id_ in ids if id_ not in requirements()]
    if unknown:
        raise pytest.UsageError(f"{where}: no such requirement: {', '.join(unknown)}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-requirements",
        action="store_true",
        help="fail when a promised requirement has no passing test; meant for the whole suite",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requirement(*ids): the requirements that this test shows")
    config.addinivalue_line("markers", "decided(*ids): those that the rule book alone decides here")
    config.stash[TALLY] = Tally()
    config.pluginmanager.register(_Reporter(config.stash[TALLY]), "requirement-reporter")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in (SHOWN, DECIDED):
            ids = marked_ids(item, name)
            refuse_unknown(ids, where=item.nodeid)
            # Properties travel with the report, from a worker of pytest-xdist too.
            item.user_properties.extend((name, id_) for id_ in ids)


class _Reporter:
    """Fills the tally; pytest gives the hook below no config to find it by."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.tally.add(report)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput"):
        return
    promised_missing = (
        session.config.getoption("all_requirements") and session.config.stash[TALLY].missing()
    )
    if promised_missing and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    tally, asked = config.stash[TALLY], config.getoption("all_requirements")
    if asked:
        terminalreporter.write_line(tally.line())
    if asked and tally.missing():
        missing = ", ".join(tally.missing())
        terminalreporter.write_line(f"promised and not shown: {missing}", red=True)
