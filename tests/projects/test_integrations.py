"""Integrations: connecting, changing, letting go, and a token that never comes out (S3-029)."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import Outcome
from config.roles import Role
from orgs.tenancy import bound
from projects.actions.integrations import integration_open
from projects.models import Integration
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.projects.factories import make_group_role, make_resource
from tests.projects.parts import newest

TOKEN = "tok_0123456789abcdef"
FORM = {
    "name": "Code",
    "provider": "gitea",
    "url": "https://git.example.com/api",
    "runner": "",
    "token": TOKEN,
}
PAGE = "runners/integrations/"


def kept(cast: Cast) -> list[Integration]:
    with bound(cast.acme.id):
        return list(Integration.objects.in_org(cast.acme).order_by("name"))


def connect(cast: Cast, **fields: Any) -> Integration:
    response = sign_in(cast.alice).post(cast.url(f"{PAGE}new/"), FORM | fields)
    assert response.status_code == 302
    return kept(cast)[-1]


@pytest.mark.requirement("S3-029")
def test_an_owner_and_a_runners_admin_connect(cast: Cast) -> None:
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, Role.RUNNERS_ADMIN)
    for person, name in ((cast.alice, "Code"), (cast.mia, "Models")):
        sign_in(person).post(cast.url(f"{PAGE}new/"), FORM | {"name": name})
    one, two = kept(cast)
    assert (one.kind, one.provider, two.name) == ("scm", "gitea", "Models")
    assert integration_open(integration=one) == TOKEN
    assert newest(cast).action == "integration.created"


@pytest.mark.requirement("S3-029")
@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
def test_nobody_else_may(cast: Cast, who: str) -> None:
    made = connect(cast)
    client = sign_in(getattr(cast, who))
    for page in ("", "new/", f"{made.pk}/", f"{made.pk}/delete/"):
        assert client.get(cast.url(PAGE + page)).status_code == 302
        response = client.post(cast.url(PAGE + page), FORM | {"name": "B", "confirm": "Code"})
        assert response.status_code == 302
    assert [each.name for each in kept(cast)] == ["Code"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://git.example.com"},
        {"url": "https://user:pass@git.example.com"},
        {"url": "https://user@git.example.com"},
        {"url": "https://git.example.com/?token=x"},
        {"url": "https://git.example.com/#x"},
        {"url": "javascript:alert(1)"},
        {"url": "https://"},
        {"url": "https://[::1"},
        {"url": "https://git.example.com/\x00"},
        {"url": "https://git.example.com/a b"},
        {"url": "https://git.example.com/" + "a" * 400},
        {"url": ""},
        {"provider": "cvs"},
        {"provider": ""},
        {"name": ""},
        {"token": "a\nb"},
        {"token": "a\x00b"},
        {"token": "x" * 9_000},
        {"token": "tökn"},
    ],
)
def test_what_cannot_be_is_refused_and_the_token_not_sent_back(
    cast: Cast, wrong: dict[str, str]
) -> None:
    response = sign_in(cast.alice).post(cast.url(f"{PAGE}new/"), FORM | wrong)
    assert response.status_code == 422
    assert kept(cast) == []
    assert TOKEN not in response.content.decode()
    assert newest(cast).outcome == Outcome.FAILED


def test_a_hosted_provider_needs_no_address(cast: Cast) -> None:
    assert connect(cast, provider="anthropic", url="").kind == "llm"


def test_left_empty_the_token_stays(cast: Cast) -> None:
    made = connect(cast)
    url = cast.url(f"{PAGE}{made.pk}/")
    change = FORM | {"token": "", "name": "Our code", "url": "https://git.example.com/v2"}
    assert sign_in(cast.alice).post(url, change).status_code == 302
    (changed,) = kept(cast)
    assert (changed.name, integration_open(integration=changed)) == ("Our code", TOKEN)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"url": "https://evil.example.org"},
        {"url": "https://git.example.com:444/api"},
        {"provider": "gitlab"},
        {"provider": "openai_compatible"},
    ],
)
def test_a_kept_token_is_not_sent_to_another_place(cast: Cast, elsewhere: dict[str, str]) -> None:
    made = connect(cast)
    url = cast.url(f"{PAGE}{made.pk}/")
    response = sign_in(cast.alice).post(url, FORM | {"token": ""} | elsewhere)
    assert response.status_code == 422
    assert "type the token again" in response.content.decode()
    assert kept(cast)[0].url == "https://git.example.com/api"
    response = sign_in(cast.alice).post(url, FORM | {"token": "another"} | elsewhere)
    assert response.status_code == 302
    assert integration_open(integration=kept(cast)[0]) == "another"


def test_a_token_may_be_forgotten(cast: Cast) -> None:
    made = connect(cast)
    url = cast.url(f"{PAGE}{made.pk}/")
    sign_in(cast.alice).post(url, FORM | {"token": "", "forget_token": "on"})
    assert kept(cast)[0].ciphertext is None


def test_the_token_is_in_no_page_and_no_entry(cast: Cast) -> None:
    made, client = connect(cast), sign_in(cast.alice)
    client.post(cast.url(f"{PAGE}{made.pk}/"), FORM | {"token": TOKEN + "2"})
    assert '"token": "replaced"' in newest(cast).body
    assert TOKEN not in newest(cast).body
    for page in ("", f"{made.pk}/", f"{made.pk}/delete/"):
        response = client.get(cast.url(PAGE + page))
        assert response.status_code == 200
        assert TOKEN not in response.content.decode()


def test_a_runner_of_another_organization_is_no_choice(cast: Cast) -> None:
    other = make_resource(cast.umbrella, "runner")
    response = sign_in(cast.alice).post(cast.url(f"{PAGE}new/"), FORM | {"runner": str(other.pk)})
    assert response.status_code == 422
    assert kept(cast) == []


def test_anothers_integration_is_not_there(cast: Cast) -> None:
    made, client = connect(cast), sign_in(cast.oscar)
    for page in (f"{made.pk}/", f"{made.pk}/delete/"):
        url = cast.url(PAGE + page, cast.umbrella)
        assert client.get(url).status_code == 404
        assert client.post(url, FORM | {"confirm": "Code"}).status_code == 404


def test_disconnecting_takes_the_name_and_forgets_the_token(cast: Cast) -> None:
    made, client = connect(cast), sign_in(cast.alice)
    url = cast.url(f"{PAGE}{made.pk}/delete/")
    assert client.post(url, {"confirm": "Cod"}).status_code == 422
    assert client.post(url, {"confirm": "Code"}).status_code == 302
    assert kept(cast) == []
    assert newest(cast).action == "integration.deleted"


def test_sent_twice_it_is_connected_once(cast: Cast) -> None:
    connect(cast)
    assert sign_in(cast.alice).post(cast.url(f"{PAGE}new/"), FORM).status_code == 422
    assert len(kept(cast)) == 1
