"""`POST /v1/usage`: what was used is settled once, whatever has happened since."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orgs.tenancy import bound
from projects.models import Call, Meter
from tests.factories import Cast
from tests.projects.api.owner import make_price
from tests.projects.api.rooms import Room
from tests.projects.keys import Platform, make_limit

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(cast: Cast) -> Room:
    return Room(cast.acme)


def meter_of(limit) -> Meter:
    with bound(limit.organization_id):
        return Meter.objects.in_org(limit.organization_id).get(pk=limit.pk)


def test_a_report_settles_what_was_set_aside_at_the_price_of_what_was_used(room: Room) -> None:
    make_price(
        "usage-model",
        input_token=3 * 10**15,
        output_token=15 * 10**15,
        cached_input_token=3 * 10**14,
    )
    limits = [make_limit(where, budget=10**18) for where in (room.key, room.group, room.org)]
    call = room.verify(model="usage-model", input_tokens=10, output_tokens=10)
    assert call["reserved"] == "180.00"
    with CaptureQueriesContext(connection) as queries:
        response = room.report(call["id"], input_tokens=7, output_tokens=2, cached_input_tokens=10)
    assert len(queries) == 1
    said = response.json()
    assert response.status_code == 200
    assert (said["cost"], said["estimate"]) == ("54.00", "180.00")
    assert (said["verification"], said["model"]) == (call["id"], "usage-model")
    for limit in limits:
        meter = meter_of(limit)
        assert (meter.spent, meter.reserved) == (54 * 10**9, 0)
    with bound(room.org.pk):
        used = Call.objects.in_org(room.org.pk).get(pk=said["id"])
    assert (used.endpoint, used.key_id) == ("/v1/usage", room.key.pk)
    assert used.units == {"input_token": 7, "output_token": 2, "cached_input_token": 10}


def test_a_cost_of_the_platforms_own_needs_no_price(room: Room) -> None:
    limit = make_limit(room.key, budget=10**12)
    call = room.verify(estimated_cost="1.5", model="nobody prices this")
    assert room.report(call["id"], cost="0.123456789", input_tokens=5).status_code == 200
    assert meter_of(limit).spent == 123_456_789


def test_the_model_that_was_used_is_priced_not_the_one_asked_for(room: Room) -> None:
    make_price("usage-dear", request=10**15)
    call = room.verify(model="usage-cheap")
    said = room.report(call["id"], model="usage-dear", units={"request": 2}).json()
    assert (said["model"], said["cost"]) == ("usage-dear", "2.00")


def test_the_same_report_again_gets_the_same_answer(room: Room) -> None:
    limit = make_limit(room.key, budget=10**12)
    call = room.verify(estimated_cost=1)["id"]
    first = room.report(call, cost=2, Idempotency_Key_="run-7")
    again = room.report(call, cost=2, Idempotency_Key_='"run-7"')
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert "Idempotent-Replayed" not in first.headers
    assert again["Idempotent-Replayed"] == "true"
    assert meter_of(limit).spent == 2 * 10**9


def test_another_body_under_the_same_name_is_refused(room: Room) -> None:
    call, other = room.verify()["id"], room.verify()["id"]
    assert room.report(call, cost=2, Idempotency_Key_="run-8").status_code == 200
    for response in (
        room.report(call, cost=3, Idempotency_Key_="run-8"),
        room.report(other, cost=2, Idempotency_Key_="run-8"),
    ):
        assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_used")
    assert room.report(other, cost=2, Idempotency_Key_="run-9").status_code == 200


def test_a_second_report_of_a_verification_is_refused(room: Room) -> None:
    call = room.verify()["id"]
    assert room.report(call, cost=2, Idempotency_Key_="one").status_code == 200
    for response in (
        room.report(call, cost=2, Idempotency_Key_="two"),
        room.report(call, cost=2),
    ):
        assert (response.status_code, response.json()["code"]) == (409, "settled_before")


def test_a_name_that_was_refused_is_free_again(room: Room) -> None:
    limit = make_limit(room.key, budget=10**12)
    call = room.verify(estimated_cost=1, model="usage-unpriced")["id"]
    refused = room.report(call, input_tokens=4, Idempotency_Key_="again")
    assert (refused.status_code, refused.json()["code"]) == (422, "no_price")
    assert "import prices" in refused.json()["detail"]
    assert meter_of(limit).reserved == 10**9
    assert room.report(call, cost=1, Idempotency_Key_="again").status_code == 200
    assert meter_of(limit).reserved == 0


def test_a_name_that_looks_like_a_verifications_is_only_a_name(room: Room) -> None:
    call = room.verify()["id"]
    assert room.report(call, cost=1, Idempotency_Key_=f"verification {call}").status_code == 200


@pytest.mark.parametrize("name", ["", " ", "a" * 256, 'half"quoted', "\u00e9", "tab\tbed"])
def test_a_name_that_is_none_is_refused(room: Room, name: str) -> None:
    response = room.report(room.verify()["id"], cost=1, Idempotency_Key_=name)
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key")


def test_a_verification_of_nobody_here_is_missing(room: Room, cast: Cast) -> None:
    refused = room.verify(action="org.delete")["id"]
    foreign = Room(cast.umbrella).verify()["id"]
    for call in (refused, foreign, "00000000-0000-4000-8000-000000000000"):
        response = room.report(call, cost=1)
        assert (response.status_code, response.json()["code"]) == (404, "verification_unknown")


def test_only_a_token_that_may_record_reports(room: Room) -> None:
    call = room.verify()["id"]
    said = {"verification": call, "cost": 1}
    assert Platform(room.org, "decide").post("/v1/usage", said).status_code == 403
    room.platform.text = room.text
    assert room.report(call, cost=1).status_code == 401


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "body"),
        ({"cost": "-1"}, "cost"),
        ({"cost": "NaN"}, "cost"),
        ({"input_tokens": -1}, "input_tokens"),
        ({"input_tokens": "5"}, "input_tokens"),
        ({"units": {"input_token": 1}, "input_tokens": 2}, "body"),
        ({"units": {"image": -2}}, "units"),
        ({"units": [1]}, "units"),
        ({"cost": 1, "model": "m" * 201}, "model"),
    ],
)
def test_a_report_that_says_nothing_right_names_the_field(
    room: Room, said: dict, field: str
) -> None:
    response = room.report(room.verify()["id"], **said)
    assert response.status_code == 400, response.content
    assert response.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("amount", ["1e-99999999999999999999", "0e99999999999999999999"])
def test_a_unit_with_an_exponent_beyond_all_numbers_is_refused(room: Room, amount: str) -> None:
    said = f'{{"verification": "{room.verify()["id"]}", "units": {{"image": {amount}}}}}'
    response = room.platform.post("/v1/usage", said)
    assert response.status_code == 400, response.content
    assert response.json()["errors"][0]["field"] == "units"


def test_what_ran_while_the_key_was_revoked_is_recorded(room: Room) -> None:
    limit = make_limit(room.key, budget=10**12)
    call = room.verify(estimated_cost=1)["id"]
    with bound(room.org.pk), connection.cursor() as cursor:
        cursor.execute("UPDATE projects_key SET revoked_at = now() WHERE id = %s", [room.key.pk])
    assert room.platform.verify(room.text).status_code == 401
    assert room.report(call, cost=2).status_code == 200
    assert meter_of(limit).spent == 2 * 10**9


def test_what_was_used_beyond_the_budget_is_recorded(room: Room) -> None:
    limit = make_limit(room.key, budget=10**9)
    call = room.verify(estimated_cost="0.5")["id"]
    for _ in range(3):
        assert room.report(call, cost=10**9).status_code == 200
    assert meter_of(limit).spent == 10**18
    assert room.verify()["binding"]["remaining"] == "0.00"
