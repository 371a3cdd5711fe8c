"""`POST /v1/executions`: what ran is shown in the console, and stays as it ended."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.http import HttpResponse

from audit.models import Event
from orgs.tenancy import bound
from projects.models import Execution
from tests.factories import Cast, sign_in
from tests.projects.api.rooms import Room
from tests.projects.factories import make_project, make_resource
from tests.projects.keys import Platform, make_account, make_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(cast: Cast) -> Room:
    return Room(cast.acme)


def record(room: Room, **said: object) -> HttpResponse:
    headers = {name.rstrip("_"): said.pop(name) for name in list(said) if name.endswith("_")}
    return room.platform.post("/v1/executions", said, **headers)


def execution(room: Room, pk: str) -> Execution:
    with bound(room.org.pk):
        return Execution.objects.in_org(room.org.pk).get(pk=pk)


@pytest.mark.requirement("S1-060")
def test_a_run_is_shown_in_the_console_with_what_ran_and_for_whom(room: Room, cast: Cast) -> None:
    workflow = make_resource(room.project, "workflow", "Nightly figures")
    call = room.verify(resource=str(workflow.pk))
    response = record(
        room,
        resource=str(workflow.pk),
        verification=call["id"],
        summary="Figures of <b>March</b>",
        state="failed",
        started_at="2026-03-01T12:00:00Z",
        finished_at="2026-03-01T14:00:41+02:00",
        detail={"rows": 3},
    )
    said = response.json()
    assert response.status_code == 201, said
    assert said["project"] == str(room.project.pk)
    assert said["started_by"] == str(room.member.pk)
    row = execution(room, said["id"])
    assert (row.key_id, str(row.verification_id)) == (room.key.pk, call["id"])
    assert (row.finished_at - row.started_at).total_seconds() == 41
    page = sign_in(cast.adam).get(cast.url("executions/")).content.decode()
    for words in ("Figures of &lt;b&gt;March", "Nightly figures", room.member.name, "Failed"):
        assert words in page


@pytest.mark.requirement("S1-060")
def test_a_proof_is_shown_and_entered_in_the_ledger(room: Room, cast: Cast) -> None:
    said = record(room, kind="proof", summary="Backups restore", project=str(room.project.pk))
    assert said.status_code == 201
    assert "Proof" in sign_in(cast.adam).get(cast.url("executions/?kind=proof")).content.decode()
    with bound(room.org.pk):
        entry = Event.objects.filter(
            organization_id=room.org.pk, action="execution.recorded", target_id=said.json()["id"]
        ).get()
    assert entry.actor_kind == "service"
    assert entry.actor_id == room.platform.token.account_id


@pytest.mark.parametrize("kind", ["run", "conversation", "log"])
def test_what_is_no_proof_is_a_record_itself(room: Room, kind: str) -> None:
    before = ledger_length(room)
    assert record(room, kind=kind).status_code == 201
    assert ledger_length(room) == before


def ledger_length(room: Room) -> int:
    with bound(room.org.pk):
        return Event.objects.filter(organization_id=room.org.pk).count()


def test_a_run_goes_on_under_its_id_and_stays_as_it_ended(room: Room) -> None:
    pk = str(uuid4())
    started = record(room, id=pk, state="running", summary="Started")
    assert (started.status_code, started.json()["finished_at"]) == (201, None)
    assert record(room, id=pk, state="running", summary="Half way").status_code == 200
    ended = record(room, id=pk, state="succeeded")
    assert ended.status_code == 200
    assert ended.json()["finished_at"]
    assert execution(room, pk).summary == "Half way"
    for state in ("running", "failed", "cancelled"):
        late = record(room, id=pk, state=state)
        assert (late.status_code, late.json()["code"]) == (409, "ended")
    assert record(room, id=pk, state="succeeded").json() == ended.json()


def test_it_stays_what_and_where_it_was(room: Room) -> None:
    pk = str(uuid4())
    record(room, id=pk, state="running", project=str(room.project.pk))
    other = make_project(room.org)
    for said in ({"kind": "proof"}, {"project": str(other.pk)}):
        response = record(room, id=pk, state="running", **said)
        assert (response.status_code, response.json()["code"]) == (409, "other_place")


def test_the_same_report_under_one_name_is_one_execution(room: Room) -> None:
    first = record(room, summary="Once", Idempotency_Key_='"run-1"')
    again = record(room, summary="Once", Idempotency_Key_="run-1")
    assert first.content == again.content
    assert again["Idempotent-Replayed"] == "true"
    other = record(room, summary="Twice", Idempotency_Key_="run-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_used")
    with bound(room.org.pk):
        assert Execution.objects.in_org(room.org.pk).count() == 1


def test_what_is_not_of_this_organization_is_missing(room: Room, cast: Cast) -> None:
    foreign = Room(cast.umbrella)
    agent = make_resource(foreign.project)
    call = foreign.verify()["id"]
    nothing = str(uuid4())
    for said in (
        {"project": str(foreign.project.pk)},
        {"project": nothing},
        {"resource": str(agent.pk)},
        {"resource": nothing},
        {"key": str(foreign.key.pk)},
        {"verification": call},
        {"started_by": str(foreign.member.pk)},
        {"started_by": "nobody@example.com"},
        {"started_by": foreign.member.email},
        {"started_by": "rubbish"},
    ):
        response = record(room, **said)
        (field,) = said
        assert response.status_code == 404, (said, response.content)
        assert response.json()["errors"][0]["field"] == field
        missing = record(room, **{field: nothing}).json()
        assert missing == response.json(), "A foreign id and a missing one are one answer"


def test_a_foreign_id_is_as_free_as_any(room: Room, cast: Cast) -> None:
    foreign = Room(cast.umbrella)
    pk = record(foreign, summary="Secret").json()["id"]
    response = record(room, id=pk, summary="Mine")
    assert response.status_code == 201, "Whether another has an id is nobody's business"
    assert execution(room, pk).summary == "Mine"
    assert execution(foreign, pk).summary == "Secret"


def test_a_resource_of_another_project_is_missing(room: Room) -> None:
    agent = make_resource(make_project(room.org))
    response = record(room, project=str(room.project.pk), resource=str(agent.pk))
    assert (response.status_code, response.json()["errors"][0]["field"]) == (404, "resource")


@pytest.mark.parametrize("who", ["id", "address"])
def test_who_started_it_is_known_by_id_or_address(room: Room, who: str) -> None:
    said = str(room.member.pk) if who == "id" else f" {room.member.email.upper()} "
    assert record(room, started_by=said).json()["started_by"] == str(room.member.pk)


def test_a_service_accounts_key_started_it_for_nobody(room: Room) -> None:
    key, _ = make_key(room.project, make_account(room.org, projects=(room.project,)))
    response = record(room, key=str(key.pk))
    assert response.status_code == 201
    assert response.json()["started_by"] is None
    assert execution(room, response.json()["id"]).key_id == key.pk


def test_it_ends_after_it_starts(room: Room) -> None:
    response = record(room, started_at="2026-03-01T12:00:00Z", finished_at="2026-03-01T11:59:59Z")
    assert (response.status_code, response.json()["code"]) == (409, "order")
    assert record(room, started_at="2999-01-01T00:00:00Z").status_code == 201


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "7"),
        ("kind", "deed"),
        ("state", "done"),
        ("summary", "s" * 301),
        ("summary", "\0"),
        ("detail", []),
        ("detail", {"x": "y" * 65_536}),
        ("detail", {"x": "\0"}),
        ("detail", {"x\0": 1}),
        ("started_at", "yesterday"),
        ("started_at", "2026-03-01T12:00:00"),
        ("started_at", "9999-12-31T23:59:59-12:00"),
        ("started_at", 1_700_000_000),
        ("started_by", "x" * 300),
    ],
)
def test_a_field_that_is_wrong_is_named(room: Room, field: str, value: object) -> None:
    response = record(room, **{field: value})
    assert response.status_code == 400, response.content
    assert response.json()["errors"][0]["field"] == field


def test_a_number_beyond_all_numbers_is_refused(room: Room) -> None:
    response = room.platform.post("/v1/executions", '{"detail": {"x": [1e999]}}')
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "detail")
    deep = '{"detail": {"x": ' + "[" * 20_000 + "]" * 20_000 + "}}"
    assert room.platform.post("/v1/executions", deep).status_code == 400
    kept = {"text": "\\u0000 is no NUL", "big": 10**40, "float": 1.5}
    response = room.platform.post("/v1/executions", json.dumps({"detail": kept}))
    assert execution(room, response.json()["id"]).detail == kept


def test_only_a_token_that_may_record_reports(room: Room) -> None:
    for scope in ("decide", "audit.read", "members.invite", "scim"):
        assert Platform(room.org, scope).post("/v1/executions", {}).status_code == 403
