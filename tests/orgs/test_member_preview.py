"""The dialogs on members say first who gains and loses what, and do nothing by it."""

from __future__ import annotations

import pytest

from audit.models import Event as Entry
from config.roles import Role
from orgs.models import Membership
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.projects.factories import make_grant, make_project

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def entries(cast: Cast) -> int:
    with bound(cast.acme.pk):
        return Entry.objects.filter(organization_id=cast.acme.pk).count()


def role_of(cast: Cast, person: object) -> str:
    with bound(cast.acme.pk):
        return Membership.objects.in_org(cast.acme.pk).get(person=person).role


def test_choosing_a_role_shows_what_it_changes(cast: Cast) -> None:
    page = cast.url(f"members/{cast.member(cast.mia).pk}/role/")
    before = entries(cast)
    response = sign_in(cast.alice, **HTMX).post(f"{page}?preview=1", {"role": "viewer"})
    text = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in text
    assert "Mia Castellano</b> gains in Acme Robotics" in text
    assert "Mia Castellano</b> loses in Acme Robotics" in text
    assert "View the audit log" in text
    assert role_of(cast, cast.mia) == Role.MEMBER
    assert entries(cast) == before


@pytest.mark.parametrize("data", [{}, {"role": ""}, {"role": "king"}, {"role": "member"}])
def test_a_form_that_says_nothing_new_is_no_failed_attempt(cast: Cast, data: dict) -> None:
    page = cast.url(f"members/{cast.member(cast.mia).pk}/role/")
    before = entries(cast)
    response = sign_in(cast.alice, **HTMX).post(f"{page}?preview=1", data)
    assert response.status_code == 200
    assert "effects" not in response.content.decode()
    assert entries(cast) == before


def test_without_javascript_a_button_shows_it_on_the_whole_page(cast: Cast) -> None:
    page = cast.url(f"members/{cast.member(cast.mia).pk}/role/")
    client = sign_in(cast.alice)
    assert 'name="preview"' in client.get(page).content.decode()
    response = client.post(page, {"role": "owner", "preview": "1", "reason": "Heir"})
    text = response.content.decode()
    assert response.status_code == 200
    assert "<html" in text
    assert "otherwise held by Owners alone" in text
    assert 'value="Heir"' in text
    assert role_of(cast, cast.mia) == Role.MEMBER


def test_in_a_dialog_no_second_button_could_be_pressed_by_enter(cast: Cast) -> None:
    page = cast.url(f"members/{cast.member(cast.mia).pk}/role/")
    assert 'name="preview"' not in sign_in(cast.alice, **HTMX).get(page).content.decode()


def test_a_refusal_is_said_before_it_is_made(cast: Cast) -> None:
    page = cast.url(f"members/{cast.member(cast.alice).pk}/role/")
    response = sign_in(cast.alice, **HTMX).post(f"{page}?preview=1", {"role": "admin"})
    assert "This is the last owner." in response.content.decode()


@pytest.mark.parametrize("name", ["adam", "mia", "vera", "eddie"])
def test_a_preview_is_behind_the_same_lock(cast: Cast, name: str) -> None:
    page = cast.url(f"members/{cast.member(cast.mia).pk}/role/")
    response = sign_in(getattr(cast, name), **HTMX).post(f"{page}?preview=1", {"role": "owner"})
    assert response.status_code == 403
    assert "Mia" not in response.content.decode()


def test_several_at_once_are_told_apart(cast: Cast) -> None:
    ticked = [str(cast.member(person).pk) for person in (cast.mia, cast.vera, cast.alice)]
    page = cast.url("members/role/")
    response = sign_in(cast.alice, **HTMX).post(
        f"{page}?preview=1", {"member": ticked, "role": "viewer"}
    )
    text = response.content.decode()
    assert response.status_code == 200
    # Vera had it, and Alice, the last owner, keeps hers.
    assert "1 person gains and loses; 2 keep what they have" in text
    assert role_of(cast, cast.mia) == Role.MEMBER


def test_a_removal_lists_where_it_takes_what(cast: Cast) -> None:
    group, project = make_group(cast.acme), make_project(cast.acme, "Warehouse picking")
    make_seat(group, cast.member(cast.mia))
    make_grant(project, group, Role.PROJECT_MEMBER)
    page = cast.url(f"members/{cast.member(cast.mia).pk}/remove/")
    text = sign_in(cast.alice).get(page).content.decode()
    assert "loses on Warehouse picking" in text
    assert role_of(cast, cast.mia) == Role.MEMBER
