"""Cases: a letter to support with what was written, kept in the organization and nowhere else."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from orgs.models import SupportCase
from orgs.tenancy import bound
from tests.factories import Cast, sign_in
from tests.orgs.support import actions, sentences

WRITTEN = {"subject": "It is slow", "text": "Since Monday.\nEvery page.", "urgency": "high"}


@pytest.fixture(autouse=True)
def _address(settings) -> None:
    settings.SUPPORT_EMAIL = "support@platform.example"


def opened(cast: Cast, person=None, **said: str):
    client = sign_in(person or cast.adam)
    return client.post(cast.url("settings/support/cases/new/"), WRITTEN | said)


def the_case(cast: Cast) -> SupportCase:
    with bound(cast.acme.id):
        return SupportCase.objects.in_org(cast.acme).latest("number")


def letter() -> EmailMultiAlternatives:
    (found,) = mail.outbox
    mail.outbox.clear()
    return found


@pytest.mark.requirement("S1-020")
@pytest.mark.parametrize("who", ["alice", "adam"])
def test_owners_and_admins_open_cases(
    cast: Cast, who: str, django_capture_on_commit_callbacks
) -> None:
    person = getattr(cast, who)
    with django_capture_on_commit_callbacks(execute=True):
        assert opened(cast, person).status_code == 302
    sent = letter()
    assert sent.to == ["support@platform.example"]
    assert sent.reply_to == [person.email]
    assert sent.subject == "[Case 1] It is slow"
    assert "Since Monday.\nEvery page." in sent.body
    assert sentences(cast.acme, 1)[0].endswith("opened the support case #1 It is slow")


def test_the_letter_says_nothing_else_of_the_organization(
    cast: Cast, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        opened(cast)
    sent = letter()
    for known in (cast.acme.name, cast.acme.slug, str(cast.acme.pk), "Alice", "Adam"):
        assert known not in sent.subject + sent.body
    assert "/o/" not in sent.body


def test_others_open_none(cast: Cast) -> None:
    for person in (cast.mia, cast.vera, cast.eddie):
        opened(cast, person)
    with bound(cast.acme.id):
        assert not SupportCase.objects.in_org(cast.acme).exists()


@pytest.mark.requirement("S1-020")
def test_it_is_answered_and_solved_and_opened_again(
    cast: Cast, django_capture_on_commit_callbacks
) -> None:
    opened(cast)
    case = the_case(cast)
    url, client = cast.url(f"settings/support/cases/{case.pk}/"), sign_in(cast.alice)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{url}answer/", {"text": "Our note", "state": "open"})
    assert not mail.outbox, "a note stays here"
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{url}answer/", {"text": "It is the proxy", "state": "waiting"})
    assert "It is the proxy" in letter().body
    client.post(f"{url}solve/")
    assert the_case(cast).state == "solved"
    client.post(f"{url}solve/")
    assert actions(cast.acme, 2) == ["support_case.solved", "support_case.answered"]
    client.post(f"{url}answer/", {"text": "Again", "state": "waiting"})
    assert the_case(cast).state == "waiting"
    page = client.get(url).content.decode()
    for said in ("Since Monday.", "Our note", "It is the proxy", "Again"):
        assert said in page


def test_numbers_count_in_the_organization(cast: Cast) -> None:
    for _ in range(3):
        opened(cast)
    with bound(cast.acme.id):
        numbers = SupportCase.objects.in_org(cast.acme).values_list("number", flat=True)
        assert sorted(numbers) == [1, 2, 3]


@pytest.mark.parametrize(
    "said",
    [
        {"subject": ""},
        {"text": " \n "},
        {"urgency": "now"},
        {"text": "x" * 5_001},
        {"subject": "x" * 151},
        {"subject": "It\x1b[31m is"},
    ],
)
def test_what_cannot_be_sent_is_said(cast: Cast, said: dict[str, str]) -> None:
    assert opened(cast, **said).status_code == 422


def test_unseen_characters_go_no_further(cast: Cast, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        opened(cast, text="One\u202etwo\x1b[31m\r\nBcc: all@example.com")
    body = letter().body
    assert "\u202e" not in body
    assert "\x1b" not in body
    assert "One" in body


def test_a_case_of_another_organization_is_not_there(cast: Cast) -> None:
    opened(cast)
    case = the_case(cast)
    client = sign_in(cast.oscar)
    for page in ("", "answer/", "solve/"):
        url = cast.url(f"settings/support/cases/{case.pk}/{page}", cast.umbrella)
        assert client.post(url, {"text": "x", "state": "open"}).status_code in (404, 405)
        assert client.get(url).status_code == 404


def test_the_portal_shows_no_case(cast: Cast) -> None:
    opened(cast)
    client = sign_in(cast.sam)
    for page in ("/admin/", "/admin/organizations/", f"/admin/organizations/{cast.acme.pk}/"):
        assert "It is slow" not in client.get(page).content.decode()
