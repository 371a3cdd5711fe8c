"""How the decisions are asked for: what is refused before anything is decided, and how."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from config.roles import Permission
from tests.factories import Cast
from tests.projects.keys import Platform, make_token

pytestmark = pytest.mark.django_db
PATHS = {
    "evaluation": "/access/v1/evaluation",
    "evaluations": "/access/v1/evaluations",
    "subject": "/access/v1/search/subject",
    "resource": "/access/v1/search/resource",
    "action": "/access/v1/search/action",
}


@pytest.fixture
def platform(cast: Cast) -> Platform:
    return Platform(cast.acme, "decide")


@pytest.fixture
def whole(cast: Cast) -> dict[str, Any]:
    return {
        "subject": {"type": "user", "id": str(cast.member(cast.alice).pk)},
        "action": {"name": Permission.BILLING_VIEW.value},
        "resource": {"type": "organization", "id": str(cast.acme.pk)},
    }


def refused(response: Any, status: int, code: str) -> None:
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    said = response.json()
    assert (said["status"], said["code"]) == (status, code)
    assert said["detail"]


@pytest.mark.parametrize("path", PATHS.values())
def test_the_whole_question_is_answered_everywhere(
    platform: Platform, whole: dict[str, Any], path: str
) -> None:
    assert platform.post(path, whole).status_code == 200


@pytest.mark.parametrize("path", PATHS.values())
def test_without_a_token_of_that_scope_nothing_is_answered(
    cast: Cast, platform: Platform, whole: dict[str, Any], path: str
) -> None:
    def send(**headers: str) -> Any:
        return Client().post(path, json.dumps(whole), "application/json", headers=headers)

    _, recording = make_token(cast.acme, "record")
    invalid = [
        send(),
        send(Authorization=""),
        send(Authorization="Bearer"),
        send(Authorization="Basic YTpi"),
        send(Authorization="Bearer bw_svc_" + "0" * 48),
        send(Authorization=f"Bearer {platform.text[:-1]}"),
        send(Authorization="Bearer \u00fc\u00fc"),
    ]
    for response in invalid:
        refused(response, 401, "token_invalid")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert response.json() == invalid[0].json()
    refused(send(Authorization=f"Bearer {recording}"), 403, "token_scope")
    assert send(Authorization=f"bearer {platform.text}").status_code == 200


def test_a_token_of_another_organization_knows_nobody_here(
    cast: Cast, whole: dict[str, Any]
) -> None:
    theirs = Platform(cast.umbrella, "decide")
    assert theirs.post(PATHS["evaluation"], whole).json()["decision"] is False
    assert theirs.post(PATHS["action"], whole).json()["results"] == []
    who = whole | {"subject": {"type": "user"}}
    assert theirs.post(PATHS["subject"], who).json()["results"] == []


@pytest.mark.parametrize("path", PATHS.values())
def test_nobody_is_told_what_is_wrong_with_a_body_before_they_show_a_token(path: str) -> None:
    response = Client().post(path, "{", "application/json")
    refused(response, 401, "token_invalid")


@pytest.mark.parametrize("path", PATHS.values())
@pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "head", "options"])
def test_another_method_is_refused(platform: Platform, path: str, method: str) -> None:
    headers = {"Authorization": f"Bearer {platform.text}"}
    response = getattr(Client(), method)(path, headers=headers)
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize("path", PATHS.values())
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid"),
        (b"{", "not_json"),
        (b"null", "invalid"),
        (b"[]", "invalid"),
        (b'"text"', "invalid"),
        (b"7", "invalid"),
        (b"\xff\xfe{\x00}\x00", "not_json"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b'{"context": {"a": NaN}}', "not_json"),
        (b'{"context": {"a": -Infinity}}', "not_json"),
        (b'{"context": {"a": 1, "a": 2}}', "not_json"),
        (b'{"context": {"a": "\\ud800"}}', "not_json"),
        (b'{"context": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not_json"),
        (b'{"context": {"a": ' + b"9" * 5_000 + b"}}", "not_json"),
        (b'{"context": []}', "invalid"),
        (b'{"subject": "mia", "action": "view", "resource": 7}', "invalid"),
        (b'{"subject": null, "action": null, "resource": null}', "invalid"),
    ],
)
def test_what_is_no_question_is_a_400(
    platform: Platform, path: str, body: bytes, code: str
) -> None:
    refused(platform.post(path, body), 400, code)


@pytest.mark.parametrize("kind", ["text/plain", "", "application/xml", "multipart/form-data"])
def test_another_content_type_is_refused(
    platform: Platform, whole: dict[str, Any], kind: str
) -> None:
    headers = {"Authorization": f"Bearer {platform.text}"}
    for path in PATHS.values():
        response = Client().generic(
            "POST", path, json.dumps(whole), content_type=kind, headers=headers
        )
        refused(response, 400, "content_type")


def test_members_nobody_knows_are_ignored_and_claims_give_nothing(
    cast: Cast, platform: Platform, whole: dict[str, Any]
) -> None:
    mia = {"type": "user", "id": str(cast.member(cast.mia).pk)}
    claims = {"role": "owner", "roles": ["owner"], "admin": True}
    said = whole | {
        "subject": mia | {"properties": claims, "extra": 1},
        "context": {"roles": ["owner"], "n": 1e308, "huge": 10**400, "deep": [[[[{}]]]]},
        "unknown": {"a": [1, 2.5, None]},
    }
    assert platform.post(PATHS["evaluation"], said).json()["decision"] is False
    said["subject"] = whole["subject"]
    assert platform.post(PATHS["evaluation"], said).json()["decision"] is True


def test_a_context_of_a_megabyte_is_too_large(platform: Platform, whole: dict[str, Any]) -> None:
    """Half of one is read and ignored; a batch may be four times as large."""
    large = whole | {"context": {"text": "x" * 1_100_000}}
    for name, path in PATHS.items():
        response = platform.post(path, large)
        if name == "evaluations":
            assert response.status_code == 200
        else:
            refused(response, 413, "too_large")
    half = whole | {"context": {"text": "x" * 500_000}}
    assert platform.post(PATHS["evaluation"], half).status_code == 200
    huge = whole | {"context": {"text": "x" * 4_100_000}}
    refused(platform.post(PATHS["evaluations"], huge), 413, "too_large")


def test_the_id_of_a_request_is_answered_as_it_was_sent(
    platform: Platform, whole: dict[str, Any]
) -> None:
    for path in PATHS.values():
        for said in ("any string", "7d1e", "~" * 200):
            response = platform.post(path, whole, X_Request_ID=said)
            assert response.headers["X-Request-ID"] == said
            assert platform.post(path, "{", X_Request_ID=said).headers["X-Request-ID"] == said
        for said in ("", "x" * 201, "caf\u00e9", "a\tb"):
            own = platform.post(path, whole, X_Request_ID=said).headers["X-Request-ID"]
            assert own
            assert own != said


def test_an_answer_is_kept_by_nobody(platform: Platform, whole: dict[str, Any]) -> None:
    response = platform.post(PATHS["evaluation"], whole)
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers
    assert "Vary" not in response.headers or "Cookie" not in response.headers["Vary"]


def test_an_address_that_is_not_there_is_a_problem(platform: Platform) -> None:
    refused(platform.post("/access/v1/nothing", {}), 404, "not_found")
    refused(platform.post("/access/v1/evaluation/", {}), 404, "not_found")
