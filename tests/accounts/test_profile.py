"""One's own account: the name, the password, the second factor."""

from __future__ import annotations

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from django.db import transaction

from accounts.models import User
from audit.models import PLATFORM
from tests.accounts.test_sessions import MAC, PHONE, browser
from tests.accounts.test_sign_in import PASSWORD, attempt, entries, is_signed_in
from tests.factories import Cast, make_person, sign_in

NEW = "a new and longer sentence"


@pytest.mark.requirement("S1-027")
def test_viewer_may_change_their_own_name(cast: Cast) -> None:
    client = sign_in(cast.vera)
    assert client.post("/profile/name/", {"name": " Vera  Lind "}).url == "/profile/"
    assert User.objects.get(pk=cast.vera.pk).name == "Vera Lind"
    assert entries(PLATFORM)[-1][0] == "account.changed"
    assert "Your name is saved." in client.get("/profile/").content.decode()


def test_name_that_stays_the_same_leaves_no_entry(db: None) -> None:
    person = make_person()
    sign_in(person).post("/profile/name/", {"name": person.name})
    assert entries(PLATFORM) == []


def test_bad_name_comes_back_with_the_entry_kept(db: None) -> None:
    response = sign_in(make_person()).post("/profile/name/", {"name": "n" * 101})
    assert response.status_code == 422
    assert "Use at most 100 characters; this has 101." in response.content.decode()


def test_profile_shows_the_means_of_signing_in(db: None) -> None:
    person = make_person()
    page = sign_in(person).get("/profile/").content.decode()
    for word in (person.email, "Password", "Second factor", "Passkeys", "Your organizations"):
        assert word in page


def test_changing_the_password_signs_out_everywhere_else(db: None) -> None:
    person = make_person()
    phone, mac = browser(person, PHONE), browser(person, MAC)
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert mac.post("/profile/password/", fields).url == "/profile/"
    assert mac.get("/profile/").status_code == 200
    assert phone.get("/profile/").status_code == 302
    assert is_signed_in(attempt(person.email, NEW)[0])
    assert "account.password_changed" in [action for action, *_ in entries(PLATFORM)]


def test_changing_the_password_asks_for_the_present_one(db: None) -> None:
    fields = {"oldpassword": "wrong horse", "password1": NEW, "password2": NEW}
    response = sign_in(make_person()).post("/profile/password/", fields)
    assert "Write your present password." in response.content.decode()


def test_second_factor_is_set_up_after_a_fresh_sign_in_and_recorded(db: None, monkeypatch) -> None:
    monkeypatch.setattr(transaction, "on_commit", lambda deed, **_: deed())
    person = make_person()
    client = browser(person, MAC)
    again = client.get("/profile/second-factor/app/")
    assert again.url.startswith("/sign-in/again/?next=")
    assert client.get(again.url).status_code == 200
    client.post(again.url, {"password": PASSWORD, "next": "/profile/second-factor/app/"})
    page = client.get("/profile/second-factor/app/")
    counter = next(iter(yield_hotp_counters_from_time()))
    code = format_hotp_value(hotp_value(page.context["form"].secret, counter))
    response = client.post("/profile/second-factor/app/", {"code": code})
    assert response.url == "/profile/second-factor/recovery-codes/"
    assert "10 of 10 are left" in client.get(response.url).content.decode()
    recorded = [(action, words["target"]) for action, _, _, words in entries(PLATFORM)]
    assert ("account.factor_added", "an authenticator app") in recorded
    assert attempt(person.email)[1].url == "/sign-in/code/"


@pytest.mark.parametrize(
    "page",
    [
        "profile/",
        "profile/password/",
        "profile/sessions/",
        "profile/second-factor/",
        "profile/passkeys/",
        "sign-in/again/",
        "sign-out/",
    ],
)
def test_every_page_of_the_account_opens(db: None, page: str) -> None:
    person = make_person()
    TOTP.activate(person, "JBSWY3DPEHPK3PXP")
    client = sign_in(person)
    assert client.get(f"/{page}").status_code == 200
    assert UserSession.objects.filter(user=person).exists()
