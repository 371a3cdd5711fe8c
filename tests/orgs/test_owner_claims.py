"""Owner recovery by two Admins: asked, confirmed, announced, 72 hours, completed; or canceled."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from config.roles import Role
from orgs.actions.claim_ends import claim_cancel
from orgs.actions.claims import claim_complete, claim_confirm, claim_create
from orgs.actions.members import set_role
from orgs.models import Membership, Notice, Organization, OwnerClaim
from orgs.tasks import claims_advance
from orgs.tenancy import bound
from tests.factories import Cast, access_of, make_member, make_person, sign_in
from tests.orgs.support import (
    HOUR,
    NOTICE,
    actions,
    claimed,
    earlier,
    note,
    open_window,
    reload,
    role_of,
    sentences,
)

DAY = 24 * HOUR


@pytest.fixture
def bea(cast: Cast):
    """A second Admin of Acme."""
    person = make_person("Bea Second")
    make_member(cast.acme, Role.ADMIN, person)
    return person


def url(cast: Cast, claim: OwnerClaim | None = None, deed: str = "") -> str:
    where = f"{claim.pk}/" if claim else ""
    return cast.url(f"members/recover/{where}{deed}")


def complete(cast: Cast, claim: OwnerClaim, person) -> OwnerClaim:
    with bound(cast.acme.id):
        return claim_complete(claim=reload(claim), actor=access_of(cast.acme, person))


def test_from_the_first_page_to_the_new_owner(
    cast: Cast, bea, django_capture_on_commit_callbacks
) -> None:
    adam = sign_in(cast.adam)
    answer = adam.post(url(cast, deed="new/"), {"domain": "admins", "reason": "Alice is away"})
    assert answer.status_code == 302
    with bound(cast.acme.id):
        claim = OwnerClaim.objects.in_org(cast.acme).get()
    assert claim.state == "asked"
    assert claim.ripe_at is None
    with django_capture_on_commit_callbacks(execute=True):
        assert sign_in(bea).post(url(cast, claim, "confirm/")).status_code == 302
    assert {to for one in mail.outbox for to in one.to} == {
        *(cast.alice.email, cast.adam.email, bea.email)
    }
    assert all(f"/members/recover/{claim.pk}/" in one.body for one in mail.outbox)
    claim = reload(claim)
    assert claim.ripe_at - claim.notice_at == NOTICE
    early = adam.post(url(cast, claim, "complete/"))
    assert early.status_code == 422
    assert "The notice runs until" in early.content.decode()
    earlier(claim, NOTICE)
    assert "Become an owner" in adam.get(url(cast, claim)).content.decode()
    assert adam.post(url(cast, claim, "complete/")).status_code == 302
    assert role_of(cast.acme, cast.adam) == Role.OWNER
    assert role_of(cast.acme, cast.alice) == Role.OWNER, "who is an owner stays one"
    assert actions(cast.acme, 2) == ["owner_claim.completed", "member.role_changed"]
    assert sentences(cast.acme, 1) == [
        "Adam Brandt completed the claim of ownership for Adam Brandt"
    ]


@pytest.mark.parametrize("late", [-1, 0])
def test_the_72_hours_are_kept_to_the_second(cast: Cast, bea, late: int) -> None:
    claim = earlier(claimed(cast.acme, cast.adam, bea), NOTICE + (HOUR / 3600) * late)
    if late < 0:
        with pytest.raises(ValidationError, match="notice runs"):
            complete(cast, claim, cast.adam)
    else:
        complete(cast, claim, cast.adam)
    assert (role_of(cast.acme, cast.adam) == Role.OWNER) is (late == 0)


def test_one_admin_alone_gets_nowhere(cast: Cast) -> None:
    claim = claimed(cast.acme, cast.adam)
    refused = sign_in(cast.adam).post(url(cast, claim, "confirm/"))
    assert refused.status_code == 422
    assert "Another Admin has to confirm it" in refused.content.decode()
    earlier(claim, 100 * HOUR)
    with pytest.raises(ValidationError, match="not open"):
        complete(cast, claim, cast.adam)
    assert role_of(cast.acme, cast.adam) == Role.ADMIN


@pytest.mark.parametrize("who", ["alice", "mia", "vera", "eddie"])
def test_nobody_but_admins_claims_or_confirms(cast: Cast, who: str) -> None:
    person = getattr(cast, who)
    claim = claimed(cast.acme, cast.adam)
    sign_in(person).post(url(cast, claim, "confirm/"))
    sign_in(person).post(url(cast, deed="new/"), {"domain": "admins", "reason": "I want it"})
    assert reload(claim).state == "asked"
    with bound(cast.acme.id):
        assert OwnerClaim.objects.in_org(cast.acme).count() == 1


def test_support_neither_claims_nor_confirms_nor_cancels(cast: Cast) -> None:
    open_window(cast.acme, cast.alice, cast.sam, may_change=True)
    claim = claimed(cast.acme, cast.adam)
    sam = sign_in(cast.sam)
    for deed in ("confirm/", "cancel/", "complete/"):
        assert sam.post(url(cast, claim, deed)).status_code == 422
    answer = sam.post(url(cast, deed="new/"), {"domain": "admins", "reason": "Mine"})
    assert answer.status_code == 422
    assert reload(claim).state == "asked"


def test_it_takes_a_fresh_sign_in(cast: Cast, bea) -> None:
    claim = claimed(cast.acme, cast.adam, bea)
    stale = sign_in(cast.adam, fresh=False)
    for deed in ("confirm/", "complete/", "prove/"):
        assert "/sign-in/again/" in stale.post(url(cast, claim, deed)).url
    assert "/sign-in/again/" in stale.post(url(cast, deed="new/")).url


def test_any_owner_cancels_with_one_click(cast: Cast, bea) -> None:
    claim = claimed(cast.acme, cast.adam, bea)
    earlier(claim, 100 * HOUR)
    alice = sign_in(cast.alice, fresh=False)
    members = alice.get(cast.url("members/")).content.decode()
    assert url(cast, claim, "cancel/") in members
    for page in ("", "groups/"):
        assert "Adam Brandt claims ownership." in alice.get(cast.url(page)).content.decode()
    assert alice.post(url(cast, claim, "cancel/")).status_code == 302
    assert reload(claim).closed_by_name == "Alice Marlow"
    with pytest.raises(ValidationError, match="not open"):
        complete(cast, claim, cast.adam)
    assert "claims ownership" not in alice.get(cast.url("groups/")).content.decode()


@pytest.mark.parametrize("which", ["claimant", "second"])
def test_either_of_the_two_takes_it_back(cast: Cast, bea, which: str) -> None:
    claim = claimed(cast.acme, cast.adam, bea)
    person = cast.adam if which == "claimant" else bea
    assert sign_in(person).post(url(cast, claim, "cancel/")).status_code == 302
    assert reload(claim).state == "canceled"


def test_a_third_admin_does_not_cancel(cast: Cast, bea) -> None:
    third = make_person()
    make_member(cast.acme, Role.ADMIN, third)
    claim = claimed(cast.acme, cast.adam, bea)
    assert sign_in(third).post(url(cast, claim, "cancel/")).status_code == 422


@pytest.mark.parametrize("which", ["claimant", "second"])
@pytest.mark.parametrize("how", ["demoted", "removed", "promoted"])
def test_a_claim_is_over_when_one_of_the_two_is_no_admin(
    cast: Cast, bea, which: str, how: str
) -> None:
    claim = claimed(cast.acme, cast.adam, bea)
    person = cast.adam if which == "claimant" else bea
    with bound(cast.acme.id):
        member = Membership.objects.in_org(cast.acme).get(person=person)
        alice = access_of(cast.acme, cast.alice)
        if how == "removed":
            member.delete()
            note(cast.acme.id)
        else:
            role = Role.MEMBER if how == "demoted" else Role.OWNER
            set_role(member, role=role, reason="Because", actor=alice)
            if how == "demoted":
                # Given back at once, it does not come back with the role.
                set_role(member, role=Role.ADMIN, reason="Because", actor=alice)
    assert reload(claim).state == "canceled"
    earlier(claim, 100 * HOUR)
    if how != "removed" or which == "second":
        with pytest.raises(ValidationError):
            complete(cast, claim, cast.adam)


def test_a_second_whose_account_is_disabled_does_not_count(cast: Cast, bea) -> None:
    claim = earlier(claimed(cast.acme, cast.adam, bea), NOTICE)
    bea.is_active, bea.state = False, "suspended"
    bea.save()
    with pytest.raises(ValidationError, match="no active Admin"):
        complete(cast, claim, cast.adam)


def test_a_second_whose_membership_has_ended_does_not_count(cast: Cast, bea) -> None:
    claim = earlier(claimed(cast.acme, cast.adam, bea), NOTICE)
    with bound(cast.acme.id):
        Membership.objects.in_org(cast.acme).filter(person=bea).update(expires_at=claim.created_at)
        note(cast.acme.id)
    with pytest.raises(ValidationError, match="no active Admin"):
        complete(cast, claim, cast.adam)


def test_nobody_completes_the_claim_of_another(cast: Cast, bea) -> None:
    claim = earlier(claimed(cast.acme, cast.adam, bea), NOTICE)
    for person in (bea, cast.alice):
        with pytest.raises(ValidationError, match="somebody else"):
            complete(cast, claim, person)


def test_a_claim_expires_by_itself(cast: Cast, bea) -> None:
    claim = earlier(claimed(cast.acme, cast.adam, bea), NOTICE + 14 * DAY)
    with pytest.raises(ValidationError, match="expired"):
        complete(cast, claim, cast.adam)
    claims_advance(0)
    assert reload(claim).state == "expired"
    assert actions(cast.acme, 1) == ["owner_claim.expired"]
    claims_advance(0)
    assert actions(cast.acme, 2).count("owner_claim.expired") == 1


def test_what_nobody_confirms_expires_after_a_week(cast: Cast) -> None:
    claim = earlier(claimed(cast.acme, cast.adam), 6 * DAY)
    claims_advance(0)
    assert reload(claim).state == "asked"
    earlier(claim, DAY)
    claims_advance(0)
    assert reload(claim).state == "expired"


def test_what_has_expired_is_not_confirmed_before_the_clock_finds_it(cast: Cast, bea) -> None:
    claim = earlier(claimed(cast.acme, cast.adam), 7 * DAY)
    second = sign_in(bea)
    assert "/confirm/" not in second.get(url(cast, claim)).content.decode()
    refused = second.post(url(cast, claim, "confirm/"))
    assert refused.status_code == 422
    assert "expired" in refused.content.decode()
    assert reload(claim).state == "asked"


def test_one_claim_is_open_at_a_time(cast: Cast, bea) -> None:
    third = make_person()
    make_member(cast.acme, Role.ADMIN, third)
    other = claimed(cast.acme, third)
    claimed(cast.acme, cast.adam, bea)
    refused = sign_in(bea).post(url(cast, other, "confirm/"))
    assert refused.status_code == 422
    assert "running already" in refused.content.decode()
    again = sign_in(bea).post(url(cast, deed="new/"), {"domain": "admins", "reason": "Me"})
    assert again.status_code == 422


def test_asking_twice_is_refused(cast: Cast) -> None:
    claimed(cast.acme, cast.adam)
    answer = sign_in(cast.adam).post(url(cast, deed="new/"), {"domain": "admins", "reason": "A"})
    assert answer.status_code == 422
    assert "asked already" in answer.content.decode()


def test_whoever_has_an_end_claims_nothing(cast: Cast) -> None:
    with bound(cast.acme.id):
        from django.utils import timezone

        Membership.objects.in_org(cast.acme).filter(person=cast.adam).update(
            expires_at=timezone.now() + DAY
        )
        note(cast.acme.id)
        with pytest.raises(ValidationError, match="has an end"):
            claim_create(domain=None, reason="A", actor=access_of(cast.acme, cast.adam))


def test_it_says_why(cast: Cast) -> None:
    for reason in ("", "  ", "x" * 501, "a\u202eb"):
        data = {"domain": "admins", "reason": reason}
        assert sign_in(cast.adam).post(url(cast, deed="new/"), data).status_code == 422
    assert (
        sign_in(cast.adam)
        .post(url(cast, deed="new/"), {"domain": "made-up", "reason": "A"})
        .status_code
        == 422
    )


def test_everybody_concerned_has_a_notice_and_nobody_else(cast: Cast, bea) -> None:
    open_window(cast.acme, cast.alice, cast.sam, may_change=True)
    claim = claimed(cast.acme, cast.adam, bea)
    with bound(cast.acme.id):
        told = Notice.objects.in_org(cast.acme).filter(text__contains="claims ownership")
        names = {notice.membership.name for notice in told.select_related("membership")}
        assert all(f"/members/recover/{claim.pk}/" in notice.path for notice in told)
    assert names == {"Alice Marlow", "Adam Brandt", "Bea Second"}


def test_the_claim_of_another_organization_is_not_there(cast: Cast, bea) -> None:
    claim = claimed(cast.acme, cast.adam, bea)
    for deed in ("", "confirm/", "prove/", "cancel/", "complete/"):
        where = cast.url(f"members/recover/{claim.pk}/{deed}", cast.umbrella)
        assert sign_in(cast.oscar).get(where).status_code == 404
        assert sign_in(cast.oscar).post(where).status_code in (404, 405)
    with bound(cast.acme.id):
        assert Organization.objects.get(pk=cast.acme.pk).claim_name == "Adam Brandt"


def test_members_and_viewers_learn_nothing_of_it(cast: Cast, bea) -> None:
    claimed(cast.acme, cast.adam, bea)
    for person in (cast.mia, cast.vera):
        page = sign_in(person).get(cast.url("members/")).content.decode()
        assert "claims ownership" not in page
        assert "recover" not in page


def test_a_claim_that_is_closed_is_not_turned_again(cast: Cast, bea) -> None:
    claim = claimed(cast.acme, cast.adam, bea)
    with bound(cast.acme.id):
        claim_cancel(claim=claim, actor=access_of(cast.acme, cast.alice))
    for act, person in ((claim_confirm, bea), (claim_cancel, cast.alice)):
        with bound(cast.acme.id), pytest.raises(ValidationError):
            act(claim=reload(claim), actor=access_of(cast.acme, person))
