"""A superadmin's deeds on containers: creating, naming the first owner, renaming, suspending."""

from __future__ import annotations

import re
import uuid

import pytest
from django.db import connection
from django.test import Client

from audit.models import PLATFORM
from config.roles import Role
from orgs.models import Invitation, Organization
from orgs.queries.invitations import hash_of
from orgs.tenancy import bound
from tests.accounts.test_sign_in import entries
from tests.factories import Cast, make_person, sign_in
from tests.projects.factories import make_project
from tests.projects.keys import make_key

LIST = "/admin/organizations/"


@pytest.fixture
def sam(cast: Cast) -> Client:
    return sign_in(cast.sam)


def create(client: Client, **fields: str):
    given = {"name": "Harbor Works", "slug": "harbor-works", "email": "nora@harbor.example"}
    return client.post(f"{LIST}new/", given | fields)


def shut(organization: Organization, reason: str) -> dict[str, str]:
    return {"reason": reason, "confirm": organization.name}


def seen(organization: Organization) -> Organization:
    with bound(organization.id):
        return Organization.objects.get(pk=organization.pk)


def named(slug: str) -> Organization | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.portal', 'on', true)")
        found = Organization.objects.filter(slug=slug).first()
        cursor.execute("SELECT set_config('app.portal', '', true)")
    return found


def invitations_of(organization: Organization) -> list[Invitation]:
    with bound(organization.id):
        return list(Invitation.objects.in_org(organization).order_by("created_at"))


# Creating, and the first owner


@pytest.mark.requirement("S2-007", "S2-102", "S2-105")
def test_new_container_waits_for_its_first_owner(
    cast: Cast, sam: Client, mailoutbox, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = create(sam)
    made = named("harbor-works")
    assert made is not None
    assert (made.name, made.state, made.member_count) == ("Harbor Works", "pending", 0)
    (invitation,) = invitations_of(made)
    assert (invitation.email, invitation.role) == ("nora@harbor.example", Role.OWNER)
    (letter,) = mailoutbox
    token = re.search(r"/invitations/([\w-]+)/", letter.body).group(1)
    assert bytes(invitation.token_hash) == hash_of(token)
    assert f"/invitations/{token}/" in response.content.decode()
    assert token not in sam.get(f"{LIST}{made.pk}/").content.decode(), "shown once"


@pytest.mark.requirement("S2-009")
def test_first_owner_accepts_and_opens_it(cast: Cast, sam: Client) -> None:
    page = create(sam).content.decode()
    token = re.search(r"/invitations/([\w-]+)/", page).group(1)
    nora = make_person("Nora Feld", "nora@harbor.example")
    membership = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT role, opened FROM accept_invitation(%s, %s, %s)",
            [hash_of(token), nora.pk, membership],
        )
        assert cursor.fetchone() == ("owner", True)
    made = named("harbor-works")
    assert (made.state, made.owner_count) == ("open", 1)


def test_creation_stands_in_both_ledgers(cast: Cast, sam: Client) -> None:
    create(sam)
    made = named("harbor-works")
    own = entries(made.id)
    assert [action for action, *_ in own] == ["organization.created", "invitation.sent"]
    assert {words["actor"] for *_, words in own} == {cast.sam.name}
    assert entries(PLATFORM)[-1][0] == "organization.created"


@pytest.mark.requirement("S2-009")
def test_superadmin_may_not_name_themself(cast: Cast, sam: Client) -> None:
    response = create(sam, email=cast.sam.email.upper())
    assert response.status_code == 422
    assert "You may not name yourself." in response.content.decode()
    assert named("harbor-works") is None
    assert entries(PLATFORM)[-1][:2] == ("organization.created", "failed")


@pytest.mark.parametrize(
    "fields",
    [
        {"slug": "admin"},
        {"slug": "Not An Address"},
        {"email": "nora"},
        {"email": "nоra@harbor.example"},
        {"name": ""},
        {"name": "Har\u202ebor"},
    ],
)
def test_bad_container_is_refused_with_the_entry_kept(
    cast: Cast, sam: Client, fields: dict[str, str]
) -> None:
    response = create(sam, **fields)
    assert response.status_code == 422
    assert "field-error" in response.content.decode()


def test_address_in_use_and_reserved_get_the_same_words(cast: Cast, sam: Client) -> None:
    for slug in (cast.acme.slug, "billing"):
        response = create(sam, slug=slug)
        assert "This address is not available. Choose another." in response.content.decode()


@pytest.mark.requirement("S2-009", "S4-012")
def test_owner_of_an_ownerless_container_may_be_named_again(cast: Cast, sam: Client) -> None:
    create(sam)
    made = named("harbor-works")
    response = sam.post(f"{LIST}{made.pk}/owner/", {"email": "olga@harbor.example"})
    assert "/invitations/" in response.content.decode()
    assert [(i.email, i.state) for i in invitations_of(made)] == [
        ("nora@harbor.example", "revoked"),
        ("olga@harbor.example", "pending"),
    ]
    assert entries(PLATFORM)[-1][0] == "invitation.sent"


