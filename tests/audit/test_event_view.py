"""One entry: its before and after, what it follows, and whether it holds."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from audit import queries
from audit.entries import hash_words
from audit.events import Event
from audit.ledger import Actor
from audit.models import Outcome
from orgs.tenancy import bound
from tests.audit.ledgers import PRIYA, change_role
from tests.factories import Cast, sign_in


@pytest.fixture
def alice(cast: Cast) -> Client:
    return sign_in(cast.alice)


@pytest.mark.requirement("S2-030")
def test_it_shows_before_and_after_and_why(alice: Client, cast: Cast) -> None:
    number = change_role(cast.acme.id)
    page = alice.get(cast.url(f"audit-log/{number}/")).content.decode()
    assert "<del><bdi>Member</bdi></del>" in page
    assert "<ins><bdi>Admin</bdi></ins>" in page
    assert "Takes over the keys." in page
    assert "203.0.113.9" in page
    assert "Firefox" in page


def test_it_shows_what_it_follows_and_that_it_is_intact(alice: Client, cast: Cast) -> None:
    before, number = change_role(cast.acme.id), change_role(cast.acme.id)
    with bound(cast.acme.id):
        earlier, _ = queries.event_get(organization=cast.acme.id, sequence=before)
    response = alice.get(cast.url(f"audit-log/{number}/"))
    assert response.context["follows"] == hash_words(earlier.hash)
    page = response.content.decode()
    assert "Intact" in page
    assert "&quot;particulars&quot;" in page


def test_htmx_gets_the_opened_row_alone(alice: Client, cast: Cast) -> None:
    number = change_role(cast.acme.id)
    response = alice.get(cast.url(f"audit-log/{number}/"), headers={"HX-Request": "true"})
    assert b"<html" not in response.content
    assert b"intact" in response.content


def test_an_entry_narrows_the_log_that_it_was_opened_in(alice: Client, cast: Cast) -> None:
    number = change_role(cast.acme.id)
    url = cast.url("audit-log/")
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{url}?outcome=done&x=1"}
    response = alice.get(f"{url}{number}/", headers=headers)
    addresses = {link.key: str(link.address) for link in response.context["links"]}
    assert addresses["Target"] == f"{url}?outcome=done&target={PRIYA.id}"
    alone = alice.get(f"{url}{number}/").context["links"]
    assert str(alone[-1].address) == f"{url}?action=member.role_changed"


def test_the_first_entry_follows_nothing(alice: Client, cast: Cast) -> None:
    page = alice.get(cast.url("audit-log/1/")).content.decode()
    assert "nothing, it is the first" in page
    assert "Intact" in page


@pytest.mark.parametrize("number", ["999999", "0", "9" * 40])
def test_an_entry_that_is_not_there_is_404(alice: Client, cast: Cast, number: str) -> None:
    assert alice.get(cast.url(f"audit-log/{number}/")).status_code == 404


def test_a_tampered_entry_is_shown_with_what_is_wrong(
    alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = change_role(cast.acme.id)
    flaw = queries.Flaw(number, "its columns differ from its text")
    monkeypatch.setattr(queries, "first_flaw", lambda *_, **__: flaw)
    page = alice.get(cast.url(f"audit-log/{number}/")).content.decode()
    assert "This entry was tampered with" in page
    assert "its columns differ from its text" in page


def test_unseen_characters_in_the_raw_entry_are_written_out(alice: Client, cast: Cast) -> None:
    number = change_role(
        cast.acme.id,
        event=Event.GROUP_CHANGED,
        changes={
            "name": ("a", "evil\u202egroup"),
            "description": (None, None),
            "parent": (None, None),
            "secret": (False, True),
        },
    )
    page = alice.get(cast.url(f"audit-log/{number}/")).content.decode()
    assert "evil\\u202egroup" in page
    assert "<ins><bdi>yes</bdi></ins>" in page


def test_a_denied_attempt_names_the_permission(alice: Client, cast: Cast) -> None:
    number = change_role(
        cast.acme.id,
        outcome=Outcome.DENIED,
        reason="members.change_role",
        actor=Actor("x", None, ""),
    )
    page = alice.get(cast.url(f"audit-log/{number}/")).content.decode()
    assert "Permission missing" in page
    assert "members.change_role" in page


def test_another_organizations_entry_is_404(alice: Client, cast: Cast) -> None:
    change_role(cast.umbrella.id, actor=Actor("member", uuid.uuid4(), "Oscar Novak"))
    with bound(cast.acme.id):
        found = queries.event_get(organization=cast.umbrella.id, sequence=1)
    assert found is None
    assert alice.get(cast.url("audit-log/1/", cast.umbrella)).status_code == 404
