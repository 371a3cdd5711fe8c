"""The switcher: one's own organizations and nobody else's, as a menu and as a page."""

from __future__ import annotations

import pytest

from config.roles import Role
from orgs.actions.organizations import organization_suspend
from tests.factories import TEST, Cast, make_member, make_organization, make_person, sign_in

pytestmark = pytest.mark.django_db
PAGE = "/organizations/"


@pytest.mark.requirement("S2-033")
def test_the_switcher_shows_ones_own_organizations_with_the_role_in_each(cast: Cast) -> None:
    make_member(cast.umbrella, Role.VIEWER, cast.mia)
    page = sign_in(cast.mia).get(PAGE).content.decode()
    assert "Acme Robotics" in page
    assert "Umbrella" in page
    assert "Viewer" in page
    alices = sign_in(cast.alice).get(PAGE).content.decode()
    assert "Umbrella" not in alices


def test_htmx_gets_the_menu_alone(cast: Cast) -> None:
    menu = sign_in(cast.alice, **{"HX-Request": "true"}).get(PAGE).content.decode()
    assert "<html" not in menu
    assert 'class="menu-item menu-org"' in menu
    assert "Register an organization" in menu


def test_a_suspended_organization_is_marked(cast: Cast) -> None:
    organization_suspend(organization=cast.acme.id, reason="Unpaid.", actor=TEST)
    assert "Suspended" in sign_in(cast.alice).get(PAGE).content.decode()
    menu = sign_in(cast.alice, **{"HX-Request": "true"}).get(PAGE).content.decode()
    assert "Owner, suspended" in menu


def test_the_current_organization_is_the_one_last_visited(cast: Cast) -> None:
    other = make_organization(cast.alice, "Zephyr Works")
    client = sign_in(cast.alice)
    client.get(f"/o/{other.slug}/")
    page = client.get(PAGE).content.decode()
    current = page.partition('aria-current="true"')[0].rpartition("<a")[2]
    assert other.slug in current


def test_each_leads_to_where_the_role_is_at_home(cast: Cast) -> None:
    assert f'href="/o/{cast.acme.slug}/hub/"' in sign_in(cast.eddie).get(PAGE).content.decode()
    assert f'href="/o/{cast.acme.slug}/"' in sign_in(cast.mia).get(PAGE).content.decode()


def test_who_is_in_none_is_told_how_to_begin(db: None) -> None:
    page = sign_in(make_person("Nora Lind")).get(PAGE).content.decode()
    assert "You are in no organization" in page
    assert 'href="/organizations/new/"' in page


def test_a_name_cannot_become_markup(cast: Cast) -> None:
    make_organization(cast.alice, '<script>alert("x")</script>', slug="markup-x")
    page = sign_in(cast.alice).get(PAGE).content.decode()
    assert "<script>alert" not in page
