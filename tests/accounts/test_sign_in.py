"""Signing in: by address and password, by providers, and the record of it."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.hashers import identify_hasher
from django.test import Client
from django.urls import clear_url_caches, reverse

from accounts import urls as accounts_urls
from accounts.models import User
from audit.models import PLATFORM, Event, Particulars
from config import urls as config_urls
from orgs.tenancy import bound
from tests.factories import Cast, make_person, sign_in

PASSWORD = "correct horse battery"


def attempt(email: str, password: str = PASSWORD, **rest: str):
    client = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/128.0"})
    response = client.post("/sign-in/", {"login": email, "password": password, **rest})
    return client, response


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def entries(organization) -> list[tuple[str, str, str, dict]]:
    """Action, outcome, reason and words of a chain, oldest first."""
    with bound(organization):
        words = dict(
            Particulars.objects.filter(organization_id=organization).values_list(
                "sequence", "words"
            )
        )
        return [
            (e.action, e.outcome, json.loads(e.body)["reason"], json.loads(words[e.sequence]))
            for e in Event.objects.filter(organization_id=organization).order_by("sequence")
        ]


@pytest.mark.requirement("S1-040")
def test_console_asks_for_a_sign_in(cast: Cast) -> None:
    response = Client().get(cast.url("members/"))
    assert response.status_code == 302
    assert response.url == f"/sign-in/?next={cast.url('members/')}"


def test_address_and_password_open_the_console_where_one_was_going(cast: Cast) -> None:
    client, response = attempt(cast.mia.email.upper(), next="/profile/")
    assert response.url == "/profile/"
    assert is_signed_in(client)


def test_sign_in_leads_home_and_never_to_another_site(cast: Cast) -> None:
    assert attempt(cast.mia.email)[1].url == "/"
    assert attempt(cast.mia.email, next="https://evil.example/")[1].url == "/"


def test_passwords_are_kept_by_argon2(db: None, settings) -> None:
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    assert identify_hasher(make_person().password).algorithm == "argon2"


def test_refusal_says_the_same_for_a_known_and_an_unknown_address(cast: Cast) -> None:
    pages = []
    for email in (cast.mia.email, "nobody@example.com"):
        client, response = attempt(email, "wrong horse")
        assert not is_signed_in(client)
        page = response.content.decode().replace(email, "")
        pages.append(re.sub(r'(csrf\w*" value="|X-CSRFToken": ")[^"]+', "", page))
    assert pages[0] == pages[1]
    assert "The address and the password do not belong together." in pages[0]


def test_fifth_wrong_password_closes_the_door_for_a_while(cast: Cast) -> None:
    for _ in range(5):
        attempt(cast.mia.email, "wrong horse")
    client, response = attempt(cast.mia.email)
    assert not is_signed_in(client)
    assert "Too many attempts" in response.content.decode()


@pytest.mark.requirement("S1-055")
def test_sign_in_stands_in_the_ledger_of_the_platform_and_of_each_organization(cast: Cast) -> None:
    attempt(cast.mia.email)
    action, outcome, reason, words = entries(cast.acme.id)[-1]
    assert (action, outcome, reason) == ("session.started", "done", "Password")
    assert words["actor"] == cast.mia.name
    assert (words["target"], words["ip"]) == ("Firefox on Linux", "127.0.0.1")
    with bound(cast.acme.id):
        entry = Event.objects.filter(organization_id=cast.acme.id).latest("sequence")
    assert (entry.actor_kind, entry.actor_id) == ("member", cast.member(cast.mia).id)
    assert entries(PLATFORM)[-1][:2] == ("session.started", "done")
    assert "session.started" not in [action for action, *_ in entries(cast.umbrella.id)]


@pytest.mark.requirement("S1-055")
def test_failed_sign_in_of_a_known_address_stands_in_its_organizations(cast: Cast) -> None:
    attempt(cast.mia.email, "wrong horse")
    for chain in (cast.acme.id, PLATFORM):
        action, outcome, reason, words = entries(chain)[-1]
        assert (action, outcome, reason) == ("session.started", "failed", "Wrong password")
        assert words["actor"] == cast.mia.email
    with bound(cast.acme.id):
        entry = Event.objects.filter(organization_id=cast.acme.id).latest("sequence")
    assert (entry.actor_id, entry.target_id) == (None, cast.member(cast.mia).id)


@pytest.mark.requirement("S1-055")
def test_failed_sign_in_of_an_unknown_address_stands_in_the_platform_alone(cast: Cast) -> None:
    before = len(entries(cast.acme.id)), len(entries(cast.umbrella.id))
    attempt("nobody@example.com")
    _, outcome, reason, words = entries(PLATFORM)[-1]
    assert (outcome, reason, words["actor"]) == ("failed", "Unknown address", "nobody@example.com")
    assert (len(entries(cast.acme.id)), len(entries(cast.umbrella.id))) == before


@pytest.mark.requirement("S1-055")
def test_sign_out_is_recorded(cast: Cast) -> None:
    client, _ = attempt(cast.mia.email)
    response = client.post("/sign-out/")
    assert response.status_code == 302
    assert not is_signed_in(client)
    assert entries(PLATFORM)[-1][0] == "session.ended"


@pytest.mark.requirement("S1-041")
@pytest.mark.parametrize(
    ("state", "heading"),
    [
        (User.State.SUSPENDED, "Your account is suspended"),
        (User.State.PENDING, "Your account is being looked at"),
    ],
)
def test_account_that_is_not_cleared_stays_out_and_reads_why(
    db: None, state: User.State, heading: str
) -> None:
    person = make_person(state=state, is_active=False, state_reason="Two people use it.")
    client, response = attempt(person.email)
    assert response.url == "/sign-in/inactive/"
    assert not is_signed_in(client)
    page = client.get(response.url)
    assert page.status_code == 403
    assert heading in page.content.decode()
    assert "Two people use it." in page.content.decode()
    assert "mailto:bailiwick@localhost" in page.content.decode()
    assert entries(PLATFORM)[-1][1] == "failed"


@pytest.mark.requirement("S1-041")
def test_reason_is_not_told_to_whoever_has_not_the_password(db: None) -> None:
    person = make_person(state="suspended", is_active=False, state_reason="Two people use it.")
    client, response = attempt(person.email, "wrong horse")
    assert "The address and the password do not belong together." in response.content.decode()
    assert "Two people use it." not in client.get("/sign-in/inactive/").content.decode()


@pytest.mark.requirement("S1-041")
def test_suspension_ends_what_is_open(cast: Cast) -> None:
    client = sign_in(cast.mia)
    assert client.get("/profile/").status_code == 200
    User.objects.filter(pk=cast.mia.pk).update(state="suspended", is_active=False)
    assert client.get("/profile/").status_code == 302


def test_unconfirmed_address_gets_a_new_link_instead_of_the_console(db: None, mailoutbox) -> None:
    person = make_person()
    person.emailaddress_set.update(verified=False)
    client, response = attempt(person.email)
    assert response.url == "/sign-up/confirm/"
    assert not is_signed_in(client)
    assert "/sign-up/confirm/" in mailoutbox[0].body


def test_second_factor_is_asked_for_and_its_failure_recorded(cast: Cast) -> None:
    TOTP.activate(cast.mia, "JBSWY3DPEHPK3PXP")
    client, response = attempt(cast.mia.email)
    assert response.url == "/sign-in/code/"
    assert not is_signed_in(client)
    assert client.get("/sign-in/code/").status_code == 200
    page = client.post("/sign-in/code/", {"code": "000000"})
    assert "This is not the code." in page.content.decode()
    assert entries(cast.acme.id)[-1][1:3] == ("failed", "Wrong second factor")


def test_sign_in_page_fills_in_nothing_and_tells_no_password(db: None) -> None:
    page = Client().get("/sign-in/").content.decode()
    fields = re.findall(r"<input[^>]+name=\"(?:login|password)\"[^>]*>", page)
    assert len(fields) == 2
    assert not any("value=" in field or "placeholder" in field for field in fields)


@pytest.fixture
def with_providers(settings) -> Iterator[None]:
    """Routes are built once at the start, so they are built again around this test."""
    without = settings.SOCIALACCOUNT_PROVIDERS
    settings.SOCIALACCOUNT_PROVIDERS = {
        "google": {"APPS": [{"client_id": "id", "secret": "secret"}]},
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "company",
                    "name": "your company",
                    "client_id": "id",
                    "secret": "secret",
                    "settings": {"server_url": "https://login.company.example"},
                }
            ]
        },
    }
    _build_routes()
    yield
    settings.SOCIALACCOUNT_PROVIDERS = without
    _build_routes()


def _build_routes() -> None:
    importlib.reload(accounts_urls)
    importlib.reload(config_urls)
    clear_url_caches()


@pytest.mark.requirement("S1-040")
def test_google_and_the_own_sign_in_stand_side_by_side(db: None, with_providers: None) -> None:
    page = Client().get("/sign-in/").content.decode()
    assert "Continue with Google" in page
    assert "Continue with your company" in page
    assert 'name="password"' in page
    assert "/sign-in/google/?process=login" in page
    response = Client().get(reverse("google_login"))
    assert response.url.startswith("https://accounts.google.com/")
    assert Client().get("/sign-up/").status_code == 200
    assert sign_in(make_person()).get("/profile/connections/").status_code == 200


@pytest.mark.requirement("S1-040")
def test_provider_that_is_not_configured_has_neither_button_nor_route(db: None) -> None:
    assert "Continue with" not in Client().get("/sign-in/").content.decode()
    assert Client().get("/sign-in/google/").status_code == 404
