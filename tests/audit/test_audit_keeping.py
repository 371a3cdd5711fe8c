"""The page on which an Owner sets how the log is kept, and erases who has left."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.urls import reverse

from audit import proof, queries
from audit.events import Event
from audit.models import Outcome
from config.roles import Role
from orgs.actions.members import member_remove
from orgs.tenancy import bound
from tests.factories import Cast, make_member, make_person, sign_in

DEEDS = ("retention/", "hold/", "hold/lift/", f"people/{uuid.UUID(int=7)}/erase/")


def post(cast: Cast, path: str, said: dict[str, Any] | None = None, **how: Any) -> Any:
    client = sign_in(cast.alice, **how)
    return client.post(cast.url(f"audit-log/keeping/{path}"), said or {}, follow=True)


def newest(cast: Cast) -> Any:
    with bound(cast.acme.id):
        return queries.recent(cast.acme.id, 1)[0]


def gone(cast: Cast, name: str = "Priya Raman") -> uuid.UUID:
    person = make_person(name)
    member = make_member(cast.acme, Role.MEMBER, person)
    with bound(cast.acme.id):
        member_remove(membership=member, reason="", actor=cast.access(cast.alice))
    return member.id


def test_an_owner_sets_how_long_entries_are_kept(cast: Cast) -> None:
    page = post(cast, "retention/", {"months": "24"}).content.decode()
    assert "Entries are kept for 24 months" in page
    entry = newest(cast)
    assert entry.event is Event.AUDIT_RETENTION_CHANGED
    assert entry.facts["changes"] == {"kept": ["for ever", "24 months"]}
    post(cast, "retention/", {"months": "0"})
    assert newest(cast).facts["changes"] == {"kept": ["24 months", "for ever"]}


@pytest.mark.parametrize("months", ["", "6", "-12", "x", "13", "9" * 30])
def test_a_span_that_is_not_offered_is_refused(cast: Cast, months: str) -> None:
    response = post(cast, "retention/", {"months": months})
    assert response.status_code == 422
    with bound(cast.acme.id):
        assert proof.keeping_of(cast.acme.id).months is None


def test_keeping_asks_for_a_fresh_sign_in(cast: Cast) -> None:
    for path, said in (("retention/", {"months": "24"}), ("hold/lift/", {"reason": "Over"})):
        url = cast.url(f"audit-log/keeping/{path}")
        response = sign_in(cast.alice, fresh=False).post(url, said)
        assert response["Location"].startswith(reverse("account_reauthenticate"))


def test_a_hold_is_placed_and_lifted_with_a_reason(cast: Cast) -> None:
    page = post(cast, "hold/", {"reason": "Case 12"}).content.decode()
    assert "A legal hold stands" in page
    assert "Alice Marlow placed it on" in page
    assert (newest(cast).event, newest(cast).reason) == (Event.AUDIT_HOLD_PLACED, "Case 12")
    assert "stood already" in post(cast, "hold/", {"reason": "Again"}).content.decode()
    page = post(cast, "hold/lift/", {"reason": "Closed"}).content.decode()
    assert "The legal hold is lifted" in page
    assert newest(cast).event is Event.AUDIT_HOLD_LIFTED


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301, "a\u202eb"])
def test_a_hold_without_a_readable_reason_is_refused(cast: Cast, reason: str) -> None:
    assert post(cast, "hold/", {"reason": reason}).status_code == 422
    assert newest(cast).outcome is Outcome.FAILED


def test_who_left_is_erased_after_their_name_was_typed(cast: Cast) -> None:
    person = gone(cast)
    url = cast.url(f"audit-log/keeping/people/{person}/erase/")
    page = sign_in(cast.alice).get(url).content.decode()
    assert "Erase Priya Raman from the audit log?" in page
    refused = sign_in(cast.alice).post(url, {"confirm": "Priya"})
    assert refused.status_code == 422
    page = sign_in(cast.alice).post(url, {"confirm": "Priya Raman", "names": "1"}, follow=True)
    assert "Erased from" in page.content.decode()
    assert "Priya" not in page.content.decode()
    assert sign_in(cast.alice).get(url).status_code == 404
    with bound(cast.acme.id):
        assert queries.first_flaw(cast.acme.id) is None
    log = sign_in(cast.alice).get(cast.url("audit-log/")).content.decode()
    assert "Priya" not in log
    assert "someone erased" in log.lower()


def test_a_member_who_came_back_is_refused_with_what_mends_it(cast: Cast) -> None:
    person = make_person("Priya Raman")
    member = make_member(cast.acme, Role.MEMBER, person)
    with bound(cast.acme.id):
        member_remove(membership=member, reason="", actor=cast.access(cast.alice))
    make_member(cast.acme, Role.MEMBER, person)
    url = cast.url(f"audit-log/keeping/people/{member.id}/erase/")
    for answer in (
        sign_in(cast.alice).get(url),
        sign_in(cast.alice).post(url, {"confirm": "Priya Raman"}),
    ):
        assert "is a member. Remove them from the organization first." in answer.content.decode()


def test_a_member_has_no_page_to_be_erased_on(cast: Cast) -> None:
    member = cast.member(cast.mia).id
    url = cast.url(f"audit-log/keeping/people/{member}/erase/")
    assert sign_in(cast.alice).get(url).status_code == 404


@pytest.mark.requirement("S1-048")
def test_while_a_hold_stands_nobody_is_erased(cast: Cast) -> None:
    person = gone(cast)
    post(cast, "hold/", {"reason": "Case 12"})
    url = cast.url(f"audit-log/keeping/people/{person}/erase/")
    answer = sign_in(cast.alice).post(url, {"confirm": "Priya Raman", "names": "1"})
    assert answer.status_code == 422
    assert "Alice Marlow placed a legal hold on" in answer.content.decode()
    assert newest(cast).reason == "held"


@pytest.mark.parametrize("path", ["", *DEEDS])
def test_only_owners_keep_the_log(cast: Cast, path: str) -> None:
    url = cast.url(f"audit-log/keeping/{path}")
    for person in (cast.adam, cast.mia, cast.vera, cast.eddie):
        assert sign_in(person).post(url).status_code == 302
        assert cast.url("audit-log/keeping/") not in sign_in(person).post(url)["Location"]
    assert sign_in(cast.oscar).get(url).status_code == 404


@pytest.mark.parametrize("path", DEEDS[:3])
def test_a_deed_that_is_only_looked_at_does_nothing(cast: Cast, path: str) -> None:
    response = sign_in(cast.alice).get(cast.url(f"audit-log/keeping/{path}"))
    assert response["Location"] == cast.url("audit-log/keeping/")
