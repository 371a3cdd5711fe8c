"""The dashboard: honest numbers, what waits for whom, and two sections more for owners."""

from __future__ import annotations

import datetime
import secrets

import pytest
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.roles import Role
from orgs.models import Invitation, OwnershipOffer
from orgs.tenancy import bound
from tests.factories import TEST, Cast, make_group, make_member, make_seat, sign_in

pytestmark = pytest.mark.django_db


def page_of(cast: Cast, who: str) -> str:
    return sign_in(getattr(cast, who)).get(cast.url()).content.decode()


def invite(cast: Cast, email: str, **ends: float) -> Invitation:
    with bound(cast.acme.id):
        invitation = Invitation.objects.create(
            organization=cast.acme,
            email=email,
            token_hash=secrets.token_bytes(32),
            expires_at=timezone.now() + datetime.timedelta(**ends),
        )
        ledger.record(
            Event.INVITATION_SENT,
            organization=cast.acme.id,
            actor=TEST,
            target=Target("invitation", invitation.id, email),
            changes={"role": (None, "Member"), "expires_at": (None, invitation.expires_at)},
        )
    return invitation


@pytest.mark.requirement("S4-043", "S4-030", "S4-031", "S4-032", "S1-023")
def test_an_owner_sees_team_and_billing_and_a_member_does_not(cast: Cast) -> None:
    owners = page_of(cast, "alice")
    assert ">Team</h2>" in owners
    assert ">Billing status</h2>" in owners
    assert "<b>5</b> members" in owners
    billing = owners.partition(">Billing status</h2>")[2].partition("</section>")[0]
    assert "<dt>Enterprise</dt>" in billing
    assert "Active" in billing
    for who in ("adam", "mia", "vera"):
        standard = page_of(cast, who)
        assert ">Team</h2>" not in standard
        assert ">Billing status</h2>" not in standard
        assert ">Your access</h2>" in standard


def test_the_team_is_counted_by_role(cast: Cast) -> None:
    make_member(cast.acme, Role.VIEWER)
    page = page_of(cast, "alice")
    assert "6 members: 1 Owners, 1 Admins, 1 Members, 2 Viewers, 1 End Users" in page


@pytest.mark.requirement("S1-006", "S1-005")
def test_a_member_reads_the_plan_and_their_own_role_and_groups(cast: Cast) -> None:
    make_seat(make_group(cast.acme, "DevOps"), cast.member(cast.mia))
    page = page_of(cast, "mia")
    assert "Enterprise" in page
    assert Role.MEMBER.description in page
    assert "DevOps" in page


def test_what_a_person_may_not_do_is_not_shown(cast: Cast) -> None:
    assert "Invite member" in page_of(cast, "alice")
    standard = page_of(cast, "mia")
    for hidden in ("Invite member", "Pending invitations", "refused in the last", ">Lately</h2>"):
        assert hidden not in standard
    assert ">Lately</h2>" in page_of(cast, "vera"), "a Viewer reads the audit log"


def test_an_end_user_is_led_to_the_hub(cast: Cast) -> None:
    assert sign_in(cast.eddie).get(cast.url()).url == cast.url("hub/")
    assert (
        "Nothing is shared with you yet"
        in sign_in(cast.eddie).get(cast.url("hub/")).content.decode()
    )


def test_invitations_that_end_within_two_days_wait_for_who_may_send_them_again(cast: Cast) -> None:
    soon = invite(cast, "omar@partner.example", hours=26, minutes=1)
    invite(cast, "later@partner.example", days=5)
    invite(cast, "gone@partner.example", hours=-1)
    page = page_of(cast, "alice")
    assert "An invitation expires in 26 hours" in page
    assert "omar@partner.example, as Member" in page
    assert f"/invitations/{soon.id}/resend/" in page
    assert "later@partner.example, as" not in page
    assert "gone@partner.example, as" not in page
    assert "An invitation expires" not in page_of(cast, "mia")


def test_pending_invitations_are_counted_without_those_overdue(cast: Cast) -> None:
    invite(cast, "omar@partner.example", days=3)
    invite(cast, "gone@partner.example", hours=-1)
    counted = page_of(cast, "alice").partition("Pending invitations")[2].partition("</div>")[0]
    assert ">1<" in counted


def test_a_single_owner_is_warned_and_so_are_too_many(cast: Cast) -> None:
    assert "There is only one owner" in page_of(cast, "alice")
    make_member(cast.acme, Role.OWNER)
    page = page_of(cast, "alice")
    assert "There is only one owner" not in page
    assert "people are owners" not in page
    make_member(cast.acme, Role.OWNER)
    make_member(cast.acme, Role.OWNER)
    assert "4 people are owners" in page_of(cast, "alice")
    assert "people are owners" not in page_of(cast, "adam")


def test_people_known_by_a_login_alone_wait_to_be_invited(cast: Cast) -> None:
    assert "cannot sign in yet" not in page_of(cast, "alice")
    make_member(cast.acme, login="omar-r")
    make_member(cast.acme, login="lin-w")
    invite(cast, "other@partner.example", days=3)
    assert "2 people cannot sign in yet" in page_of(cast, "alice")


def test_an_offer_of_ownership_waits_for_who_may_answer_it(cast: Cast) -> None:
    with bound(cast.acme.id):
        offer = OwnershipOffer.objects.create(
            organization=cast.acme,
            offered_to=cast.member(cast.mia),
            offered_by=cast.member(cast.alice),
            expires_at=timezone.now() + datetime.timedelta(days=7),
        )
        ledger.record(
            Event.OWNERSHIP_OFFERED,
            organization=cast.acme.id,
            actor=TEST,
            target=Target("member", cast.member(cast.mia).id, "Mia"),
            changes={"expires_at": (None, offer.expires_at)},
        )
    assert "Alice Marlow offers you ownership of Acme Robotics" in page_of(cast, "mia")
    assert "offers you ownership" not in page_of(cast, "vera")


def test_refused_attempts_of_the_last_day_are_counted(cast: Cast) -> None:
    sign_in(cast.mia).get(cast.url("settings/"))
    sign_in(cast.mia).get(cast.url("audit-log/"))
    page = page_of(cast, "alice")
    counted = page.partition('outcome=denied">')[2].partition("</a>")[0]
    assert counted == "2 refused in the last 24 hours"


def test_lately_shows_the_newest_six_entries_as_sentences(cast: Cast) -> None:
    for number in range(7):
        make_group(cast.acme, f"Crew {number}")
    lately = page_of(cast, "alice").partition(">Lately</h2>")[2].partition("</section>")[0]
    assert "created the group" in lately
    assert lately.count("<li>") == 6
    assert lately.index("Crew 6") < lately.index("Crew 1")
    assert "Crew 0" not in lately


def test_nothing_of_another_organization_shows(cast: Cast) -> None:
    make_group(cast.umbrella, "Night shift")
    page = page_of(cast, "alice")
    assert "Night shift" not in page
    assert "Umbrella" not in page


def test_names_cannot_become_markup(cast: Cast) -> None:
    make_group(cast.acme, "<img src=x>")
    assert "<img" not in page_of(cast, "alice")


def test_the_number_of_queries_does_not_grow_with_people(
    cast: Cast, django_assert_max_num_queries
) -> None:
    client = sign_in(cast.alice)
    client.get(cast.url())
    for _ in range(12):
        make_member(cast.acme)
    invite(cast, "omar@partner.example", hours=20)
    with django_assert_max_num_queries(24):
        client.get(cast.url())