@pytest.mark.requirement("S2-009", "S2-010")
def test_where_there_is_an_owner_none_is_named_from_outside(cast: Cast, sam: Client) -> None:
    response = sam.post(f"{LIST}{cast.acme.pk}/owner/", {"email": "olga@harbor.example"})
    assert response.status_code == 422
    assert "owners name owners" in response.content.decode()
    assert not invitations_of(cast.acme)


# Renaming, suspending, deleting


@pytest.mark.requirement("S2-102")
def test_rename_stands_in_both_ledgers(cast: Cast, sam: Client) -> None:
    assert sam.post(f"{LIST}{cast.acme.pk}/rename/", {"name": "Acme Machines"}).status_code == 302
    assert seen(cast.acme).name == "Acme Machines"
    assert entries(cast.acme.id)[-1][0] == entries(PLATFORM)[-1][0] == "organization.changed"


@pytest.mark.requirement("S1-041", "S2-102")
def test_suspension_shuts_everyone_out_until_it_is_lifted(cast: Cast, sam: Client) -> None:
    alice = sign_in(cast.alice)
    response = sam.post(f"{LIST}{cast.acme.pk}/suspend/", shut(cast.acme, "Unpaid since March"))
    assert response.status_code == 302
    closed = alice.get(cast.url())
    assert closed.status_code == 403
    assert "Unpaid since March" in closed.content.decode()
    assert entries(cast.acme.id)[-1][0] == entries(PLATFORM)[-1][0] == "organization.suspended"
    sam.post(f"{LIST}{cast.acme.pk}/resume/", {})
    assert alice.get(cast.url()).status_code != 403
    assert entries(cast.acme.id)[-1][0] == entries(PLATFORM)[-1][0] == "organization.resumed"


@pytest.mark.requirement("S2-008")
def test_an_archived_organization_rests_until_it_is_brought_back(cast: Cast, sam: Client) -> None:
    """Shut as a suspended one is, and said in other words: nobody did wrong."""
    alice, page = sign_in(cast.alice), f"{LIST}{cast.acme.pk}/"
    assert sam.post(f"{page}archive/", shut(cast.acme, "The season is over")).status_code == 302
    assert seen(cast.acme).state == "archived"
    closed = alice.get(cast.url())
    assert closed.status_code == 403
    for words in ("is archived", "The season is over", "Whom to ask"):
        assert words in closed.content.decode()
    assert "suspended" not in closed.content.decode()
    refused = alice.post(cast.url("settings/restore/"), follow=True)
    assert "not about to be deleted" in refused.content.decode()
    assert seen(cast.acme).state == "archived", "an owner may not bring it back"
    assert entries(cast.acme.id)[-1][0] != "organization.restored"
    assert sam.post(f"{page}unarchive/", {}).status_code == 302
    assert alice.get(cast.url()).status_code == 200
    assert [action for action, *_ in entries(PLATFORM)][-2:] == [
        "organization.archived",
        "organization.restored",
    ]


@pytest.mark.requirement("S2-008")
def test_an_archived_organization_may_be_deleted_and_lists_find_it(cast: Cast, sam: Client) -> None:
    page = f"{LIST}{cast.acme.pk}/"
    sam.post(f"{page}archive/", shut(cast.acme, "The season is over"))
    found = sam.get(LIST, {"state__exact": "archived", "q": ""}).content.decode()
    assert cast.acme.name in found
    assert "Umbrella" not in found
    assert "Umbrella" in sam.get(LIST, {"state__exact": "", "q": ""}).content.decode()
    assert sam.post(f"{page}suspend/", shut(cast.acme, "Late")).status_code == 422
    assert sam.post(f"{page}delete/", shut(cast.acme, "For good")).status_code == 302
    assert seen(cast.acme).state == "closing"


@pytest.mark.requirement("S2-008")
def test_what_nobody_took_up_is_deleted_and_waits_again_when_restored(
    cast: Cast, sam: Client
) -> None:
    create(sam)
    made = named("harbor-works")
    page = f"{LIST}{made.pk}/"
    sam.post(f"{page}delete/", shut(made, "Nobody came"))
    assert seen(made).state == "closing"
    sam.post(f"{page}restore/")
    assert seen(made).state == "pending"
    named_again = sam.post(f"{page}owner/", {"email": "olga@harbor.example"})
    assert "/invitations/" in named_again.content.decode()


@pytest.mark.parametrize("deed", ["suspend", "archive", "delete"])
def test_shutting_people_out_asks_for_the_name_and_a_fresh_sign_in(
    cast: Cast, sam: Client, deed: str
) -> None:
    page = f"{LIST}{cast.acme.pk}/{deed}/"
    stale = sign_in(cast.sam, fresh=False)
    assert "/sign-in/again/" in stale.post(page, shut(cast.acme, "Why")).url
    for typed in ("", "acme robotics", "Umbrella"):
        answer = sam.post(page, {"reason": "Why", "confirm": typed})
        assert answer.status_code == 422, typed
    assert seen(cast.acme).state == "open"


