"""Usage as a file: the same numbers as the log, safe to open, and no more than one may see."""

from __future__ import annotations

import csv
import datetime
import io
import json
from typing import Any
from uuid import uuid4

import pytest

from audit.events import Event
from audit.queries import recent
from billing.actions.plans import plan_write
from billing.export_columns import Form
from billing.export_lines import Lines
from billing.plans import PLANS
from billing.queries import usage_export
from config.roles import Permission, Role
from orgs.access import Access
from orgs.tenancy import bound
from tests.billing.usage.added import add_up, log_here
from tests.factories import Cast, make_group, make_member, make_person, make_seat, sign_in
from tests.projects.factories import make_group_role, make_project
from tests.projects.keys import make_key

UTC = datetime.UTC
NOON = datetime.datetime(2026, 10, 20, 12, tzinfo=UTC)
OCTOBER = "since=2026-10-01&until=2026-10-31"

pytestmark = pytest.mark.django_db


def export(cast: Cast, query: str, person: Any = None, status: int = 200) -> str:
    response = sign_in(person or cast.alice).get(cast.url(f"usage/export/?{OCTOBER}&{query}"))
    assert response.status_code == status
    return text_of(response)


def text_of(response: Any) -> str:
    parts = response.streaming_content if response.streaming else [response.content]
    return b"".join(parts).decode()


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def logged(cast: Cast) -> dict[str, Any]:
    project = make_project(cast.acme, "Parcels")
    group = make_group(cast.acme, "Robots")
    key, _ = make_key(project, cast.member(cast.alice), "Night shift")
    known = {
        "project": project.pk,
        "group": group.pk,
        "person": cast.member(cast.alice).pk,
        "key": key.pk,
    }
    units = {"input_token": 1200, "output_token": 34}
    for n in range(3):
        log_here(cast.acme, at=NOON, model="m", task="t", allowed=n > 0, **known)
    log_here(
        cast.acme, at=NOON, endpoint="/v1/usage", model="m", task="t", cost=1_500_000_001,
        units=units, **known,
    )  # fmt: skip
    log_here(cast.acme, at=NOON + datetime.timedelta(days=1), key=uuid4(), model="other")
    log_here(cast.acme, at=NOON + datetime.timedelta(days=30), model="later")
    add_up()
    return known


@pytest.mark.requirement("S1-034")
def test_days_come_with_names_ids_and_money_in_both_forms(
    cast: Cast, logged: dict[str, Any]
) -> None:
    rows = table(export(cast, "lines=day&format=csv"))
    assert [row["day"] for row in rows] == ["2026-10-20", "2026-10-21"]
    first = rows[0]
    assert (first["project"], first["cost_centre"]) == ("Parcels", "Robots")
    assert (first["person"], first["key"]) == (cast.alice.name, "Night shift")
    assert first["project_id"] == str(logged["project"])
    assert (first["verifications"], first["refused"]) == ("3", "1")
    assert (first["tokens_in"], first["tokens_out"]) == ("1200", "34")
    assert (first["cost"], first["cost_nano"]) == ("1.500000001", "1500000001")
    assert (rows[1]["key"], rows[1]["project"], rows[1]["cost"]) == (
        "A deleted key",
        "",
        "0.000000000",
    )
    head, *lines, end = map(json.loads, export(cast, "lines=day&format=jsonl").splitlines())
    assert head["schema"] == "bailiwick.usage.day/1"
    assert (head["since"], head["until"]) == ("2026-10-01", "2026-10-31")
    assert head["columns"] == list(first) == list(lines[0])
    assert end == {"schema": "bailiwick.usage.day/1", "lines": 2}
    assert lines[0]["cost_nano"] == 1_500_000_001
    assert lines[0]["cost"] == "1.500000001"
    assert lines[1]["project"] is None


def test_requests_come_one_by_one(cast: Cast, logged: dict[str, Any]) -> None:
    rows = table(export(cast, "lines=request&format=csv"))
    assert len(rows) == 5
    assert sum(row["endpoint"] == "/v1/keys/verify" for row in rows) == 4
    assert sum(int(row["cost_nano"]) for row in rows) == 1_500_000_001
    assert {row["at"] for row in rows[:4]} == {"2026-10-20 12:00:00"}
    assert [row["allowed"] for row in rows].count("false") == 1
    _, *lines, end = map(json.loads, export(cast, "lines=request&format=jsonl").splitlines())
    assert end["lines"] == len(lines) == 5
    assert {"input_token": 1200, "output_token": 34} in [one["units"] for one in lines]
    assert lines[0]["at"] == "2026-10-20T12:00:00.000000Z"
    assert "ip" not in lines[0]


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("model=m", 1),
        ("model=(none)", 0),
        ("project=(none)", 1),
        ("project={project}", 1),
        ("key={key}&task=t", 1),
        ("group={group}&model=other", 0),
    ],
)
def test_the_filters_of_the_page_hold(
    cast: Cast, logged: dict[str, Any], query: str, days: int
) -> None:
    said = query.format(**logged)
    assert len(table(export(cast, f"lines=day&format=csv&{said}"))) == days
    lines = export(cast, f"lines=request&format=jsonl&{said}").splitlines()
    assert json.loads(lines[-1])["lines"] == (0, 4 if "project=(" not in query else 1)[days]
    assert json.loads(lines[0])["filters"]


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '"=1', " '=1", "\u3000\uff1d1"),
        "a,b\nc",
        '"a" - b',
    ],
)
def test_no_cell_is_a_formula(cast: Cast, text: str) -> None:
    key, _ = make_key(cast.acme, cast.member(cast.alice), "Key")
    with bound(cast.acme.pk):
        type(key).objects.in_org(cast.acme).filter(pk=key.pk).update(name=text)
    log_here(cast.acme, at=NOON, model=text, task=text, key=key.pk)
    add_up()
    safe = text if text[:2] in ("a,", '"a') else f"'{text}"
    for lines in ("day", "request"):
        row = table(export(cast, f"lines={lines}&format=csv"))[0]
        assert (row["model"], row["task"], row["key"]) == (safe, safe, safe)
        parts = export(cast, f"lines={lines}&format=jsonl").splitlines()
        assert json.loads(parts[1])["model"] == text
        assert json.loads(parts[1])["key"] == text


