"""Creating an account, and showing that its address is one's own."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.actions import platform_settings_change
from accounts.models import User
from audit.ledger import Actor
from tests.accounts.test_sign_in import entries, is_signed_in
from tests.factories import Cast, make_person
from tests.orgs.invitations import invite
from tests.portal import putting_on_the_portal

PASSWORD = "correct horse battery"


def sign_up(email: str, name: str = "Nora Feld", **rest: str):
    client = Client()
    fields = {"name": name, "email": email, "password1": PASSWORD, **rest}
    return client, client.post("/sign-up/", fields)


def link_in(letter) -> str:
    return re.search(r"http://testserver(\S+)", letter.body).group(1)


def test_account_opens_once_its_address_is_confirmed(db: None, mailoutbox) -> None:
    client, response = sign_up("Nora.Feld@Example.com", name="  Nora   Feld ")
    assert response.url == "/sign-up/confirm/"
    assert client.get(response.url).status_code == 200
    assert not is_signed_in(client)
    person = User.objects.get(email="nora.feld@example.com")
    assert (person.name, person.state) == ("Nora Feld", "active")
    assert [letter.to for letter in mailoutbox] == [["nora.feld@example.com"]]
    link = link_in(mailoutbox[0])
    assert "Confirm nora.feld@example.com" in client.get(link).content.decode()
    assert not person.emailaddress_set.get().verified, "a mail scanner's GET confirms nothing"
    assert client.post(link).url == "/"
    assert is_signed_in(client)
    assert person.emailaddress_set.get().verified


def test_confirming_leads_where_one_was_going(db: None, mailoutbox) -> None:
    client, _ = sign_up("nora@example.com", next="/invitations/abc/")
    assert client.post(link_in(mailoutbox[0])).url == "/invitations/abc/"


def test_link_opened_elsewhere_confirms_but_signs_nobody_in(db: None, mailoutbox) -> None:
    sign_up("nora@example.com")
    elsewhere = Client()
    assert elsewhere.post(link_in(mailoutbox[0])).url.startswith("/sign-in/")
    assert not is_signed_in(elsewhere)
    assert User.objects.get().emailaddress_set.get().verified


def test_sign_up_does_not_tell_whether_the_address_has_an_account(db: None, mailoutbox) -> None:
    make_person(email="known@example.com")
    _, known = sign_up("known@example.com")
    _, unknown = sign_up("unknown@example.com")
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert [letter.subject for letter in mailoutbox] == [
        "You have an account already",
        "Confirm your address",
    ]
    assert User.objects.count() == 2


@pytest.mark.parametrize(
    "email", ["аdam@example.com", "adam@exаmple.com", "adam", "a" * 250 + "@example.com"]
)
def test_address_that_is_none_or_looks_like_another_is_refused(db: None, email: str) -> None:
    _, response = sign_up(email)
    assert response.status_code == 200
    assert response.context["form"].errors["email"]
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["   ", "Nora\u202eFeld", "\u200b", "n" * 101])
def test_name_that_hides_something_or_is_none_is_refused(db: None, name: str) -> None:
    _, response = sign_up("nora@example.com", name=name)
    assert response.context["form"].errors["name"]
    assert not User.objects.exists()


def test_weak_password_is_refused(db: None) -> None:
    for password in ("short1!", "password1234", "nora.feld@example.com"):
        _, response = sign_up("nora.feld@example.com", password1=password)
        assert response.context["form"].errors["password1"]


def test_sign_up_and_confirmation_are_recorded(db: None, mailoutbox) -> None:
    from audit.models import PLATFORM

    client, _ = sign_up("nora@example.com")
    client.post(link_in(mailoutbox[0]))
    recorded = [(action, words["target"]) for action, _, _, words in entries(PLATFORM)]
    assert recorded[:2] == [
        ("account.created", "nora@example.com"),
        ("account.email_confirmed", "nora@example.com"),
    ]
    assert recorded[2][0] == "session.started"


@pytest.mark.requirement("S1-041")
def test_platform_may_look_at_every_new_account_first(db: None, settings, mailoutbox) -> None:
    settings.REVIEW_SIGN_UPS = True
    make_person(email="known@example.com")
    client, response = sign_up("nora@example.com")
    _, known = sign_up("known@example.com")
    assert response.url == known.url, "a review must not tell which addresses have an account"
    assert client.post(link_in(mailoutbox[0])).url == "/sign-in/inactive/"
    assert not is_signed_in(client)
    assert "being looked at" in client.get("/sign-in/inactive/").content.decode()
    assert User.objects.get(email="nora@example.com").state == "pending"


# Who may create one at all


def registering(how: str, **more: str) -> None:
    """As a superadmin sets it in the portal: the web role may not."""
    superadmin = make_person("Sam Whitfield", is_staff=True)
    actor = Actor("person", superadmin.pk, superadmin.name)
    with putting_on_the_portal():
        settings = {"registration": how, "support_email": "", "notice": ""} | more
        platform_settings_change(**settings, actor=actor)


@pytest.mark.requirement("S1-041", "S2-015")
def test_by_approval_a_new_account_waits_and_is_told_so(db: None, mailoutbox) -> None:
    registering("approval")
    assert "New accounts are looked at" in Client().get("/sign-up/").content.decode()
    client, _ = sign_up("nora@example.com")
    client.post(link_in(mailoutbox[0]))
    assert not is_signed_in(client)
    assert User.objects.get(email="nora@example.com").state == "pending"


@pytest.mark.requirement("S2-015")
def test_settings_of_the_platform_outweigh_the_environment(db: None, settings) -> None:
    settings.REVIEW_SIGN_UPS = True
    registering("open")
    sign_up("nora@example.com")
    assert User.objects.get(email="nora@example.com").state == "active"


@pytest.mark.requirement("S2-015")
def test_closed_to_all_but_the_invited(cast: Cast, mailoutbox) -> None:
    registering("closed", support_email="help@platform.example")
    sign_in_page = Client().get("/sign-in/").content.decode()
    assert "by invitation" in sign_in_page
    assert "help@platform.example" in sign_in_page
    assert "by invitation" in Client().get("/sign-up/").content.decode()
    sign_up("nora@example.com")
    assert not User.objects.filter(email="nora@example.com").exists()
    _, token = invite(cast, "nora@example.com")
    back = f"/invitations/{token}/"
    assert "By invitation" in Client().get("/sign-up/", {"next": back}).content.decode()
    _, other = sign_up("mallory@example.com", next=back)
    assert "the address that the invitation was sent to" in other.content.decode()
    client, _ = sign_up("nora@example.com", next=back)
    assert client.post(link_in(mailoutbox[-1])).url == back
    assert User.objects.get(email="nora@example.com").is_active


@pytest.mark.requirement("S2-015")
@pytest.mark.parametrize(
    "back", ["/invitations/made-up/", "https://evil.example/invitations/x/", "/invitations/%00/"]
)
def test_a_link_that_nobody_sent_opens_nothing(cast: Cast, back: str) -> None:
    registering("closed")
    sign_up("nora@example.com", next=back)
    assert not User.objects.filter(email="nora@example.com").exists()
