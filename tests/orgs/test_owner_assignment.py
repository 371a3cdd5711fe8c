"""The platform names an owner: only where there is none, not oneself, after 72 hours, in its log."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection

from accounts.actions import account_set_state
from accounts.models import User
from audit.models import PLATFORM
from audit.queries import recent
from config.roles import Role
from orgs import tasks
from orgs.actions.organizations import organization_suspend
from orgs.models import Invitation, Membership, OwnerClaim
from orgs.tenancy import bound
from tests.factories import TEST, Cast, make_member, make_person, sign_in
from tests.orgs.rules import make_rule
from tests.orgs.support import HOUR, NOTICE, actions, earlier, note, reload, sentences


@pytest.fixture
def ownerless(cast: Cast) -> Cast:
    """Acme lost its only owner: suspended, and her account is gone."""
    suspend_and_lose(cast)
    return cast


def suspend_and_lose(cast: Cast) -> None:
    organization_suspend(organization=cast.acme.id, reason="No owner", actor=TEST)
    lose(cast, cast.alice)


def lose(cast: Cast, owner: User) -> None:
    """As when an account is deleted: the membership goes with it."""
    with bound(cast.acme.id):
        Membership.objects.in_org(cast.acme).filter(person=owner).delete()
        note(cast.acme.id)


def keep_out(person: User) -> None:
    person.is_active, person.state = False, "suspended"
    person.save()


def back(cast: Cast, *, kept_out: bool = False) -> None:
    """There is an owner again."""
    olive = make_person("Olive Hart")
    make_member(cast.acme, Role.OWNER, olive)
    if kept_out:
        keep_out(olive)


def page(cast: Cast, deed: str = "") -> str:
    return f"/admin/organizations/{cast.acme.pk}/{deed}"


def name(cast: Cast, email: str, by: User | None = None, reason: str = "Its owner has died"):
    data = {"email": email, "reason": reason}
    return sign_in(by or cast.sam).post(page(cast, "owner/assign/"), data)


def claims_advance(timestamp: int) -> None:
    """As the job runs: bound to nothing, where the one transaction of a test still is to what the
    request before it was bound to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.organization', '', true)")
    tasks.claims_advance(timestamp)


def claims(cast: Cast) -> list[OwnerClaim]:
    with bound(cast.acme.id):
        return list(OwnerClaim.objects.in_org(cast.acme).order_by("created_at"))


@pytest.mark.requirement("S2-009", "S4-012")
def test_from_the_portal_to_the_new_owner(
    ownerless: Cast, django_capture_on_commit_callbacks
) -> None:
    cast, olga = ownerless, make_person("Olga New")
    assert "It has no owner" in sign_in(cast.sam).get(page(cast)).content.decode()
    assert name(cast, olga.email).status_code == 302
    (claim,) = claims(cast)
    assert claim.state == "asked", "the 72 hours begin with the notice"
    with django_capture_on_commit_callbacks(execute=True):
        claims_advance(0)
    claim = reload(claim)
    assert claim.ripe_at - claim.notice_at == NOTICE
    assert {to for one in mail.outbox for to in one.to} == {cast.adam.email}
    mail.outbox.clear()
    claims_advance(0)
    assert not invitations(cast), "not before"
    earlier(claim, NOTICE)
    with django_capture_on_commit_callbacks(execute=True):
        claims_advance(0)
    (invitation,) = invitations(cast)
    assert (invitation.email, invitation.role) == (olga.email, Role.OWNER)
    letter = next(one for one in mail.outbox if one.to == [olga.email])
    token = re.search(r"/invitations/([\w-]+)/", letter.body)[1]
    answer = sign_in(olga).post(f"/invitations/{token}/accept/")
    assert answer.status_code == 302, answer.content.decode()
    with bound(cast.acme.id):
        assert Membership.objects.in_org(cast.acme).get(person=olga).role == Role.OWNER
    lifted = sign_in(cast.sam).post(page(cast, "resume/"), {"reason": ""})
    assert lifted.status_code == 302
    assert sign_in(olga).get(cast.url()).status_code == 200


def invitations(cast: Cast) -> list[Invitation]:
    with bound(cast.acme.id):
        return list(Invitation.objects.in_org(cast.acme).filter(state="pending"))


