"""Who sees that support is inside: support itself on every page, owners and admins, nobody else."""

from __future__ import annotations

import datetime

import pytest

from orgs.banners import moment
from tests.factories import Cast, sign_in
from tests.orgs.support import HOUR, earlier, open_window


def page(cast: Cast, person: object, where: str = "members/") -> str:
    return sign_in(person).get(cast.url(where)).content.decode()  # type: ignore[arg-type]


@pytest.mark.requirement("S1-020")
def test_support_reads_on_every_page_where_it_is_and_until_when(cast: Cast) -> None:
    window = open_window(cast.acme, cast.alice, cast.sam)
    said = f"You are inside Acme Robotics as support until {moment(window.until)}, to read only."
    for where in ("", "members/", "groups/", "permissions/", "audit-log/"):
        assert said in page(cast, cast.sam, where), where
    assert cast.url("members/leave/") in page(cast, cast.sam)


def test_one_that_may_change_things_says_so(cast: Cast) -> None:
    open_window(cast.acme, cast.alice, cast.sam, may_change=True)
    assert "to read and change." in page(cast, cast.sam)


def test_owners_and_admins_see_that_support_is_inside(cast: Cast) -> None:
    window = open_window(cast.acme, cast.alice, cast.sam)
    said = f"Support is inside until {moment(window.until)}: Sam Whitfield."
    for person in (cast.alice, cast.adam):
        assert said in page(cast, person, "")
    assert cast.url("settings/support/end/") in page(cast, cast.alice)
    assert cast.url("settings/support/end/") not in page(cast, cast.adam)
    for person in (cast.mia, cast.vera):
        assert "Support is inside" not in page(cast, person)


def test_it_is_gone_with_the_minute_of_its_end(cast: Cast) -> None:
    earlier(open_window(cast.acme, cast.alice, cast.sam, hours=1), HOUR)
    assert "Support is inside" not in page(cast, cast.alice)


def test_it_costs_no_query(cast: Cast, django_assert_num_queries) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = sign_in(cast.alice)
    client.get(cast.url("docs/"))
    with CaptureQueriesContext(connection) as without:
        client.get(cast.url("docs/"))
    open_window(cast.acme, cast.alice, cast.sam)
    with CaptureQueriesContext(connection) as inside:
        client.get(cast.url("docs/"))
    assert len(inside) == len(without)


def test_the_list_of_members_marks_support(cast: Cast) -> None:
    open_window(cast.acme, cast.alice, cast.sam)
    listed = page(cast, cast.mia)
    assert "Sam Whitfield (support)" in listed
    assert ">Support</span>" in listed


def test_another_organization_learns_nothing(cast: Cast) -> None:
    open_window(cast.acme, cast.alice, cast.sam)
    umbrella = sign_in(cast.oscar).get(cast.url("members/", cast.umbrella)).content.decode()
    assert "Support is inside" not in umbrella
    assert "Sam" not in umbrella


@pytest.mark.requirement("S2-138")
def test_the_switcher_has_the_organization_while_the_window_is_open(cast: Cast) -> None:
    client = sign_in(cast.sam)
    assert "Acme" not in client.get("/organizations/").content.decode()
    window = open_window(cast.acme, cast.alice, cast.sam)
    assert "Acme" in client.get("/organizations/").content.decode()
    earlier(window, 5 * HOUR)
    assert "Acme" not in client.get("/organizations/").content.decode()


def test_the_name_of_another_day_stands_with_it() -> None:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3)
    assert str(soon.day) in moment(soon)
