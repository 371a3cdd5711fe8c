"""The OpenAPI document says what the interface does: schemathesis asks, with every check on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase
from schemathesis.config import SchemathesisConfig

from config.roles import Role
from projects.api import routes
from tests.factories import Cast, make_member, make_person
from tests.projects.api.scenarios import Said
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform

pytestmark = pytest.mark.django_db
EXAMPLES = 12
# A token is a text, and almost no text is one of this service: to refuse it is right.
SEARCHES = {
    "include-path-regex": "^/access/v1/search/",
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "401", "403"]}},
}


# A free object is kept as JSON, and the database has no NUL in a text: to refuse that is right.
RECORDS = {"include-path-regex": "^/v1/executions", "generation": {"allow-x00": False}}
# Almost no text is a day or an address, and a filter that is misread would give another log.
LOG = {
    "include-path-regex": "^/v1/audit-events",
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "401", "403"]}},
}
FILES = {
    "/v1/audit-events/export": {"application/jsonl", "text/csv"},
    "/v1/audit-checkpoints": {"application/jsonl"},
}
CONFIG = SchemathesisConfig.from_dict(
    {
        "generation": {"max-examples": EXAMPLES, "deterministic": True, "allow-x00": True},
        "operations": [SEARCHES, RECORDS, LOG],
    }
)
interface: Any = schemathesis.openapi.from_dict(routes.document(), config=CONFIG)
interface.app = get_wsgi_application()


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Requests of a WSGI client leave the connection of the test alone, as Django's own do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def platform(cast: Cast, one_connection: None) -> Platform:
    """A tenant in which whatever the examples name is there."""
    mia = make_person("Mia Castellano", "mia@acme.example")
    member = make_member(cast.acme, person=mia, id=UUID("0190a5c2-5b1e-7c41-9d3c-0d0a5b6c7d8e"))
    project = make_project(cast.acme, id=UUID("0190a5c2-7a90-7f0e-8a11-2f6d1c3b4a59"))
    make_grant(project, member, Role.PROJECT_MEMBER)
    platform = Platform(cast.acme)
    interface.config.update(headers={"Authorization": f"Bearer {platform.text}"})
    return platform


@interface.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_endpoint_keeps_to_the_document(case: schemathesis.Case, platform: Platform) -> None:
    case.call_and_validate()


def test_the_document_is_public_kept_and_whole(client: Client) -> None:
    response = client.get("/openapi.json")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert "Set-Cookie" not in response.headers
    said = response.json()
    assert said["openapi"] == "3.1.0"
    assert set(said["paths"]) == set(routes.SCOPES)
    assert client.get("/openapi.json").content == response.content
    assert client.post("/openapi.json").status_code == 405


def test_every_operation_is_documented_whole() -> None:
    """Words, an example, every refusal as a problem, and the token with its scope."""
    names: set[str] = set()
    for path, method, operation in operations(routes.document()):
        about = f"{method} {path}"
        assert operation["summary"], about
        assert operation["description"], about
        assert operation["tags"], about
        assert operation["security"] == [{"ServiceToken": []}], about
        assert operation["x-token-scope"], about
        assert operation["operationId"] not in names, about
        names.add(operation["operationId"])
        for status, response in operation["responses"].items():
            kinds = set(response.get("content", {}))
            expected = FILES.get(path, {"application/json"})
            if int(status) >= 400:
                expected = {"application/problem+json"}
            assert kinds == expected, (about, status)
        if "requestBody" in operation:
            assert operation["requestBody"]["content"]["application/json"]["example"], about


def operations(document: Said) -> list[tuple[str, str, Said]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_example_is_answered_as_documented(cast: Cast, platform: Platform) -> None:
    for path, method, operation in operations(routes.document()):
        if method != "post" or not path.startswith("/access/"):
            continue
        example = operation["requestBody"]["content"]["application/json"]["example"]
        response = platform.post(path, example)
        assert response.status_code == 200, (path, response.content)
        shown = operation["responses"]["200"]["content"]["application/json"]["example"]
        assert response.json().keys() == shown.keys(), path
