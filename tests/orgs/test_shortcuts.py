"""Addresses without an organization: home, /settings, /billing, /settings/audit-log."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from audit.models import Event
from orgs.tenancy import bound
from tests.factories import Cast, make_organization, make_person, sign_in

pytestmark = pytest.mark.django_db

SHORTCUTS = {
    "/settings": "settings/",
    "/billing": "billing/",
    "/settings/audit-log": "audit-log/",
}


def notices(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.mark.parametrize(("address", "path"), SHORTCUTS.items())
@pytest.mark.requirement("S4-016")
def test_a_shortcut_leads_to_the_page_of_the_current_organization(
    cast: Cast, address: str, path: str
) -> None:
    other = make_organization(cast.alice, "Zephyr Works")
    client = sign_in(cast.alice)
    assert client.get(address).url == cast.url(path), "the first one by name, before any visit"
    client.get(f"/o/{other.slug}/")
    assert client.get(address).url == f"/o/{other.slug}/{path}"
    assert client.get(address, follow=True).status_code == 200


@pytest.mark.parametrize("address", SHORTCUTS)
def test_a_shortcut_without_any_organization_leads_to_the_wizard(db: None, address: str) -> None:
    response = sign_in(make_person("Nora Lind")).get(address, follow=True)
    assert response.redirect_chain[-1][0] == "/organizations/new/"


@pytest.mark.parametrize("address", ["/", *SHORTCUTS])
def test_a_stranger_is_asked_to_sign_in(client: Client, db: None, address: str) -> None:
    assert client.get(address).url.startswith("/sign-in/")


def test_home_is_the_organization_last_visited(cast: Cast) -> None:
    other = make_organization(cast.alice, "Zephyr Works")
    client = sign_in(cast.alice)
    assert client.get("/").url == cast.url()
    client.get(f"/o/{other.slug}/permissions/")
    assert client.get("/").url == f"/o/{other.slug}/"


def test_an_organization_that_was_left_is_no_home(cast: Cast) -> None:
    client = sign_in(cast.mia)
    session = client.session
    session["org"] = cast.umbrella.slug
    session.save()
    assert client.get("/").url == cast.url()


def test_an_end_user_is_at_home_in_the_hub_without_a_refusal(cast: Cast) -> None:
    response = sign_in(cast.eddie).get("/", follow=True)
    assert response.redirect_chain[-1][0] == cast.url("hub/")
    assert notices(response) == []


def test_a_superadmin_without_organizations_is_at_home_in_the_portal(cast: Cast) -> None:
    assert sign_in(cast.sam).get("/").url == "/admin/"


def test_who_is_in_no_organization_meets_the_wizard(db: None) -> None:
    assert sign_in(make_person("Nora Lind")).get("/").url == "/organizations/new/"


def test_the_session_is_written_only_when_the_organization_changes(
    cast: Cast, django_assert_max_num_queries
) -> None:
    client = sign_in(cast.alice)
    client.get(cast.url("permissions/"))
    session = client.session
    assert session["org"] == cast.acme.slug
    with django_assert_max_num_queries(12) as queries:
        client.get(cast.url("permissions/"))
    assert not any('UPDATE "django_session"' in query["sql"] for query in queries)


REFUSED = {
    "settings/": (
        "open organization settings",
        "org.access_settings",
        "/settings",
        "access.refused",
    ),
    "audit-log/": ("view the audit log", "audit.view", "/settings/audit-log", "audit.read"),
}


@pytest.mark.parametrize("path", REFUSED)
@pytest.mark.requirement("S4-017", "S4-018", "S2-052", "S4-044", "S4-051", "S4-005")
def test_a_member_is_led_back_to_the_dashboard_and_told_who_may(cast: Cast, path: str) -> None:
    words, permission, shortcut, event = REFUSED[path]
    client = sign_in(cast.mia)
    for address in (cast.url(path), shortcut):
        response = client.get(address, follow=True)
        assert response.redirect_chain[-1] == (cast.url(), 302)
        (notice,) = notices(response)
        assert words in notice
        assert "Owners" in notice
        assert "Alice Marlow" in notice
    with bound(cast.acme.id):
        denied = Event.objects.filter(outcome="denied").order_by("sequence")
        assert [entry.action for entry in denied] == [event] * 2
        assert all(permission in entry.body for entry in denied)


@pytest.mark.parametrize("path", REFUSED)
def test_htmx_and_programs_get_the_same_refusal_in_their_own_form(cast: Cast, path: str) -> None:
    words, permission, *_ = REFUSED[path]
    toast = sign_in(cast.mia, **{"HX-Request": "true"}).get(cast.url(path))
    assert toast.status_code == 403
    assert words in toast.headers["HX-Trigger"]
    problem = sign_in(cast.mia, Accept="application/json").get(cast.url(path))
    assert problem.status_code == 403
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert problem.json()["permission"] == permission
    assert words in problem.json()["detail"]


@pytest.mark.requirement("S2-034")
def test_nobody_of_an_organization_enters_the_portal(cast: Cast) -> None:
    for person in (cast.alice, cast.adam, cast.mia, cast.vera, cast.eddie):
        assert sign_in(person).get("/admin/").status_code == 404


@pytest.mark.requirement("S2-020", "S2-033")
def test_an_owner_finds_nothing_of_another_organization(cast: Cast) -> None:
    client = sign_in(cast.alice)
    missing = client.get("/o/no-such-organization/settings/")
    for path in ("", "settings/", "billing/", "audit-log/", "permissions/", "docs/"):
        foreign = client.get(cast.url(path, cast.umbrella))
        assert foreign.status_code == missing.status_code == 404
        assert b"Umbrella" not in foreign.content