@pytest.mark.requirement("S2-009")
def test_it_stands_in_the_organizations_own_log_and_in_the_platforms(ownerless: Cast) -> None:
    name(ownerless, "olga@example.com")
    assert actions(ownerless.acme, 1) == ["owner_claim.created"]
    assert sentences(ownerless.acme, 1) == [
        "Sam Whitfield claimed ownership for olga@example.com: named by the platform"
    ]
    with bound(PLATFORM):
        assert recent(PLATFORM, 1)[0].action == "owner_claim.created"


@pytest.mark.requirement("S2-009", "S2-138")
def test_nobody_names_themself_by_any_of_their_addresses(ownerless: Cast) -> None:
    from allauth.account.models import EmailAddress

    cast = ownerless
    EmailAddress.objects.create(user=cast.sam, email="sam@private.example", verified=True)
    for email in (cast.sam.email, "sam@private.example", cast.sam.email.upper()):
        answer = name(cast, email)
        assert answer.status_code == 422
        assert "You may not name yourself" in answer.content.decode()
    assert not claims(cast)


def test_nor_somebody_else_who_runs_the_platform(ownerless: Cast) -> None:
    answer = name(ownerless, make_person(is_staff=True).email)
    assert "somebody who runs this platform" in answer.content.decode()
    assert not claims(ownerless)


def test_an_organization_with_an_owner_is_closed_to_it(cast: Cast) -> None:
    answer = name(cast, "olga@example.com")
    assert answer.status_code == 422
    assert "It has an active owner" in answer.content.decode()
    assert "It has no owner" not in sign_in(cast.sam).get(page(cast)).content.decode()


def test_only_superadmins_name_anybody(ownerless: Cast) -> None:
    for person in (ownerless.adam, ownerless.oscar):
        assert name(ownerless, "olga@example.com", by=person).status_code == 404
    assert not claims(ownerless)


