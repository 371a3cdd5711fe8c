"""The portal: containers and accounts from outside, and nothing of what is inside."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import URLPattern

from accounts.actions import account_set_state
from accounts.models import User
from accounts.queries import platform_settings
from audit import ledger
from audit.events import Event
from audit.ledger import Target
from audit.models import PLATFORM
from config.gate import doors, lock_of
from orgs.models import Invitation, Membership, Organization
from orgs.models.tenant import TenantModel
from orgs.queries.containers import sign_ups_by_week
from orgs.tenancy import bound
from tests.accounts.test_sign_in import attempt, entries, is_signed_in
from tests.factories import (
    TEST,
    Cast,
    make_group,
    make_person,
    sign_in,
)

LIST = "/admin/organizations/"


@pytest.fixture
def sam(cast: Cast) -> Client:
    return sign_in(cast.sam)


# Who comes in


@pytest.mark.requirement(
    "S2-001", "S2-012", "S2-120", "S2-007", "S2-034", "S2-035", "S2-103", "S2-105"
)
def test_only_a_superadmin_finds_the_portal(cast: Cast) -> None:
    assert sign_in(cast.sam).get("/admin/").status_code == 200
    for person in (cast.alice, cast.adam, cast.mia, cast.vera, cast.eddie):
        for page in ("/admin/", LIST, "/admin/accounts/", "/admin/log/", f"{LIST}new/"):
            assert sign_in(person).get(page).status_code == 404
    assert Client().get("/admin/").url == "/sign-in/?next=/admin/"


def test_superadmin_who_is_suspended_is_out_at_once(cast: Cast, sam: Client) -> None:
    User.objects.filter(pk=cast.sam.pk).update(state="suspended", is_active=False)
    assert sam.get("/admin/").status_code == 302


@pytest.mark.requirement("S2-001")
def test_createsuperuser_makes_a_superadmin_who_passes_no_wall(cast: Cast, monkeypatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long enough sentence")
    call_command(
        "createsuperuser",
        "--noinput",
        name="Ruth Amsel",
        email="ruth@platform.example",
        verbosity=0,
    )
    ruth = User.objects.get(email="ruth@platform.example")
    assert (ruth.is_staff, ruth.is_superuser) == (True, False)
    assert entries(PLATFORM)[-1][0] == "account.created"
    client, response = attempt(ruth.email, "a long enough sentence", next="/admin/")
    assert response.url == "/admin/"
    assert is_signed_in(client)
    assert client.get("/admin/").status_code == 200
    assert client.get(cast.url("members/")).status_code == 404


# Containers, not contents


@pytest.mark.requirement("S2-016", "S2-017")
def test_no_model_with_contents_is_registered() -> None:
    registered = set(admin.site._registry)
    assert registered == {Organization, User}
    contents = {model for model in apps.get_models() if issubclass(model, TenantModel)}
    assert contents
    assert not registered & contents
    assert not any(
        field.name == "organization_id" or field.attname == "organization_id"
        for model in registered
        for field in model._meta.concrete_fields
    )


def test_portal_deletes_nothing_and_logs_nowhere_else(cast: Cast, rf) -> None:
    for model_admin in admin.site._registry.values():
        request = rf.get("/admin/")
        assert not model_admin.has_delete_permission(request)
        assert not model_admin.has_change_permission(request)
        model_admin.log_addition(request, cast.acme, "said")
        model_admin.log_change(request, cast.acme, "said")
        model_admin.log_deletions(request, Organization.objects.none())


FILLERS = {
    "<slug:slug>": lambda cast: cast.acme.slug,
    "<uuid:pk>": lambda cast: str(cast.member(cast.mia).id),
    "<uuid:seat>": lambda cast: str(uuid.uuid4()),
    "<int:sequence>": lambda cast: "1",
    "<str:token>": lambda cast: "token",
}


def address(route: str, cast: Cast) -> str:
    for part, fill in FILLERS.items():
        route = route.replace(part, fill(cast))
    return re.sub(r"<\w+:\w+>", "1", route).replace("^", "").replace("$", "")


def console_routes() -> Iterator[tuple[str, URLPattern]]:
    return ((route, door) for route, door in doors() if route.startswith("/o/"))


@pytest.mark.requirement("S2-006", "S2-016")
def test_superadmin_gets_the_same_nothing_on_every_console_route(cast: Cast, sam: Client) -> None:
    missing = cast.acme.slug + "-that-is-not-there"
    routes = [address(route, cast) for route, _ in console_routes()]
    assert len(routes) > 30
    for route in routes:
        for send in (sam.get, sam.post):
            own = send(route)
            nowhere = send(route.replace(cast.acme.slug, missing, 1))
            assert own.status_code == nowhere.status_code == 404, route
            assert cast.acme.name not in own.content.decode()


@pytest.mark.requirement("S2-016", "S2-017")
def test_no_page_of_the_portal_shows_what_is_inside(cast: Cast, sam: Client) -> None:
    make_group(cast.acme, "Secret Garden", description="Roses and thorns")
    with bound(cast.acme.id):
        Membership.objects.in_org(cast.acme).filter(person=cast.mia).update(
            name="Mia Known Within", email="mia@within.example"
        )
    inside = ("Secret Garden", "Roses and thorns", "Mia Known Within", "mia@within.example")
    pages = [
        "/admin/",
        LIST,
        "/admin/accounts/",
        "/admin/log/",
        f"{LIST}{cast.acme.pk}/",
        f"/admin/accounts/{cast.mia.pk}/",
        *(
            f"{LIST}{cast.acme.pk}/{deed}/"
            for deed in ("rename", "suspend", "resume", "delete", "owner")
        ),
    ]
    for page in pages:
        response = sam.get(page)
        assert response.status_code == 200, page
        body = response.content.decode()
        assert not [word for word in inside if word in body], page
    account = sam.get(f"/admin/accounts/{cast.mia.pk}/").content.decode()
    assert cast.acme.name not in account
    assert cast.acme.slug not in account


@pytest.mark.requirement("S2-016")
def test_no_filter_of_a_list_reaches_inside(cast: Cast, sam: Client) -> None:
    """Django lets any field of a list be asked for by its address; the wall lets none through."""
    for page in (LIST, "/admin/accounts/"):
        for query in ("memberships__isnull=False", f"memberships={cast.member(cast.mia).id}"):
            answer = sam.get(f"{page}?{query}", follow=True).content.decode()
            assert f"{cast.mia.pk}" not in answer
            assert f"{cast.acme.pk}" not in answer
        assert sam.get(f"{page}?memberships__email__startswith=m").status_code == 400


def members_of(cast: Cast) -> int:
    """Counted inside: members, and those who are invited to be."""
    with bound(cast.acme.id):
        people = Membership.objects.in_org(cast.acme).count()
        return people + Invitation.objects.in_org(cast.acme).count()


@pytest.mark.requirement("S2-023")
def test_superadmin_may_not_add_members(cast: Cast, sam: Client) -> None:
    before = members_of(cast)
    fields = {"email": "sam.other@example.com", "role": "member", "emails": "sam.other@example.com"}
    assert sam.post(cast.url("invitations/new/"), fields).status_code == 404
    assert members_of(cast) == before


def test_every_portal_door_has_a_platform_lock() -> None:
    locks = [lock_of(door.callback) for route, door in doors() if route.startswith("/admin/")]
    assert locks
    assert all(
        lock and lock.permission and lock.permission.value.startswith("platform.") for lock in locks
    )


# Accounts


@pytest.mark.requirement("S1-041", "S2-010", "S2-103")
def test_suspending_an_account_ends_its_sessions(cast: Cast, sam: Client) -> None:
    mia, _ = attempt(cast.mia.email)
    assert mia.get("/profile/").status_code == 200
    page = f"/admin/accounts/{cast.mia.pk}/"
    assert sam.post(f"{page}state/", {"state": "suspended", "reason": "Shared"}).url == page
    assert mia.get("/profile/").status_code == 302
    assert cast.mia.usersession_set.count() == 0
    assert "Shared" in sam.get(page).content.decode()
    action, _, reason, words = entries(PLATFORM)[-1]
    assert (action, reason, words["target"]) == ("account.state_changed", "Shared", cast.mia.email)
    sam.post(f"{page}state/", {"state": "active", "reason": ""})
    assert is_signed_in(attempt(cast.mia.email)[0])


def test_account_of_the_only_owner_is_not_suspended(cast: Cast, sam: Client) -> None:
    page = f"/admin/accounts/{cast.alice.pk}/state/"
    response = sam.post(page, {"state": "suspended", "reason": "Shared"})
    assert response.status_code == 422
    assert "only active owner of an open organization" in response.content.decode()
    assert User.objects.get(pk=cast.alice.pk).is_active
    assert sign_in(cast.alice).get("/profile/").status_code == 200


def test_state_of_an_account_asks_why_and_is_never_ones_own(cast: Cast, sam: Client) -> None:
    unsaid = sam.post(f"/admin/accounts/{cast.mia.pk}/state/", {"state": "pending"})
    assert "Say why" in unsaid.content.decode()
    own = sam.post(f"/admin/accounts/{cast.sam.pk}/state/", {"state": "suspended", "reason": "x"})
    assert "your own account" in own.content.decode()
    assert User.objects.get(pk=cast.sam.pk).is_active


@pytest.mark.requirement("S1-041", "S2-015")
def test_who_waits_is_listed_and_let_in(cast: Cast, sam: Client) -> None:
    User.objects.filter(pk=cast.mia.pk).update(state="pending", is_active=False)
    page = f"/admin/accounts/{cast.mia.pk}/"
    assert f"{page}approve/" in sam.get("/admin/").content.decode()
    waiting = sam.get("/admin/accounts/", {"state__exact": "pending"}).content.decode()
    assert cast.mia.name in waiting
    assert cast.vera.name not in waiting
    assert sam.post(f"{page}approve/", {}).url == page
    assert is_signed_in(attempt(cast.mia.email)[0])
    assert "approve" not in sam.get(page).content.decode()


@pytest.mark.requirement("S1-041")
def test_keeping_somebody_out_takes_a_fresh_sign_in(cast: Cast) -> None:
    stale = sign_in(cast.sam, fresh=False)
    page = f"/admin/accounts/{cast.mia.pk}/state/"
    assert "/sign-in/again/" in stale.post(page, {"state": "suspended", "reason": "Shared"}).url
    assert User.objects.get(pk=cast.mia.pk).is_active


@pytest.mark.requirement("S2-103")
def test_the_last_superadmin_is_not_kept_out(cast: Cast) -> None:
    ruth = make_person("Ruth Amsel", is_staff=True)
    User.objects.filter(is_staff=True).exclude(pk__in=[ruth.pk, cast.sam.pk]).update(is_staff=False)
    said = {"state": User.State.SUSPENDED, "reason": "Left", "actor": TEST}
    account_set_state(person=ruth, **said)
    with pytest.raises(ValidationError) as refusal:
        account_set_state(person=cast.sam, **said)
    assert refusal.value.code == "last_superadmin"
    assert User.objects.get(pk=cast.sam.pk).is_active


@pytest.mark.requirement("S2-103")
def test_lists_find_by_name_address_and_state(cast: Cast, sam: Client) -> None:
    sam.post(f"{LIST}{cast.umbrella.pk}/suspend/", {"reason": "Looked at", "confirm": "Umbrella"})
    found = sam.get(LIST, {"q": "umbr"}).content.decode()
    assert "Umbrella" in found
    assert cast.acme.name not in found
    suspended = sam.get(LIST, {"state__exact": "suspended"}).content.decode()
    assert "Umbrella" in suspended
    assert cast.acme.name not in suspended
    people = sam.get("/admin/accounts/", {"q": cast.mia.email}).content.decode()
    assert cast.mia.name in people
    assert cast.vera.name not in people


@pytest.mark.parametrize("query", ["?nonsense=1", "?p=999", "?o=99", "?state__exact=%00", "?q=%00"])
def test_bad_query_of_a_list_is_no_failure(cast: Cast, sam: Client, query: str) -> None:
    for page in (LIST, "/admin/accounts/"):
        assert sam.get(page + query, follow=True).status_code in (200, 400)


# The platform's own ledger


@pytest.mark.requirement("S2-013", "S2-122")
def test_platform_log_is_asked_by_who_what_how_it_ended_and_when(cast: Cast, sam: Client) -> None:
    sam.post(f"{LIST}{cast.acme.pk}/rename/", {"name": "Acme Machines"})
    sam.post(f"{LIST}{cast.acme.pk}/suspend/", {"reason": " ", "confirm": "x"})

    def shown(**asked: str) -> list[str]:
        page = sam.get("/admin/log/", asked)
        assert page.status_code == 200
        return [entry.action for entry in page.context["entries"]]

    assert shown(action="organization.changed") == ["organization.changed"]
    assert shown(outcome="failed", actor=str(cast.sam.pk)) == ["organization.suspended"]
    assert set(shown(actor=str(cast.sam.pk), days="1")) >= {"organization.changed"}
    assert shown(actor=str(uuid.uuid4())) == []
    assert shown(action="nonsense", actor="nobody", days="x", outcome="%00") == shown()
    htmx = sam.get("/admin/log/?outcome=failed", headers={"HX-Request": "true"})
    assert "<html" not in htmx.content.decode()


@pytest.mark.requirement("S2-013", "S2-017")
def test_of_other_ledgers_only_numbers_are_told(cast: Cast, sam: Client) -> None:
    sign_in(cast.eddie).post(cast.url("groups/new/"), {"name": "Quiet garden"})
    with bound(cast.acme.id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE outcome = 'denied') FROM audit_event"
        )
        entries_here, denied = cursor.fetchone()
    for days in ("7", "30", "90", "nonsense"):
        page = sam.get("/admin/log/organizations/", {"days": days})
        written = {found.pk: numbers for found, numbers in page.context["rows"]}
        mine = written[cast.acme.pk]
        assert (mine.entries, mine.denied, mine.failed) == (entries_here, denied, 0)
        html = page.content.decode()
        for word in (cast.eddie.name, cast.alice.name, "group.created", "Quiet garden"):
            assert word not in html
    assert denied


# The platform in numbers, and how it is set up


@pytest.mark.requirement("S2-014", "S2-137")
def test_metrics_are_counters_and_tell_nothing_of_the_few(cast: Cast, sam: Client) -> None:
    page = sam.get("/admin/metrics/")
    context = page.context
    assert context["metrics"].members >= 6
    assert context["metrics"].entries > 0
    assert context["metrics"].storage > 10**6
    assert sum(number for _, number in sign_ups_by_week()) == context["sign_ups"] >= 7
    for word in (cast.acme.name, cast.mia.name, cast.acme.slug):
        assert word not in page.content.decode()


@pytest.mark.requirement("S2-015", "S2-036")
def test_settings_are_saved_and_recorded_once(cast: Cast, sam: Client) -> None:
    said = {"registration": "approval", "support_email": "Help@Platform.example", "notice": "Soon"}
    assert sam.post("/admin/settings/", said).status_code == 302
    assert sam.post("/admin/settings/", said).status_code == 302
    changed = [entry for entry in entries(PLATFORM) if entry[0] == "platform.settings_changed"]
    assert len(changed) == 1
    page = Client().get("/sign-in/").content.decode()
    assert "Soon" in page
    for bad in ({"registration": "never"}, {"support_email": "nobody"}, {"notice": "x" * 301}):
        assert sam.post("/admin/settings/", said | bad).status_code == 422
    assert platform_settings().notice == "Soon"


@pytest.mark.requirement("S2-011", "S2-104")
def test_a_provider_is_refused_in_words(cast: Cast, sam: Client) -> None:
    good = {"name": "House", "provider": "ollama", "url": "https://models.example", "token": "t0p"}
    for bad in (
        {"url": ""},
        {"url": "http://models.example"},
        {"url": "https://user:secret@models.example"},
        {"provider": "nobody"},
        {"token": ""},
        {"token": "two\nlines"},
        {"token": "x" * 9000},
        {"name": "Ho\u202euse"},
        {"serves": "\n".join(f"m{n}" for n in range(201))},
    ):
        answer = sam.post("/admin/providers/new/", good | bad)
        assert answer.status_code == 422, bad
        assert "t0p" not in answer.content.decode()
    assert sam.post("/admin/providers/new/", good).status_code == 302
    stale = sign_in(cast.sam, fresh=False)
    assert "/sign-in/again/" in stale.get("/admin/providers/new/").url
    assert sam.post(f"/admin/providers/{uuid.uuid4()}/", good).status_code == 404


# The platform's own chain


@pytest.mark.requirement("S2-013", "S2-122")
def test_platform_log_is_read_in_pages(cast: Cast, sam: Client) -> None:
    for number in range(60):
        ledger.record_platform(
            Event.ACCOUNT_CREATED,
            actor=TEST,
            target=Target("account", None, f"nobody{number}@example.com"),
        )
    first = sam.get("/admin/log/").content.decode()
    assert "nobody59@example.com" in first
    assert "nobody0@example.com" not in first
    older = re.search(r'href="(/admin/log/\?page=[^"]+)" rel="next"', first).group(1)
    assert "nobody0@example.com" in sam.get(older).content.decode()
    assert sam.get("/admin/log/?page=nonsense").status_code == 200
    assert sam.post("/admin/log/").status_code == 405
