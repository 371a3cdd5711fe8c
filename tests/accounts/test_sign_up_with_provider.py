"""Creating an account by a company's provider, where one comes in by invitation or by approval."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import clear_url_caches

from accounts.models import User
from tests.accounts.test_sign_in import is_signed_in
from tests.accounts.test_sign_up import registering
from tests.factories import Cast
from tests.orgs.invitations import invite

URLS = "tests.accounts.provider_urls"
INVITED = "nora@example.com"


class Provider(ThreadingHTTPServer):
    """Speaks as much OpenID Connect as a sign-in takes, and says of the person what it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        self.says: dict[str, Any] = {}
        super().__init__(("127.0.0.1", 0), _Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        url = self.server.url
        addresses = {
            "issuer": url,
            "authorization_endpoint": f"{url}/ask",
            "token_endpoint": f"{url}/token",
            "userinfo_endpoint": f"{url}/person",
            "jwks_uri": f"{url}/keys",
        }
        person = {"sub": "7", "name": "Nora Feld", **self.server.says}
        self._say(person if self.path.startswith("/person") else addresses)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._say({"access_token": "a", "token_type": "Bearer"})

    def _say(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    server = Provider()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    app = {
        "provider_id": "company",
        "name": "Feld & Co",
        "client_id": "bailiwick",
        "secret": "secret",
        "settings": {"server_url": server.url},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {
        "google": {"APPS": []},
        "openid_connect": {"APPS": [app], "EMAIL_AUTHENTICATION": True},
    }
    settings.ROOT_URLCONF = URLS
    clear_url_caches()
    yield server
    sys.modules.pop(URLS, None)
    server.shutdown()
    server.server_close()


def come(provider: Provider, *, back: str = "", client: Client | None = None, **says: Any) -> Any:
    """Goes to the provider and comes back from it; the last answer, and the browser."""
    provider.says = says
    client = client or Client()
    asked = client.get("/sign-in/with/company/", {"next": back} if back else {})
    state = parse_qs(urlsplit(asked.url).query)["state"][0]
    answer = client.get("/sign-in/with/company/back/", {"code": "c", "state": state})
    return client, answer


def back_of(cast: Cast, email: str = INVITED) -> str:
    return f"/invitations/{invite(cast, email)[1]}/"


@pytest.mark.requirement("S2-015")
@pytest.mark.parametrize("how", ["closed", "approval"])
def test_invited_address_comes_in_by_the_provider(cast: Cast, provider: Provider, how: str) -> None:
    back = back_of(cast)
    registering(how)
    client, answer = come(provider, back=back, email="Nora@Example.com", email_verified=True)
    person = User.objects.get(email=INVITED)
    address = EmailAddress.objects.get(user=person)
    assert (address.email, address.verified, address.primary) == (INVITED, True, True)
    if how == "closed":
        assert answer.url == back
        assert is_signed_in(client)
    else:
        assert person.state == "pending"
        assert not is_signed_in(client)


@pytest.mark.requirement("S2-015")
@pytest.mark.parametrize("how", ["closed", "approval"])
@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"email": "mallory@example.com", "email_verified": True}, "Another address was invited"),
        ({"email": INVITED, "email_verified": False}, "does not vouch for"),
        ({"email": INVITED}, "does not vouch for"),
        ({"email": INVITED, "email_verified": "false"}, "does not vouch for"),
        ({"email": f"{INVITED}.evil.example", "email_verified": True}, "Another address"),
        ({}, "tells no address of yours"),
    ],
)
def test_any_other_address_is_refused_with_a_page_that_says_why(
    cast: Cast, provider: Provider, how: str, says: dict[str, Any], words: str
) -> None:
    back = back_of(cast)
    registering(how)
    before = User.objects.count()
    client, answer = come(provider, back=back, **says)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert words in page
    assert INVITED in page
    assert "No account was created" in page
    assert f"/sign-up/?next={back}" in page
    assert User.objects.count() == before
    assert not SocialAccount.objects.exists()
    assert not is_signed_in(client)
    assert client.get("/sign-up/with/").status_code == 302, "nothing is kept to be taken up again"


@pytest.mark.requirement("S2-015")
def test_closed_without_an_invitation_lets_nobody_in(cast: Cast, provider: Provider) -> None:
    registering("closed")
    for back in ("", "/invitations/made-up/", "/o/acme/"):
        client, answer = come(provider, back=back, email=INVITED, email_verified=True)
        assert "Accounts are created by invitation" in answer.content.decode()
        assert not is_signed_in(client)
    assert not User.objects.filter(email=INVITED).exists()


def test_a_sign_up_begun_while_open_is_judged_as_things_stand_when_it_ends(
    cast: Cast, provider: Provider
) -> None:
    back = back_of(cast)
    registering("open")
    # Without an address the form asks for one: the account is not made yet.
    client, answer = come(provider, back=back)
    assert answer.url == "/sign-up/with/"
    registering("closed")
    fields = {"name": "Mallory", "email": INVITED, "next": back}
    assert client.post("/sign-up/with/", fields).status_code == 403
    assert not User.objects.filter(email=INVITED).exists()


def test_open_to_all_an_invitation_binds_nobody(cast: Cast, provider: Provider) -> None:
    back = back_of(cast)
    registering("open")
    client, answer = come(provider, back=back, email="other@example.com", email_verified=True)
    assert answer.url == back
    assert is_signed_in(client)
    # The invitation itself still asks for its own address.
    assert "Another address is invited" in client.get(back).content.decode()


@pytest.mark.requirement("S2-015")
def test_hostile_words_of_a_provider_are_shown_as_they_are(cast: Cast, provider: Provider) -> None:
    back = back_of(cast)
    registering("closed")
    _, answer = come(provider, back=back, email="<script>x@example.com", email_verified=True)
    assert answer.status_code == 403
    assert b"<script>x@" not in answer.content


@pytest.mark.requirement("S2-015")
def test_by_approval_an_invitation_asks_for_its_address_of_a_password_too(cast: Cast) -> None:
    back = back_of(cast)
    registering("approval")
    fields = {"name": "Nora Feld", "password1": "correct horse battery", "next": back}
    other = Client().post("/sign-up/", fields | {"email": "mallory@example.com"})
    assert "the address that the invitation was sent to" in other.content.decode()
    assert Client().post("/sign-up/", fields | {"email": INVITED}).url == "/sign-up/confirm/"
