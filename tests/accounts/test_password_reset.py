"""Setting a forgotten password anew."""

from __future__ import annotations

import re

from django.test import Client

from audit.models import PLATFORM
from tests.accounts.test_sign_in import attempt, entries, is_signed_in
from tests.accounts.test_sign_up import link_in
from tests.factories import make_person

NEW = "a new and longer sentence"


def ask(email: str):
    client = Client()
    return client, client.post("/password/reset/", {"email": email})


def test_link_sets_a_new_password_once_and_ends_open_sessions(db: None, mailoutbox) -> None:
    person = make_person()
    elsewhere, _ = attempt(person.email)
    client, response = ask(person.email)
    assert response.url == "/password/reset/sent/"
    link = link_in(mailoutbox[0])
    form = client.get(link, follow=True)
    assert form.redirect_chain, "the key leaves the address bar, and with it the Referer"
    done = client.post(form.request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    assert done.url == "/password/reset/done/"
    assert client.get(done.url).status_code == 200
    assert is_signed_in(attempt(person.email, NEW)[0])
    assert not is_signed_in(attempt(person.email)[0])
    assert elsewhere.get("/profile/").status_code == 302
    assert "This link does not hold" in Client().get(link).content.decode()
    assert mailoutbox[1].subject == "Your password was set anew"


def test_reset_does_not_tell_whether_the_address_has_an_account(db: None, mailoutbox) -> None:
    person = make_person()
    pages = []
    for email in (person.email, "nobody@example.com"):
        client, response = ask(email)
        pages.append(
            (response.url, re.sub(r"[\w-]{32,}", "", client.get(response.url).content.decode()))
        )
    assert pages[0] == pages[1]
    assert [letter.to for letter in mailoutbox] == [[person.email]]


def test_suspended_account_gets_no_link(db: None, mailoutbox) -> None:
    person = make_person(state="suspended", is_active=False)
    ask(person.email)
    assert not mailoutbox


def test_reset_is_recorded_as_the_persons_own(db: None, mailoutbox) -> None:
    person = make_person()
    client, _ = ask(person.email)
    form = client.get(link_in(mailoutbox[0]), follow=True)
    client.post(form.request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    action, _, _, words = entries(PLATFORM)[-1]
    assert (action, words["actor"]) == ("account.password_changed", person.name)