@pytest.mark.requirement("S2-017")
def test_names_and_ids_that_one_may_not_see_are_withheld(
    cast: Cast, logged: dict[str, Any]
) -> None:
    """Several of them become one line, as on the page; naming one finds nothing."""
    other = make_project(cast.acme, "Hidden")
    log_here(cast.acme, at=NOON, model="m", task="t", **(logged | {"project": other.pk}))
    add_up()
    clerk = make_person("Bill")
    office = make_group(cast.acme, "Office")
    make_seat(office, make_member(cast.acme, Role.MEMBER, clerk))
    make_group_role(office, Role.BILLING_VIEWER)
    for lines in ("day", "request"):
        text = export(cast, f"lines={lines}&format=csv", clerk)
        for secret in ("Parcels", "Hidden", str(logged["project"]), str(other.pk), "Night shift"):
            assert secret not in text
        assert "A project you do not see" in text
        assert table(export(cast, f"lines={lines}&format=csv&project={other.pk}", clerk)) == []
    rows = table(export(cast, "lines=day&format=csv", clerk))
    assert [row["verifications"] for row in rows] == ["4", "1"]


def test_money_is_left_out_for_who_may_not_see_it(
    cast: Cast, logged: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    can = Access.can
    monkeypatch.setattr(
        Access, "can", lambda self, p, *a: p != Permission.BILLING_VIEW_COSTS and can(self, p, *a)
    )
    for lines in ("day", "request"):
        text = export(cast, f"lines={lines}&format=csv")
        assert "cost_nano" not in text
        assert "1.500000001" not in text
        assert "USD" not in text


@pytest.mark.requirement("S1-047")
def test_who_exported_what_is_in_the_ledger(cast: Cast, logged: dict[str, Any]) -> None:
    export(cast, "lines=day&format=csv")
    export(cast, "lines=request&format=jsonl")
    export(cast, "")
    with bound(cast.acme.pk):
        told = [one for one in recent(cast.acme.pk, 5) if one.action == Event.USAGE_EXPORTED.value]
    assert len(told) == 2
    newest = str(told[0])
    assert "4 verifications" in newest
    assert "2026-10-01 to 2026-10-31" in newest


def test_the_page_says_how_much_it_is(cast: Cast, logged: dict[str, Any]) -> None:
    page = export(cast, "")
    assert "2 lines for the days above" in page
    assert "4 verifications" in page
    page = export(cast, "model=m&lines=request")
    assert "1 line for" in page


def test_what_cannot_be_read_exports_nothing(cast: Cast, logged: dict[str, Any]) -> None:
    for query in ("key=nonsense&format=csv", "since=2026-13-01&format=csv"):
        page = export(cast, query, status=422)
        assert "Nothing was exported" in page


def test_a_download_that_is_broken_off_leaves_nothing_behind(
    cast: Cast, logged: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_export, "BLOCK", 1)
    with bound(cast.acme.pk):
        asked = usage_export.Export(
            organization=cast.acme.pk,
            lines=Lines.REQUEST,
            form=Form.CSV,
            start=datetime.date(2026, 10, 1),
            end=datetime.date(2026, 11, 1),
            costs=True,
            names=usage_export.names_of(cast.acme.pk),
        )
    blocks = usage_export.export_blocks(asked)
    assert next(blocks).startswith(b"at,day,id")
    blocks.close()  # type: ignore[attr-defined]
    assert len(table(export(cast, "lines=request&format=csv"))) == 5


def test_role_and_plan_both_have_to_allow_it(cast: Cast) -> None:
    for person in (cast.mia, cast.vera, cast.eddie):
        assert export(cast, "format=csv", person, status=302) == ""
    with bound(cast.acme.pk):
        plan_write(cast.acme, PLANS["free"])
    assert export(cast, "format=csv", status=302) == ""