def test_the_functions_are_the_portals_alone(ownerless: Cast) -> None:
    """Not the web role's, even where it says of itself that it is the portal."""
    from django.db import DatabaseError, transaction

    functions = (
        ("owner_assignment_create", 7),
        ("owner_assignment_cancel", 5),
        ("owner_assignment_of", 1),
        ("owner_accounts", 1),
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.portal', 'on', true)")
        for function, arguments in functions:
            nulls = ", ".join(["NULL"] * arguments)
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                cursor.execute(f"SELECT {function}({nulls})")


def test_no_rule_stands_in_the_way_of_whom_the_platform_named(
    cast: Cast, django_capture_on_commit_callbacks
) -> None:
    """Only an owner could mend the rule, and there is none."""
    olga = make_person("Olga New", "olga@elsewhere.example")
    make_rule(cast.acme, f"nobody outside {cast.alice.email.partition('@')[2]} is Owner")
    suspend_and_lose(cast)
    name(cast, olga.email)
    claims_advance(0)
    earlier(claims(cast)[0], NOTICE)
    with django_capture_on_commit_callbacks(execute=True):
        claims_advance(0)
    letter = next(one for one in mail.outbox if one.to == [olga.email])
    token = re.search(r"/invitations/([\w-]+)/", letter.body)[1]
    assert sign_in(olga).post(f"/invitations/{token}/accept/").status_code == 302
    with bound(cast.acme.id):
        assert Membership.objects.in_org(cast.acme).get(person=olga).role == Role.OWNER


def test_no_superadmin_takes_it_up_by_an_address_of_theirs_that_came_later(
    ownerless: Cast, django_capture_on_commit_callbacks
) -> None:
    cast, other = ownerless, "sam.at.home@example.com"
    assert name(cast, other).status_code == 302
    claims_advance(0)
    earlier(claims(cast)[0], NOTICE)
    with django_capture_on_commit_callbacks(execute=True):
        claims_advance(0)
    letter = next(one for one in mail.outbox if one.to == [other])
    token = re.search(r"/invitations/([\w-]+)/", letter.body)[1]
    EmailAddress.objects.create(user=cast.sam, email=other, verified=True, primary=False)
    answer = sign_in(cast.sam).post(f"/invitations/{token}/accept/", follow=True)
    assert "Whoever runs this platform" in answer.content.decode()
    with bound(cast.acme.id):
        assert not Membership.objects.in_org(cast.acme).filter(person=cast.sam).exists()
    assert [one.email for one in invitations(cast)] == [other], "and it still stands"


@pytest.mark.requirement("S2-009", "S2-138")
def test_suspending_an_owner_makes_nobody_ownerless(cast: Cast) -> None:
    """Else a superadmin would suspend the only owner and name an accomplice."""
    organization_suspend(organization=cast.acme.id, reason="No owner", actor=TEST)
    account_set_state(person=cast.alice, state=User.State.SUSPENDED, reason="Shared", actor=TEST)
    answer = name(cast, "olga@example.com")
    assert answer.status_code == 422
    assert "whose account the platform keeps out" in answer.content.decode()
    assert not claims(cast)
    seen = sign_in(cast.sam).get(page(cast)).content.decode()
    assert "The platform keeps its owner out" in seen
    assert "owner/assign/" not in seen


def test_nor_does_it_where_another_owner_is_gone(cast: Cast) -> None:
    organization_suspend(organization=cast.acme.id, reason="No owner", actor=TEST)
    back(cast, kept_out=True)
    back(cast, kept_out=True)
    lose(cast, cast.alice)
    assert name(cast, "olga@example.com").status_code == 422
    assert "keeps its 2 owners out" in sign_in(cast.sam).get(page(cast)).content.decode()


@pytest.mark.parametrize("kept_out", [False, True])
@pytest.mark.parametrize("when", ["before the notice", "while it runs", "when it is over"])
def test_it_ends_by_itself_when_there_is_an_owner(
    ownerless: Cast, when: str, kept_out: bool
) -> None:
    cast = ownerless
    name(cast, "olga@example.com")
    (claim,) = claims(cast)
    if when != "before the notice":
        claims_advance(0)
        earlier(claim, NOTICE if when == "when it is over" else HOUR)
    back(cast, kept_out=kept_out)
    claims_advance(0)
    assert reload(claim).state == "canceled"
    assert not invitations(cast)


@pytest.mark.parametrize("kept_out", [False, True])
def test_the_invitation_is_void_once_there_is_an_owner(
    ownerless: Cast, django_capture_on_commit_callbacks, kept_out: bool
) -> None:
    cast, olga = ownerless, make_person("Olga New")
    name(cast, olga.email)
    claims_advance(0)
    earlier(claims(cast)[0], NOTICE)
    with django_capture_on_commit_callbacks(execute=True):
        claims_advance(0)
    letter = next(one for one in mail.outbox if one.to == [olga.email])
    token = re.search(r"/invitations/([\w-]+)/", letter.body)[1]
    back(cast, kept_out=kept_out)
    sign_in(olga).post(f"/invitations/{token}/accept/")
    with bound(cast.acme.id):
        assert not Membership.objects.in_org(cast.acme).filter(person=olga).exists()


def test_the_platform_takes_it_back(ownerless: Cast) -> None:
    cast = ownerless
    name(cast, "olga@example.com")
    assert sign_in(cast.sam).post(page(cast, "owner/unassign/"), {}).status_code == 302
    (claim,) = claims(cast)
    assert claim.state == "canceled"
    assert claim.closed_by_name == "Sam Whitfield"
    assert actions(cast.acme, 1) == ["owner_claim.canceled"]
    assert name(cast, "olga@example.com").status_code == 302, "and may name another"


def test_one_naming_runs_at_a_time(ownerless: Cast) -> None:
    name(ownerless, "olga@example.com")
    answer = name(ownerless, "una@example.com")
    assert answer.status_code == 422
    assert "running already" in answer.content.decode()


def test_a_full_plan_does_not_stand_in_the_way(ownerless: Cast) -> None:
    from orgs.models import Organization

    cast = ownerless
    with bound(cast.acme.id):
        held = Organization.objects.get(pk=cast.acme.pk)
        held.seats = held.seats_used
        held.save(update_fields=["seats"])
        note(cast.acme.id)
    name(cast, "olga@example.com")
    claims_advance(0)
    earlier(claims(cast)[0], NOTICE)
    claims_advance(0)
    assert [one.email for one in invitations(cast)] == ["olga@example.com"]


def test_it_asks_for_an_address_and_a_reason(ownerless: Cast) -> None:
    for email in ("nobody", "", "olga@exa\u0301mple.com"):
        assert name(ownerless, email).status_code == 422
    assert name(ownerless, "olga@example.com", reason=" ").status_code == 422


def test_a_claim_of_admins_that_runs_comes_first(cast: Cast) -> None:
    """Where the owner went while it ran, what is announced first runs on."""
    from tests.orgs.support import claimed

    bea = make_person("Bea")
    make_member(cast.acme, Role.ADMIN, bea)
    claimed(cast.acme, cast.adam, bea)
    organization_suspend(organization=cast.acme.id, reason="No owner", actor=TEST)
    lose(cast, cast.alice)
    assert "running already" in name(cast, "olga@example.com").content.decode()
