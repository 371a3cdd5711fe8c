"""The list of one's sessions, and ending them."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.devices import device_icon, device_words
from audit.models import PLATFORM
from tests.accounts.test_sign_in import PASSWORD, entries
from tests.factories import Cast, make_person, sign_in

MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/141.0.0.0 Safari/537.36"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0"
)
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)


def browser(person, user_agent: str, ip: str = "203.0.113.9") -> Client:
    client = Client(headers={"User-Agent": user_agent}, REMOTE_ADDR=ip)
    client.post("/sign-in/", {"login": person.email, "password": PASSWORD})
    return client


@pytest.mark.parametrize(
    ("user_agent", "words", "icon"),
    [
        (MAC, "Chrome on macOS", "computer-desktop"),
        (EDGE, "Edge on Windows", "computer-desktop"),
        (PHONE, "Safari on iPhone", "device-phone-mobile"),
        ("curl/8.5.0", "curl", "computer-desktop"),
        ("", "Unknown device", "computer-desktop"),
    ],
)
def test_device_in_a_few_words(user_agent: str, words: str, icon: str) -> None:
    assert device_words(user_agent) == words
    assert device_icon(user_agent) == icon


def test_list_shows_where_one_is_signed_in_this_browser_first(db: None) -> None:
    person = make_person()
    browser(person, PHONE, "198.51.100.7")
    page = browser(person, MAC).get("/profile/sessions/").content.decode()
    assert page.index("Chrome on macOS") < page.index("Safari on iPhone")
    assert page.count("This browser") == 1
    assert "198.51.100.7" in page


def test_ending_a_session_signs_that_browser_out(db: None) -> None:
    person = make_person()
    phone, mac = browser(person, PHONE), browser(person, MAC)
    session = UserSession.objects.get(session_key=phone.session.session_key)
    assert mac.post(f"/profile/sessions/{session.pk}/revoke/").url == "/profile/sessions/"
    assert phone.get("/profile/").status_code == 302
    assert mac.get("/profile/").status_code == 200
    action, _, _, words = entries(PLATFORM)[-1]
    assert (action, words["target"]) == ("session.revoked", "Safari on iPhone, 203.0.113.9")


def test_ending_all_others_leaves_this_one(db: None) -> None:
    person = make_person()
    others = [browser(person, PHONE), browser(person, EDGE)]
    mac = browser(person, MAC)
    mac.post("/profile/sessions/revoke/")
    assert [other.get("/profile/").status_code for other in others] == [302, 302]
    page = mac.get("/profile/sessions/").content.decode()
    assert "2 sessions ended." in page
    assert "End all others" not in page
    assert [action for action, *_ in entries(PLATFORM)][-2:] == ["session.revoked"] * 2


def test_session_of_somebody_else_is_not_there(db: None) -> None:
    mine, theirs = browser(make_person(), MAC), browser(make_person(), PHONE)
    foreign = UserSession.objects.get(session_key=theirs.session.session_key)
    own = UserSession.objects.get(session_key=mine.session.session_key)
    for pk in (foreign.pk, own.pk, 10**9):
        assert mine.post(f"/profile/sessions/{pk}/revoke/").status_code == 404
    assert theirs.get("/profile/").status_code == 200


@pytest.mark.requirement("S1-027")
def test_viewer_may_end_their_own_sessions(cast: Cast) -> None:
    phone, mac = browser(cast.vera, PHONE), browser(cast.vera, MAC)
    mac.post("/profile/sessions/revoke/")
    assert phone.get("/profile/").status_code == 302


def test_ended_sessions_leave_no_row(db: None) -> None:
    person = make_person()
    mac = browser(person, MAC)
    Session.objects.filter(session_key=browser(person, PHONE).session.session_key).delete()
    assert "Safari on iPhone" not in mac.get("/profile/sessions/").content.decode()
    assert UserSession.objects.filter(user=person).count() == 1


def test_sessions_are_for_who_is_signed_in(db: None) -> None:
    assert Client().get("/profile/sessions/").url == "/sign-in/?next=/profile/sessions/"
    assert sign_in(make_person()).get("/profile/sessions/revoke/").status_code == 405


def test_who_has_nothing_to_prove_it_with_signs_in_from_the_start(db: None) -> None:
    """Somebody who came by a company's sign-in has no password to ask for."""
    person = make_person()
    person.set_unusable_password()
    person.save()
    client = sign_in(person, fresh=False)
    response = client.get("/sign-in/again/?next=/profile/")
    assert response.headers["Location"] == "/sign-in/?next=/profile/"
    assert client.get("/profile/").status_code == 302


def test_who_has_a_password_is_asked_for_it_and_stays_signed_in(db: None) -> None:
    client = sign_in(make_person(), fresh=False)
    assert b"Show that it is you" in client.get("/sign-in/again/?next=/profile/").content
    assert client.get("/profile/").status_code == 200
