"""The settings page: who finds what in it, and renaming."""

from __future__ import annotations

import pytest

from audit.models import Event, Outcome
from orgs.models import Organization
from orgs.tenancy import bound
from tests.factories import Cast, make_organization, make_person, sign_in

pytestmark = pytest.mark.django_db


def last_event(cast: Cast) -> Event:
    with bound(cast.acme.id):
        event = Event.objects.filter(organization_id=cast.acme.id).order_by("-sequence").first()
    assert event is not None
    return event


def name_of(cast: Cast) -> str:
    with bound(cast.acme.id):
        return Organization.objects.get(id=cast.acme.id).name


@pytest.mark.requirement("S4-003", "S4-044", "S4-046")
def test_an_owner_finds_every_section(cast: Cast) -> None:
    page = sign_in(cast.alice).get(cast.url("settings/")).content.decode()
    for heading in ("General", "Policies", "API keys", "Worker SSH key", "Danger zone"):
        assert f">{heading}</h2>" in page
    assert f'value="{cast.acme.name}"' in page


def test_an_admin_finds_only_what_their_permissions_open(cast: Cast) -> None:
    response = sign_in(cast.adam).get(cast.url("settings/"))
    page = response.content.decode()
    assert response.status_code == 200
    assert ">API keys</h2>" in page
    for heading in ("General", "Policies", "Worker SSH key", "Danger zone"):
        assert f">{heading}</h2>" not in page
    assert "Alice Marlow" in page, "the page says who keeps the rest"


@pytest.mark.parametrize("who", ["mia", "vera", "eddie"])
@pytest.mark.requirement("S2-052", "S4-044", "S2-100")
def test_others_do_not_open_settings(cast: Cast, who: str) -> None:
    client = sign_in(getattr(cast, who))
    home = cast.url("hub/" if who == "eddie" else "")
    assert client.get(cast.url("settings/")).url == home
    for deed in ("general/", "policies/", "delete/", "restore/"):
        assert client.post(cast.url(f"settings/{deed}"), {"name": "Mine"}).url == home
    assert name_of(cast) == cast.acme.name


@pytest.mark.requirement("S4-003")
def test_an_owner_renames_the_organization_and_the_log_keeps_both_names(cast: Cast) -> None:
    response = sign_in(cast.alice).post(cast.url("settings/general/"), {"name": "  Acme   Works "})
    assert response.url == cast.url("settings/")
    assert name_of(cast) == "Acme Works"
    event = last_event(cast)
    assert event.action == "organization.changed"
    assert "Acme Works" in event.body
    assert cast.acme.name in event.body


def test_the_same_name_again_is_no_deed(cast: Cast) -> None:
    before = last_event(cast).sequence
    sign_in(cast.alice).post(cast.url("settings/general/"), {"name": cast.acme.name})
    assert last_event(cast).sequence == before


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\u202eb", "nul\x00"])
def test_a_bad_name_is_refused_beside_the_field(cast: Cast, name: str) -> None:
    response = sign_in(cast.alice).post(cast.url("settings/general/"), {"name": name})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert name_of(cast) == cast.acme.name
    event = last_event(cast)
    assert (event.action, event.outcome) == ("organization.changed", Outcome.FAILED)


def test_an_admin_does_not_rename(cast: Cast) -> None:
    assert (
        sign_in(cast.adam).post(cast.url("settings/general/"), {"name": "Mine"}).url == cast.url()
    )
    assert name_of(cast) == cast.acme.name
    event = last_event(cast)
    assert (event.action, event.outcome) == ("organization.changed", Outcome.DENIED)


def test_an_address_to_send_forms_to_leads_back_to_the_page(cast: Cast) -> None:
    client = sign_in(cast.alice)
    assert client.get(cast.url("settings/general/")).url == cast.url("settings/")
    assert client.get(cast.url("settings/restore/")).status_code == 405


def test_a_name_cannot_become_markup(db: None) -> None:
    nora = make_person("Nora Lind")
    org = make_organization(nora, '"><img src=x>', slug="markup-y")
    page = sign_in(nora).get(f"/o/{org.slug}/settings/").content.decode()
    assert "<img" not in page
