"""The list of requirements is whole, and the marker counts what the tests have shown."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from tests.requirement_marker import Tally, refuse_unknown, requirements

TESTS = Path(__file__).parents[1]
COUNTS = {"S1": 66, "S2": 169, "S3": 76, "S4": 56}


def report(
    *ids: str,
    outcome: Literal["passed", "failed", "skipped"],
    when: Literal["setup", "call"],
    mark: str = "requirement",
) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid="test_it",
        location=("test_it.py", 1, "test_it"),
        keywords={},
        outcome=outcome,
        longrepr=None,
        when=when,
        user_properties=[(mark, id_) for id_ in ids],
    )


def marked_ids() -> Iterator[tuple[str, str]]:
    """Each id written in a `requirement(...)` mark of a test, with its file."""
    for path in sorted(TESTS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.requirement":
                for argument in node.args:
                    if isinstance(argument, ast.Constant):
                        yield str(argument.value), path.name


def test_every_requirement_is_listed_once() -> None:
    expected = [f"{source}-{n:03}" for source, count in COUNTS.items() for n in range(1, count + 1)]
    rows = (TESTS / "requirements.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [row.partition(",")[0] for row in rows] == expected


def test_every_requirement_is_a_sentence_of_its_own() -> None:
    sentences = [r.requirement for r in requirements().values()]
    assert all(s.endswith(".") and len(s) > 20 for s in sentences)
    assert len(set(sentences)) == len(sentences)


def test_columns_hold_nothing_unforeseen() -> None:
    for requirement in requirements().values():
        assert requirement.kind
        assert requirement.promised in ("", "yes")
        assert not requirement.shown_by or requirement.shown_by.startswith(("later: ", "reason: "))


def test_every_requirement_has_a_test_or_the_reason_why_none_shows_it() -> None:
    marked = {id_ for id_, _ in marked_ids()}
    explained = {r.id for r in requirements().values() if r.shown_by}
    assert sorted(set(requirements()) - marked - explained) == [], "neither a test nor a reason"
    assert sorted(marked & explained) == [], "a test shows it: take the reason out"


def test_what_is_promised_has_a_test_that_needs_no_browser() -> None:
    marked = {id_ for id_, file in marked_ids() if file != "test_journeys.py"}
    assert [r.id for r in requirements().values() if r.promised and r.id not in marked] == []


def test_every_marked_id_exists() -> None:
    assert [(id_, file) for id_, file in marked_ids() if id_ not in requirements()] == []


def test_unknown_id_stops_the_run() -> None:
    with pytest.raises(pytest.UsageError, match="S9-001"):
        refuse_unknown(["S1-001", "S9-001"], where="test_it")


def test_passing_test_shows_its_requirements() -> None:
    tally = Tally()
    tally.add(report("S1-001", "S2-001", outcome="passed", when="call"))
    assert tally.shown == {"S1-001", "S2-001"}
    assert tally.line() == "requirements shown: 2 of 367 (S1 1/66, S2 1/169, S3 0/76, S4 0/56)"


def test_what_the_rule_book_alone_decides_is_not_shown() -> None:
    tally = Tally()
    tally.add(report("S1-001", "S2-001", outcome="passed", when="call", mark="decided"))
    assert tally.shown == set()
    assert tally.line().endswith("; 2 more are decided in the rule book alone")
    tally.add(report("S1-001", outcome="passed", when="call"))
    assert tally.line().endswith("; 1 more is decided in the rule book alone")


def test_one_failing_test_outweighs_a_passing_one() -> None:
    tally = Tally()
    tally.add(report("S1-001", outcome="passed", when="call"))
    tally.add(report("S1-001", outcome="failed", when="setup"))
    assert tally.shown == set()


def test_skipped_test_shows_nothing() -> None:
    tally = Tally()
    tally.add(report("S1-001", outcome="passed", when="setup"))
    tally.add(report("S1-001", outcome="skipped", when="call"))
    assert tally.shown == set()


def test_promised_requirement_without_a_test_is_missing() -> None:
    tally = Tally()
    promised = [r.id for r in requirements().values() if r.promised]
    tally.add(report(*promised[1:], outcome="passed", when="call"))
    assert tally.missing() == promised[:1]