@pytest.mark.requirement("S2-017")
def test_a_deed_says_what_stops_in_numbers_alone(cast: Cast, sam: Client) -> None:
    project = make_project(cast.acme, "Secret project")
    make_key(project, cast.member(cast.mia), name="Night robot")
    page = sam.get(f"{LIST}{cast.acme.pk}/suspend/").content.decode()
    effects = re.findall(r"<span>([\w ]+)</span><small>.*?</small></span><b>(\d+)</b>", page)
    assert dict(effects) == {
        "People": "5",
        "Live keys": "1",
        "Tokens of service accounts": "0",
    }
    assert "Night robot" not in page
    assert "Secret project" not in page


def test_suspension_asks_why(cast: Cast, sam: Client) -> None:
    response = sam.post(f"{LIST}{cast.acme.pk}/suspend/", shut(cast.acme, " "))
    assert response.status_code == 422
    assert seen(cast.acme).state == "open"
    assert entries(PLATFORM)[-1][:2] == ("organization.suspended", "failed")


@pytest.mark.requirement("S2-102")
def test_organization_that_is_to_be_deleted_may_be_restored(cast: Cast, sam: Client) -> None:
    sam.post(f"{LIST}{cast.acme.pk}/delete/", shut(cast.acme, "Merged into Umbrella"))
    assert seen(cast.acme).state == "closing"
    sam.post(f"{LIST}{cast.acme.pk}/restore/")
    assert seen(cast.acme).state == "open"
    assert [a for a, *_ in entries(PLATFORM)][-2:] == [
        "organization.closed",
        "organization.restored",
    ]


@pytest.mark.requirement("S2-016")
def test_no_superadmin_clears_the_way_for_an_owner_of_their_choice(cast: Cast, sam: Client) -> None:
    """Suspending an organization and disabling its owners must not lead to its contents."""
    page = f"{LIST}{cast.umbrella.pk}/"
    sam.post(f"{page}suspend/", shut(cast.umbrella, "Looked at"))
    sam.post(
        f"/admin/accounts/{cast.oscar.pk}/state/", {"state": "suspended", "reason": "Looked at"}
    )
    assert seen(cast.umbrella).owner_count == 0
    refused = sam.post(f"{page}resume/", {})
    assert refused.status_code == 422
    assert "It has no active owner" in refused.content.decode()
    planted = sam.post(f"{page}owner/", {"email": "accomplice@example.com"})
    assert planted.status_code == 422
    assert seen(cast.umbrella).state == "suspended"


def test_deed_in_a_dialog_answers_with_its_form_and_leads_back(cast: Cast, sam: Client) -> None:
    page = f"{LIST}{cast.acme.pk}/rename/"
    dialog = sam.get(page, headers={"HX-Request": "true"})
    assert "<html" not in dialog.content.decode()
    done = sam.post(page, {"name": "Acme Machines"}, headers={"HX-Request": "true"})
    assert done.headers["HX-Redirect"] == f"{LIST}{cast.acme.pk}/"


def test_missing_container_is_not_there(sam: Client) -> None:
    for page in ("", "rename/", "suspend/", "resume/", "delete/", "restore/", "owner/"):
        assert sam.post(f"{LIST}{uuid.uuid4()}/{page}").status_code == 404
    assert sam.get(f"/admin/accounts/{uuid.uuid4()}/state/").status_code == 404


@pytest.mark.requirement("S2-007", "S2-102", "S2-103", "S2-105")
def test_nobody_of_an_organization_has_a_deed_on_a_container(cast: Cast) -> None:
    deeds = {
        f"{LIST}new/": {"name": "Mine", "slug": "mine-x", "email": "me@mine.example"},
        f"{LIST}{cast.umbrella.pk}/rename/": {"name": "Mine"},
        f"{LIST}{cast.umbrella.pk}/suspend/": {"reason": "Mine"},
        f"{LIST}{cast.umbrella.pk}/delete/": {"reason": "Mine"},
        f"{LIST}{cast.umbrella.pk}/owner/": {"email": "me@mine.example"},
        f"/admin/accounts/{cast.oscar.pk}/state/": {"state": "suspended", "reason": "Mine"},
    }
    for person in (cast.alice, cast.adam, cast.mia, cast.vera, cast.eddie, cast.oscar):
        client = sign_in(person)
        for page, fields in deeds.items():
            assert client.post(page, fields).status_code == 404, page
    untouched = seen(cast.umbrella)
    assert (untouched.name, untouched.state) == ("Umbrella", "open")
    assert named("mine-x") is None
    cast.oscar.refresh_from_db()
    assert cast.oscar.is_active
