"""A window ends: by an Owner at once, by the clock to the second, by leaving, by removal."""

from __future__ import annotations

import pytest
from django.utils import timezone

from orgs.models import Membership, Organization, SupportWindow
from orgs.tasks import support_clear
from orgs.tenancy import bound
from tests.factories import Cast, sign_in
from tests.orgs.support import HOUR, actions, earlier, open_window, reload, sentences


def is_inside(cast: Cast) -> bool:
    return sign_in(cast.sam).get(cast.url()).status_code == 200


def organization(cast: Cast) -> Organization:
    with bound(cast.acme.id):
        return Organization.objects.get(pk=cast.acme.pk)


@pytest.mark.requirement("S1-020", "S2-138")
def test_an_owner_ends_it_at_once(cast: Cast) -> None:
    window = open_window(cast.acme, cast.alice, cast.sam)
    client = sign_in(cast.sam)
    assert client.get(cast.url()).status_code == 200
    url = cast.url(f"settings/support/{window.pk}/end/")
    assert sign_in(cast.alice).post(url, {"reason": "Solved"}).status_code == 302
    assert client.get(cast.url()).status_code == 404
    closed = reload(window)
    assert closed.closed_by_name == "Alice Marlow"
    assert closed.membership_id is None
    assert sentences(cast.acme, 1) == [
        "Alice Marlow ended the support window of Sam Whitfield (support)"
    ]


def test_what_is_ended_is_not_ended_again(cast: Cast) -> None:
    window = open_window(cast.acme, cast.alice, cast.sam)
    url, client = cast.url(f"settings/support/{window.pk}/end/"), sign_in(cast.alice)
    assert client.post(url).status_code == 302
    assert client.post(url).status_code == 422


def test_the_banner_ends_all_of_them(cast: Cast) -> None:
    open_window(cast.acme, cast.alice, cast.sam)
    assert sign_in(cast.alice).post(cast.url("settings/support/end/")).status_code == 302
    assert not is_inside(cast)
    assert organization(cast).support_until is None


@pytest.mark.parametrize("late", [-60, 1])
def test_its_end_is_kept_to_the_second_without_any_job(cast: Cast, late: int) -> None:
    window = open_window(cast.acme, cast.alice, cast.sam, hours=1)
    earlier(window, HOUR + (HOUR / 3600) * late)
    assert is_inside(cast) is (late < 0)


def test_the_clock_clears_away_what_is_over(cast: Cast) -> None:
    window = earlier(open_window(cast.acme, cast.alice, cast.sam, hours=1), 2 * HOUR)
    support_clear(0)
    with bound(cast.acme.id):
        assert not Membership.objects.in_org(cast.acme).filter(person=cast.sam).exists()
    assert reload(window).closed_at is not None
    assert organization(cast).support_until is None
    assert actions(cast.acme, 1) == ["support.ended"]
    assert "Its time was up." in sign_in(cast.alice).get(cast.url("audit-log/")).content.decode()
    support_clear(0)
    assert actions(cast.acme, 2).count("support.ended") == 1, "it may run twice"


def test_a_window_whose_time_is_not_up_is_left_alone(cast: Cast) -> None:
    open_window(cast.acme, cast.alice, cast.sam)
    support_clear(0)
    assert is_inside(cast)


def test_a_window_that_is_over_makes_room_before_the_clock_comes(cast: Cast) -> None:
    earlier(open_window(cast.acme, cast.alice, cast.sam, hours=1), 2 * HOUR)
    open_window(cast.acme, cast.alice, cast.sam)
    assert is_inside(cast)


@pytest.mark.parametrize("how", ["remove", "leave"])
def test_a_window_goes_with_the_membership(cast: Cast, how: str) -> None:
    window = open_window(cast.acme, cast.alice, cast.sam)
    if how == "remove":
        client, url = sign_in(cast.alice), cast.url(f"members/{window.actor}/remove/")
        data = {"confirm": "Sam Whitfield (support)", "reason": ""}
    else:
        client, url = sign_in(cast.sam), cast.url("members/leave/")
        data = {"confirm": cast.acme.name, "reason": ""}
    assert client.post(url, data).status_code == 302
    closed = reload(window)
    assert closed.closed_at is not None
    assert not closed.is_open
    assert organization(cast).support_until is None


def test_only_owners_end_it(cast: Cast) -> None:
    window = open_window(cast.acme, cast.alice, cast.sam, may_change=True)
    for person in (cast.adam, cast.mia, cast.sam):
        sign_in(person).post(cast.url(f"settings/support/{window.pk}/end/"))
        sign_in(person).post(cast.url("settings/support/end/"))
    assert is_inside(cast)


def test_the_window_of_another_organization_is_a_page_that_is_not_there(cast: Cast) -> None:
    window = open_window(cast.umbrella, cast.oscar, cast.sam)
    client = sign_in(cast.alice)
    for page in ("", "end/"):
        url = cast.url(f"settings/support/{window.pk}/{page}")
        assert client.get(url).status_code == 404
        assert client.post(url).status_code in (404, 405)
    assert reload(window).closed_at is None


def test_of_two_windows_the_later_end_stands_over_every_page(cast: Cast) -> None:
    from tests.factories import make_person

    first = open_window(cast.acme, cast.alice, cast.sam, hours=2)
    second = open_window(cast.acme, cast.alice, make_person("Uma Lund", is_staff=True), hours=5)
    found = organization(cast)
    assert found.support_until == second.until
    assert found.support_names == "Sam Whitfield, Uma Lund"
    url = cast.url(f"settings/support/{second.pk}/end/")
    sign_in(cast.alice).post(url)
    assert organization(cast).support_until == first.until
    assert organization(cast).support_names == "Sam Whitfield"


def test_history_stays_when_the_membership_is_gone(cast: Cast) -> None:
    window = open_window(cast.acme, cast.alice, cast.sam)
    sign_in(cast.alice).post(cast.url(f"settings/support/{window.pk}/end/"))
    page = sign_in(cast.adam).get(cast.url("settings/support/")).content.decode()
    assert "Earlier windows" in page
    assert "Sam Whitfield" in page
    own = sign_in(cast.adam).get(cast.url(f"settings/support/{window.pk}/")).content.decode()
    assert f"actor={window.actor}" in own


def test_the_length_is_held_by_the_database(cast: Cast) -> None:
    from django.db import IntegrityError, transaction

    window = open_window(cast.acme, cast.alice, cast.sam)
    with (
        bound(cast.acme.id),
        pytest.raises(IntegrityError, match="support_window_length"),
        transaction.atomic(),
    ):
        SupportWindow.objects.in_org(cast.acme).filter(pk=window.pk).update(
            until=timezone.now() + 200 * HOUR
        )
