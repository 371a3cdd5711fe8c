"""Filters that are kept: one's own and shared ones, and what becomes of them."""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from audit import queries
from audit.actions.filters import filter_save
from audit.events import Event
from audit.models import SavedFilter
from config.roles import Role
from orgs.actions.members import member_remove
from orgs.tenancy import bound
from tests.factories import TEST, Cast, make_group, make_seat, sign_in
from tests.projects.factories import make_group_role

HTMX = {"HX-Request": "true"}


@pytest.fixture
def reader(cast: Cast) -> Client:
    """Mia, who reads the log by a group that is no more than that."""
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, Role.AUDIT_LOG_READER)
    return sign_in(cast.mia)


def save(client: Client, cast: Cast, name: str, query: dict[str, str], **more: Any) -> Any:
    headers = more.pop("headers", {})
    url = f"{cast.url('audit-log/filters/new/')}?{urlencode(query)}"
    return client.post(url, {"name": name} | more, headers=headers)


def listed(client: Client, cast: Cast) -> dict[str, str]:
    context = client.get(cast.url("audit-log/")).context
    return {kept.name: str(kept.address) for kept in context["saved"]}


def kept(cast: Cast, name: str) -> SavedFilter:
    with bound(cast.acme.id):
        return SavedFilter.objects.get(organization_id=cast.acme.id, name=name)


@pytest.mark.requirement("S3-056", "S3-071")
def test_a_filter_stands_above_the_log_under_its_name(reader: Client, cast: Cast) -> None:
    asked = {"q": "keys", "area": "key", "outcome": "denied"}
    response = save(reader, cast, "Refused keys", asked)
    assert response.url == f"{cast.url('audit-log/')}?{urlencode(asked)}"
    assert listed(reader, cast) == {"Refused keys": response.url}
    with bound(cast.acme.id):
        events = queries.recent(cast.acme.id, 5)
    assert Event.AUDIT_FILTER_SAVED in {entry.event for entry in events}
    assert "saved the filter <b><bdi>Refused keys" in "".join(e.sentence for e in events)


def test_one_of_ones_own_is_nobody_elses(reader: Client, cast: Cast) -> None:
    save(reader, cast, "Mine", {"q": "x"})
    save(reader, cast, "Ours", {"q": "x"}, shared="on")
    alice = sign_in(cast.alice)
    assert set(listed(alice, cast)) == {"Ours"}
    page = cast.url(f"audit-log/filters/{kept(cast, 'Mine').pk}/delete/")
    assert alice.get(page).status_code == 404
    assert alice.post(page).status_code == 404


def test_a_shared_one_is_deleted_by_its_maker_or_an_owner(reader: Client, cast: Cast) -> None:
    for name in ("One", "Two"):
        save(reader, cast, name, {"q": "x"}, shared="on")
    one, two = (
        cast.url(f"audit-log/filters/{kept(cast, name).pk}/delete/") for name in ("One", "Two")
    )
    viewer = sign_in(cast.vera)
    assert set(listed(viewer, cast)) == {"One", "Two"}
    assert viewer.post(one).status_code == 404
    assert "One" in reader.get(one).content.decode()
    assert reader.post(one).status_code == 302
    response = sign_in(cast.alice).post(two, headers=HTMX)
    assert response["HX-Redirect"] == cast.url("audit-log/")
    assert listed(reader, cast) == {}
    assert reader.post(one).status_code == 404
    with bound(cast.acme.id):
        actions = [entry.action for entry in queries.recent(cast.acme.id, 10)]
    assert actions.count("audit.filter_deleted") == 2


def test_who_may_not_read_the_log_keeps_no_filter(cast: Cast) -> None:
    assert save(sign_in(cast.mia), cast, "Mine", {"q": "x"}).status_code == 302
    with bound(cast.acme.id):
        assert not SavedFilter.objects.filter(organization_id=cast.acme.id).exists()


def test_another_organizations_filters_are_not_there(reader: Client, cast: Cast) -> None:
    save(reader, cast, "Ours", {"q": "x"}, shared="on")
    page = f"audit-log/filters/{kept(cast, 'Ours').pk}/delete/"
    assert sign_in(cast.oscar).post(cast.url(page, cast.umbrella)).status_code == 404
    assert sign_in(cast.oscar).post(cast.url(page)).status_code == 404


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "dialog"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("refused", "You have a filter of this name."),
        ("", "This field is required."),
        ("x" * 61, "at most 60"),
        ("a\u202eb", "invisible characters"),
    ],
)
def test_a_name_is_one_line_and_ones_own_only_once(
    reader: Client, cast: Cast, name: str, words: str, headers: dict[str, str]
) -> None:
    save(reader, cast, "Refused", {"outcome": "denied"})
    response = save(reader, cast, name, {"q": "x"}, headers=headers)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert len(listed(reader, cast)) == 1


def test_two_people_may_use_the_same_name(reader: Client, cast: Cast) -> None:
    save(reader, cast, "Refused", {"q": "x"}, shared="on")
    assert save(sign_in(cast.alice), cast, "Refused", {"q": "y"}).status_code == 302


def test_what_others_share_never_hides_ones_own(
    reader: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.queries.saved.MOST_SAVED", 1)
    alice = sign_in(cast.alice)
    for name in ("Also theirs", "Before mine"):
        save(alice, cast, name, {"q": "x"}, shared="on")
    save(reader, cast, "Mine", {"q": "x"})
    assert list(listed(reader, cast)) == ["Also theirs", "Mine"]


def test_nothing_filtered_is_nothing_to_save(reader: Client, cast: Cast) -> None:
    page = reader.get(cast.url("audit-log/filters/new/"))
    assert "No filter is set" in page.content.decode()
    save(reader, cast, "Nothing", {"actor": "not an id"})
    assert listed(reader, cast) == {}


def test_a_span_that_ends_today_moves_along(
    reader: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = timezone.localdate()
    week = today - datetime.timedelta(days=6)
    save(reader, cast, "This week", {"since": str(week)})
    save(reader, cast, "That week", {"since": str(week), "until": str(today)})
    tomorrow = today + datetime.timedelta(days=1)
    monkeypatch.setattr("audit.kept.timezone.localdate", lambda: tomorrow)
    found = listed(reader, cast)
    assert found["This week"].endswith(f"?since={week + datetime.timedelta(days=1)}")
    assert f"since={week}" in found["That week"]


def test_fifty_are_enough_for_one_person(reader: Client, cast: Cast) -> None:
    with bound(cast.acme.id):
        for number in range(queries.MOST_SAVED):
            filter_save(
                organization=cast.acme.id,
                membership=cast.member(cast.mia).pk,
                name=f"Filter {number}",
                query={"q": "x"},
                shared=False,
                actor=TEST,
            )
    response = save(reader, cast, "One more", {"q": "x"})
    assert response.status_code == 422
    assert "Delete one before you save another." in response.content.decode()


def test_they_go_with_their_maker(reader: Client, cast: Cast) -> None:
    save(reader, cast, "Ours", {"q": "x"}, shared="on")
    alice = cast.access(cast.alice)
    member_remove(membership=cast.member(cast.mia), actor=alice, reason="")
    assert not SavedFilter.objects.filter(organization_id=cast.acme.id).exists()
    assert listed(sign_in(cast.alice), cast) == {}
