"""`POST /v1/keys/verify`: one answer, one call of the database, and nothing it should not say."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config import requests
from config.roles import Permission, Role
from orgs.tenancy import bound
from projects.models import Call, Key
from tests.factories import Cast
from tests.projects.api.owner import make_price
from tests.projects.api.rooms import Room
from tests.projects.factories import make_grant, make_project, make_resource
from tests.projects.keys import Platform, make_account, make_key, make_limit, make_secret

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(cast: Cast) -> Room:
    return Room(cast.acme)


@pytest.mark.requirement("S2-139")
def test_a_key_is_answered_with_its_name_its_limits_and_the_one_that_binds(room: Room) -> None:
    make_limit(room.key, budget=5 * 10**9, rpm=60)
    make_limit(room.project, budget=100 * 10**9)
    said = room.verify(estimated_cost="2.50", model="gpt-4o", task="etl")
    assert said["decision"] is True
    assert said["reason"] == said["message"] == ""
    assert said["key"] == {"id": str(room.key.pk), "name": room.key.name}
    assert said["reserved"] == "2.50"
    assert said["layer"] == "key"
    assert said["binding"]["kind"] == "budget"
    assert said["binding"]["limit"] == "5.00"
    assert said["binding"]["remaining"] == "2.50"
    assert [limit["layer"] for limit in said["limits"]] == ["key", "project"]
    assert said["limits"][1]["budget"]["remaining"] == "97.50"
    assert said["limits"][0]["rpm"] == said["limits"][0]["rpm"] | {"limit": 60, "used": 1}


def test_it_is_one_round_trip(room: Room) -> None:
    make_limit(room.key, budget=10**9, rpm=60)
    room.verify()
    with CaptureQueriesContext(connection) as queries:
        room.verify(estimated_cost="0.1")
    assert len(queries) == 1
    assert "key_verify" in queries[0]["sql"]


@pytest.mark.requirement("S2-154")
def test_every_call_is_logged_with_key_endpoint_and_time(room: Room) -> None:
    before = timezone.now()
    allowed = room.verify(model="m", task="t", ip="10.1.2.3")
    refused = room.verify(action=Permission.AGENTS_CREATE.value)
    with bound(room.org.pk):
        calls = {str(call.pk): call for call in Call.objects.in_org(room.org.pk)}
    call = calls[allowed["id"]]
    assert (call.key_id, call.endpoint, call.allowed) == (room.key.pk, "/v1/keys/verify", True)
    assert (call.model, call.task, call.ip) == ("m", "t", "10.1.2.3")
    assert before <= call.at <= timezone.now()
    assert (calls[refused["id"]].allowed, calls[refused["id"]].reason) == (False, "scope")


def test_what_is_no_key_here_is_one_answer(room: Room, cast: Cast) -> None:
    """Unknown, malformed, truncated, foreign, revoked, expired, rotated out: nothing tells."""
    umbrella = make_project(cast.umbrella)
    _, foreign = make_key(umbrella, make_account(cast.umbrella, projects=(umbrella,)))
    past = timezone.now() - datetime.timedelta(hours=1)
    _, revoked = make_key(room.project, room.member, revoked_at=past)
    _, expired = make_key(room.project, room.member, expires_at=past)
    rotated = make_secret(room.key, ends_at=past)
    texts = {
        "unknown": "bw_live_" + "0" * 48,
        "malformed": "not a key",
        "truncated": room.text[:-1],
        "empty": "",
        "with a space": room.text + " ",
        "foreign": foreign,
        "revoked": revoked,
        "expired": expired,
        "rotated": rotated,
    }
    answers = {}
    for name, text in texts.items():
        with CaptureQueriesContext(connection) as queries:
            response = room.platform.verify(text)
        assert len(queries) == 1, name
        response.headers.pop("X-Request-ID")
        answers[name] = (response.status_code, response.content, tuple(response.headers.items()))
    assert len(set(answers.values())) == 1, answers
    assert answers["unknown"][0] == 401
    with bound(room.org.pk):
        reasons = Call.objects.in_org(room.org.pk).values_list("reason", flat=True)
        assert sorted(reasons) == ["expired", "revoked", "rotated_out", *["unknown"] * 6]


@pytest.mark.parametrize(
    "cost",
    [-1, "-1", "NaN", "1e309", "1e5", True, [], {}, "", " 1", "1,5", "0x10", 10**10, "9999999999"],
)
def test_an_amount_that_is_none_is_refused_by_name(room: Room, cost: object) -> None:
    response = room.platform.verify(room.text, estimated_cost=cost)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["errors"][0]["field"] == "estimated_cost"


@pytest.mark.parametrize("cost", ["NaN", "Infinity", "-Infinity", "1e309", "1e400000000", "-1e-9"])
def test_a_number_that_is_none_is_refused(room: Room, cost: str) -> None:
    body = f'{{"key": "{room.text}", "action": "workflows.execute", "estimated_cost": {cost}}}'
    assert room.platform.post("/v1/keys/verify", body).status_code == 400


@pytest.mark.parametrize(
    ("cost", "nano"),
    [
        ("0.1", 100_000_000),
        ("1e-7", 100),
        ("0.0000000001", 1),
        ("123456789.123456789", 123456789123456789),
        ("7", 7 * 10**9),
        ("1e-999999", 1),
        ('"0.300000000000000001"', 300_000_001),
    ],
)
def test_money_is_read_from_the_text_and_never_too_little(room: Room, cost: str, nano: int) -> None:
    make_limit(room.key, budget=10**18)
    body = f'{{"key": "{room.text}", "action": "workflows.execute", "estimated_cost": {cost}}}'
    call = room.platform.post("/v1/keys/verify", body).json()
    with bound(room.org.pk):
        assert Call.objects.in_org(room.org.pk).get(pk=call["id"]).estimate == nano


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "m" * 100_000),
        ("task", "t" * 201),
        ("model", "nul \0"),
        ("action", ""),
        ("action", "x" * 300),
        ("ip", "10.0.0.256"),
        ("ip", "fe80::1%eth0"),
        ("ip", 7),
        ("project", "no id"),
        ("resource", 5),
        ("input_tokens", -1),
        ("input_tokens", 1.5),
        ("output_tokens", 10**30),
        ("units", {"above": 1}),
        ("units", {"'; drop": 1}),
        ("units", {"image": "2"}),
    ],
)
def test_a_field_that_is_wrong_is_named(room: Room, field: str, value: object) -> None:
    response = room.platform.verify(room.text, **{field: value})
    if (field, value) == ("action", ""):
        assert response.json()["reason"] == "scope"
        return
    assert response.status_code == 400, response.content
    assert response.json()["errors"][0]["field"] == field


def test_most_of_a_megabyte_is_no_name_and_more_is_no_request(room: Room) -> None:
    response = room.platform.verify(room.text, model="m" * 900_000)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "model")
    assert len(response.content) < 1000
    response = room.platform.verify(room.text, model="m" * 4_000_000)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_another_content_type_is_refused(room: Room) -> None:
    response = room.platform.client.post(
        "/v1/keys/verify",
        "{}",
        content_type="text/plain",
        headers={"Authorization": f"Bearer {room.platform.text}"},
    )
    assert (response.status_code, response.json()["code"]) == (400, "content_type")


def test_the_token_decides_who_may_ask(room: Room, cast: Cast) -> None:
    assert Platform(room.org, "record").verify(room.text).status_code == 403
    assert Platform(cast.umbrella, "decide").verify(room.text).status_code == 401
    nobody = room.platform.client.post(
        "/v1/keys/verify",
        {"key": room.text, "action": "workflows.execute"},
        content_type="application/json",
    )
    assert nobody.status_code == 401
    assert nobody["WWW-Authenticate"].startswith("Bearer")
    with_key = room.platform
    with_key.text = room.text
    assert with_key.verify(room.text).status_code == 401


@pytest.mark.requirement("S2-145")
@pytest.mark.parametrize(("executes", "chats"), [(True, False), (False, True), (True, True)])
def test_a_scope_is_executing_chatting_or_both(room: Room, executes: bool, chats: bool) -> None:
    _, text = make_key(room.project, room.member, executes=executes, chats=chats)
    for action, may in ((Permission.WORKFLOWS_EXECUTE, executes), (Permission.AGENTS_CHAT, chats)):
        said = room.platform.verify(text, action=action.value).json()
        assert said["decision"] is may
        assert said["reason"] == ("" if may else "scope")


@pytest.mark.requirement("S2-146")
def test_no_key_changes_anything_whatever_its_creator_may(room: Room, cast: Cast) -> None:
    _, text = make_key(room.org, cast.member(cast.adam))
    allowed = {
        permission
        for permission in Permission
        if room.platform.verify(text, action=permission.value).json()["decision"]
    }
    assert allowed <= {
        Permission.WORKFLOWS_EXECUTE,
        Permission.TASKS_RUN_COMMERCIAL,
        Permission.AGENTS_CHAT,
        Permission.FEATURES_DISCOVER,
    }
    assert not room.platform.verify(text, action="no.such.thing").json()["decision"]


@pytest.mark.requirement("S2-140")
def test_a_project_key_works_in_its_project_alone(room: Room) -> None:
    other = make_project(room.org)
    make_grant(other, room.member, Role.PROJECT_MEMBER)
    inside, outside = make_resource(room.project), make_resource(other)
    assert room.verify(project=str(room.project.pk))["decision"]
    assert room.verify(resource=str(inside.pk))["decision"]
    for said in (
        {"project": str(other.pk)},
        {"resource": str(outside.pk)},
        {"project": "00000000-0000-4000-8000-000000000000"},
    ):
        answer = room.verify(**said)
        assert (answer["decision"], answer["reason"]) == (False, "other_project")


def test_an_unknown_place_is_another_project_for_every_key(room: Room, cast: Cast) -> None:
    _, text = make_key(room.org, cast.member(cast.adam))
    foreign = make_project(cast.umbrella)
    for project in (foreign.pk, "00000000-0000-4000-8000-000000000000"):
        said = room.platform.verify(text, project=str(project)).json()
        assert said["reason"] == "other_project"


@pytest.mark.requirement("S1-050")
def test_a_budget_is_not_overspent_and_says_when_it_is_again(room: Room) -> None:
    make_limit(room.key, budget=10**9, window="day")
    assert room.verify(estimated_cost="0.6")["decision"]
    response = room.platform.verify(room.text, estimated_cost="0.5")
    said = response.json()
    assert (said["decision"], said["reason"], said["layer"]) == (False, "budget", "key")
    assert said["reserved"] == "0.00"
    assert said["binding"]["remaining"] == "0.40"
    assert 0 < int(response["Retry-After"]) <= 86_400
    assert "budget of the key" in said["message"]
    assert room.verify(estimated_cost="0.4")["decision"]
    assert not room.verify()["decision"], "Nothing is left, for free calls neither"


@pytest.mark.requirement("S1-051")
def test_a_rate_is_told_in_headers(room: Room) -> None:
    make_limit(room.key, rpm=2)
    make_limit(room.org, rpm=100)
    first = room.platform.verify(room.text)
    assert first["RateLimit-Policy"] == '"key";q=2;w=60'
    assert first["RateLimit"].startswith('"key";r=1;t=')
    assert "Retry-After" not in first.headers
    room.verify()
    third = room.platform.verify(room.text)
    if third.json()["decision"]:
        pytest.skip("A minute began in between.")
    assert third.json()["reason"] == "rpm"
    assert third["RateLimit"].startswith('"key";r=0;t=')
    assert 1 <= int(third["Retry-After"]) <= 60


@pytest.mark.requirement("S1-052")
def test_networks_are_of_both_kinds(room: Room) -> None:
    make_limit(room.key, allowed_networks=["10.2.0.0/24", "2001:db8::/32", "192.0.2.7"])
    for ip, may in (
        ("10.2.0.4", True),
        ("10.2.1.4", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("::ffff:10.2.0.4", True),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
    ):
        said = room.verify(ip=ip)
        assert said["decision"] is may, ip
        assert said["reason"] == ("" if may else "network")


def test_a_forwarded_address_is_believed_from_our_own_proxies_alone(room: Room, settings) -> None:
    make_limit(room.key, allowed_networks=["198.51.100.0/24"])
    ask = {"key": room.text, "action": "workflows.execute"}

    def decision(forwarded: str) -> bool:
        return room.platform.post("/v1/keys/verify", ask, X_Forwarded_For=forwarded).json()[
            "decision"
        ]

    requests._is_ours.cache_clear()
    assert not decision("198.51.100.9"), "No proxy is configured"
    settings.TRUSTED_PROXIES = ["127.0.0.0/8", "10.0.0.0/8"]
    assert decision("198.51.100.9")
    assert decision("203.0.113.1, 198.51.100.9, 10.0.0.1")
    assert not decision("198.51.100.9, 203.0.113.1"), "What the caller wrote itself is not believed"
    assert not decision("198.51.100.9, rubbish")
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    requests._is_ours.cache_clear()
    assert not decision("198.51.100.9"), "127.0.0.1 is no proxy of ours now"
    requests._is_ours.cache_clear()


@pytest.mark.requirement("S1-053")
@pytest.mark.requirement("S1-054")
@pytest.mark.requirement("S1-021")
@pytest.mark.parametrize("field", ["task", "model"])
def test_what_is_not_listed_is_refused_by_the_layer_that_lists(room: Room, field: str) -> None:
    make_limit(room.key, **{f"allowed_{field}s": ["a", "b"]})
    make_limit(room.org, **{f"allowed_{field}s": ["a", "c"]})
    assert room.verify(**{field: "a"})["decision"]
    for value, layer in (("b", "organization"), ("c", "key"), ("", "key"), ("A", "key")):
        said = room.verify(**{field: value})
        assert (said["decision"], said["reason"], said["layer"]) == (False, field, layer)


def test_an_empty_list_allows_nothing(room: Room) -> None:
    make_limit(room.project, allowed_models=[])
    assert room.verify(model="m")["layer"] == "project"


def test_of_several_that_refuse_the_nearest_is_named(room: Room) -> None:
    for subject in (room.org, room.group, room.project, room.member, room.key):
        make_limit(subject, budget=10)
    said = room.verify(estimated_cost="1")
    assert (said["reason"], said["layer"]) == ("budget", "key")
    assert [limit["layer"] for limit in said["limits"]] == [
        *("key", "creator", "project", "group", "organization")
    ]


def test_each_layer_refuses_for_itself(room: Room) -> None:
    layers = {
        "plan": make_limit(room.org, "plan"),
        "organization": make_limit(room.org),
        "group": make_limit(room.group),
        "project": make_limit(room.project),
        "creator": make_limit(room.member),
        "key": make_limit(room.key),
    }
    for layer, limit in layers.items():
        for other in layers.values():
            set_limit(other, budget=10**12 if other is not limit else 10**6)
        said = room.verify(estimated_cost="0.5")
        assert (said["reason"], said["layer"]) == ("budget", layer)
        assert layer in ("plan", "organization", "project", "key") or said["message"]


def set_limit(limit, **fields) -> None:
    sets = ", ".join(f"{name} = %s" for name in fields)
    with bound(limit.organization_id), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE projects_limit SET {sets} WHERE id = %s",
            [*fields.values(), limit.pk],
        )


@pytest.mark.requirement("S2-151")
def test_a_key_dies_with_its_creators_membership(room: Room) -> None:
    with bound(room.org.pk), connection.cursor() as cursor:
        cursor.execute("DELETE FROM orgs_membership WHERE id = %s", [room.member.pk])
    assert room.platform.verify(room.text).status_code == 401
    with bound(room.org.pk):
        key = Key.objects.in_org(room.org.pk).get(pk=room.key.pk)
    assert key.revoked_at
    assert key.creator_id is None


def test_prices_of_what_is_asked(room: Room) -> None:
    make_price("room-model", input_token=3 * 10**9, output_token=15 * 10**9)
    make_limit(room.key, budget=10**12)
    said = room.verify(model="room-model", output_tokens=1000)
    assert said["reserved"] == "0.015"
    unknown = room.verify(model="no such model", output_tokens=1000)
    assert (unknown["decision"], unknown["reason"]) == (False, "no_price")
    assert room.verify(model="no such model")["decision"], "Nothing is estimated"
