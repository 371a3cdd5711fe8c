"""Rules are kept on every path that changes access: the change is undone, and 409 says why."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit import ledger
from audit.models import Event as Entry
from audit.models import Outcome
from config.roles import Policy, Role
from orgs.actions.answers import invitation_accept
from orgs.actions.expiry import member_extend
from orgs.actions.groups import group_member_add
from orgs.actions.members import member_change_role, member_leave, member_remove
from orgs.actions.organizations import organization_change_policies
from orgs.actions.support import support_open
from orgs.models import (
    Group,
    GroupMembership,
    GroupRole,
    Membership,
    Organization,
    OwnershipOffer,
    RuleViolation,
)
from orgs.preview import rehearse
from orgs.rules.keeping import RuleBrokenError, keep
from orgs.tenancy import bound
from projects.actions.shares import share
from tests.factories import TEST, Cast, make_group, make_member, make_person, make_seat, sign_in
from tests.orgs.invitations import invite
from tests.orgs.rosters import imported, keeping
from tests.orgs.rules import make_rule, owner_of
from tests.projects.factories import make_group_role, make_project

pytestmark = pytest.mark.django_db

NO_INVOICES = "no Member may view invoices"
HX = {"HX-Request": "true"}


def finance(cast: Cast) -> Group:
    group = make_group(cast.acme, "Finance")
    make_group_role(group, Role.BILLING_VIEWER)
    return group


def add_mia(cast: Cast, group: Group, **headers: str) -> Any:
    return sign_in(cast.alice).post(
        cast.url(f"groups/{group.pk}/members/new/"),
        {"membership": cast.member(cast.mia).pk},
        headers=headers,
    )


def seats(cast: Cast) -> int:
    with bound(cast.acme.id):
        return GroupMembership.objects.in_org(cast.acme).count()


def newest(cast: Cast) -> Entry:
    with bound(cast.acme.id):
        return Entry.objects.filter(organization_id=cast.acme.id).order_by("-sequence")[0]


# --- how it is answered --------------------------------------------------------------------------


def test_a_page_says_the_rule_the_witness_and_what_would_mend_it(cast: Cast) -> None:
    group = finance(cast)
    rule = make_rule(cast.acme, NO_INVOICES)
    answer = add_mia(cast, group)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "This would break a rule" in page
    assert NO_INVOICES in page
    assert "Mia Castellano is Member and may view invoices, as Billing Viewer." in page
    assert "Take Billing Viewer away" in page
    assert f"rules/{rule.pk}/exceptions/new/?member={cast.member(cast.mia).pk}" in page
    assert seats(cast) == 0


def test_the_failed_attempt_is_in_the_ledger(cast: Cast) -> None:
    group = finance(cast)
    make_rule(cast.acme, NO_INVOICES)
    add_mia(cast, group)
    entry = newest(cast)
    assert (entry.action, entry.outcome) == ("group.member_added", Outcome.FAILED)
    assert json.loads(entry.body)["reason"] == "rule"


def test_htmx_gets_a_toast_and_leaves_the_page_as_it_is(cast: Cast) -> None:
    group = finance(cast)
    make_rule(cast.acme, NO_INVOICES)
    answer = add_mia(cast, group, **HX)
    assert answer.status_code == 409
    assert answer.headers["HX-Reswap"] == "none"
    toast = json.loads(answer.headers["HX-Trigger"])["toast"]
    assert toast["kind"] == "bad"
    assert NO_INVOICES in toast["text"]
    assert "Mia Castellano" in toast["text"]
    assert toast["link"]["text"] == "Record an exception"


def test_a_program_gets_a_problem(cast: Cast) -> None:
    group = finance(cast)
    make_rule(cast.acme, NO_INVOICES)
    answer = add_mia(cast, group, Accept="application/json")
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert (said["code"], said["rule"]) == ("rule", NO_INVOICES)
    assert "Mia Castellano" in said["witness"]


def test_a_deed_outside_a_request_names_nobody(cast: Cast) -> None:
    group = finance(cast)
    make_rule(cast.acme, NO_INVOICES)
    with pytest.raises(RuleBrokenError) as refusal, bound(cast.acme.id):
        group_member_add(
            group=group,
            membership=cast.member(cast.mia),
            maintainer=False,
            actor=owner_of(cast.acme),
        )
    assert refusal.value.code == "rule"
    assert "With this change, somebody is Member" in refusal.value.messages[0]
    assert "Mia" not in refusal.value.messages[0]
    assert seats(cast) == 0


def test_what_the_deed_announced_is_not_shown_later(cast: Cast) -> None:
    group = finance(cast)
    make_rule(cast.acme, NO_INVOICES)
    client = sign_in(cast.alice)
    client.post(
        cast.url(f"groups/{group.pk}/members/new/"), {"membership": cast.member(cast.mia).pk}
    )
    assert "Mia Castellano is in" not in client.get(cast.url("groups/")).content.decode()
    assert "toast ok" not in client.get(cast.url("groups/")).content.decode()


def test_a_preview_says_it_before(cast: Cast) -> None:
    group, mia = finance(cast), cast.member(cast.mia)
    make_rule(cast.acme, NO_INVOICES)
    with bound(cast.acme.id):
        access = owner_of(cast.acme)
        seen = rehearse(
            access,
            lambda: group_member_add(group=group, membership=mia, maintainer=False, actor=access),
            people=[mia.pk],
        )
    assert seen.code == "rule"
    assert "Mia Castellano is Member and may view invoices" in seen.refused


# --- every path that changes access --------------------------------------------------------------


def refused(cast: Cast, deed: Any) -> None:
    with pytest.raises(RuleBrokenError), bound(cast.acme.id):
        deed(owner_of(cast.acme))


def test_a_role_is_not_changed(cast: Cast) -> None:
    make_rule(cast.acme, "at most 1 Admin")
    mia = cast.member(cast.mia)
    refused(cast, lambda a: member_change_role(membership=mia, role=Role.ADMIN, reason="", actor=a))
    answer = sign_in(cast.alice).post(
        cast.url(f"members/{mia.pk}/role/"), {"role": "admin", "reason": "Helps"}
    )
    assert answer.status_code == 409
    assert "With this change, there are 2 Admins." in answer.content.decode()


def test_a_role_is_not_given_to_a_group(cast: Cast) -> None:
    make_rule(cast.acme, NO_INVOICES)
    group = make_group(cast.acme)
    with bound(cast.acme.id):
        make_seat(group, cast.member(cast.mia))
    answer = sign_in(cast.alice).post(
        cast.url(f"groups/{group.pk}/roles/billing_viewer/"), {"on": "1"}
    )
    assert answer.status_code == 409
    with bound(cast.acme.id):
        assert not GroupRole.objects.in_org(cast.acme).exists()


def test_nothing_is_shared(cast: Cast) -> None:
    make_rule(cast.acme, "no Viewer may open the Studio")
    project, vera = make_project(cast.acme), cast.member(cast.vera)
    group = make_group(cast.acme)
    with bound(cast.acme.id):
        make_seat(group, vera)

    def give(to: Membership | Group) -> Any:
        return lambda a: share(
            place=project, to=to, role=Role.PROJECT_MEMBER, until=None, reason="Runs it", actor=a
        )

    refused(cast, give(vera))
    refused(cast, give(group))
    with bound(cast.acme.id):
        give(cast.member(cast.mia))(owner_of(cast.acme))


def test_an_invitation_is_not_taken_up(cast: Cast) -> None:
    person = make_person("Nadia Ferro", "nadia@partner.example")
    invitation, token = invite(cast, "nadia@partner.example", role=Role.ADMIN)
    make_rule(cast.acme, "nobody outside example.com is Admin")
    with pytest.raises(RuleBrokenError):
        invitation_accept(token=token, person=person, identity=TEST)
    answer = sign_in(person).post(f"/invitations/{token}/accept/")
    assert answer.status_code in (409, 422)
    assert "This would break a rule" in answer.content.decode()
    with bound(cast.acme.id):
        assert not Membership.objects.in_org(cast.acme).filter(person=person).exists()


def test_a_roster_is_not_imported(cast: Cast) -> None:
    make_rule(cast.acme, "nobody outside example.com is Owner")
    text = keeping(cast).replace(f", {cast.mia.email}", "")
    text = text.replace("admins: [", f"admins: [{cast.mia.email}, ")
    with bound(cast.acme.id):
        imported(cast, text)
    group = make_group(cast.acme)
    make_group_role(group, Role.BILLING_VIEWER)
    make_rule(cast.acme, "no Viewer is in a group with Billing Viewer")
    text += f"teams:\n  {group.name}:\n    members: [{cast.vera.email}]\n"
    with pytest.raises(RuleBrokenError), bound(cast.acme.id):
        imported(cast, text)
    assert seats(cast) == 0


def test_support_is_not_let_in_past_a_rule(cast: Cast) -> None:
    make_rule(cast.acme, "at most 1 Viewer")

    def let_in(access: Any) -> None:
        support_open(
            emails=[cast.sam.email], hours=2, may_change=False, reason="Look", actor=access
        )

    refused(cast, let_in)
    with bound(cast.acme.id):
        assert not Membership.objects.in_org(cast.acme).filter(person=cast.sam).exists()


def test_policies_are_not_changed(cast: Cast) -> None:
    make_rule(cast.acme, NO_INVOICES)
    with bound(cast.acme.id):
        seen = frozenset(map(Policy, Organization.objects.get(pk=cast.acme.pk).policies))
    refused(
        cast,
        lambda a: organization_change_policies(
            organization=cast.acme.id,
            policies=seen | {Policy.MEMBERS_READ_BILLING},
            seen=seen,
            actor=a,
        ),
    )


def test_ownership_passes_on_under_exactly_one_owner(cast: Cast) -> None:
    """Who gives it up and who takes it are judged together, after both."""
    make_rule(cast.acme, "exactly 1 Owner")
    adam = cast.member(cast.adam)
    sign_in(cast.alice).post(cast.url(f"members/{adam.pk}/ownership/"), {"steps_down": "on"})
    with bound(cast.acme.id):
        (offer,) = OwnershipOffer.objects.in_org(cast.acme)
    answer = sign_in(cast.adam).post(cast.url(f"ownership/{offer.pk}/accept/"), {})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    with bound(cast.acme.id):
        owners = Membership.objects.in_org(cast.acme).filter(role=Role.OWNER)
        assert [owner.pk for owner in owners] == [adam.pk]


def test_an_owner_does_not_leave_two(cast: Cast) -> None:
    second = make_member(cast.acme, Role.OWNER)
    make_rule(cast.acme, "at least 2 Owners")
    refused(cast, lambda a: member_leave(actor=a))
    refused(cast, lambda a: member_remove(membership=second, reason="", actor=a))


def test_an_end_is_not_moved_too_far(cast: Cast) -> None:
    soon = timezone.now() + datetime.timedelta(days=5)
    with bound(cast.acme.id):
        Membership.objects.in_org(cast.acme).filter(pk=cast.member(cast.adam).pk).update(
            expires_at=soon
        )
        adam = Membership.objects.in_org(cast.acme).get(pk=cast.member(cast.adam).pk)
    make_rule(cast.acme, "every Admin ends within 10 days")
    far = timezone.now() + datetime.timedelta(days=30)
    refused(cast, lambda a: member_extend(membership=adam, until=far, reason="", actor=a))
    with bound(cast.acme.id):
        near = timezone.now() + datetime.timedelta(days=9)
        member_extend(membership=adam, until=near, reason="", actor=owner_of(cast.acme))


def test_a_role_in_several_steps_is_judged_by_where_it_ends(cast: Cast) -> None:
    """Nested `bound` never judges half way."""
    group, mia = finance(cast), cast.member(cast.mia)
    make_rule(cast.acme, NO_INVOICES)
    with bound(cast.acme.id):
        access = owner_of(cast.acme)
        with bound(cast.acme.id):
            group_member_add(group=group, membership=mia, maintainer=False, actor=access)
        member_change_role(membership=mia, role=Role.VIEWER, reason="", actor=access)
    assert seats(cast) == 1


# --- only what is new stops, and only whom it concerns --------------------------------------------


def test_who_broke_it_before_stops_nobody_until_they_are_mended(cast: Cast) -> None:
    group, mia = finance(cast), cast.member(cast.mia)
    with bound(cast.acme.id):
        access = owner_of(cast.acme)
        seat = group_member_add(group=group, membership=mia, maintainer=False, actor=access)
    with pytest.raises(ValidationError) as refusal:
        make_rule(cast.acme, NO_INVOICES)
    assert refusal.value.code == "violated"
    make_rule(cast.acme, NO_INVOICES, known=True)
    with bound(cast.acme.id):
        (row,) = RuleViolation.objects.in_org(cast.acme)
        assert (row.membership_id, row.told) == (mia.pk, True)
    sign_in(cast.alice).post(cast.url(f"members/{mia.pk}/expiry/"), {})
    other = make_member(cast.acme, Role.VIEWER)
    with bound(cast.acme.id):
        access = owner_of(cast.acme)
        group_member_add(group=group, membership=other, maintainer=False, actor=access)
    # Out of the group, and the rule holds for her as for everybody else.
    answer = sign_in(cast.alice).post(
        cast.url(f"groups/{group.pk}/members/{_pk(seat)}/remove/"), {}
    )
    assert answer.status_code == 302
    with bound(cast.acme.id):
        assert not RuleViolation.objects.in_org(cast.acme).exists()
    assert add_mia(cast, group).status_code == 409


def _pk(seat: Any) -> Any:
    return getattr(seat, "pk", seat)


def test_what_the_clock_broke_asks_once_to_try_again(cast: Cast) -> None:
    """No job has seen it yet: the change is undone, what was so before is known, and it passes."""
    make_rule(cast.acme, "at least 1 Admin")
    with bound(cast.acme.id):
        Membership.objects.in_org(cast.acme).filter(pk=cast.member(cast.adam).pk).update(
            expires_at=timezone.now() - datetime.timedelta(hours=1)
        )
    mia = cast.member(cast.mia)
    client, url = sign_in(cast.alice), cast.url(f"members/{mia.pk}/role/")
    first = client.post(url, {"role": "viewer", "reason": ""})
    assert first.status_code == 409
    assert "Try again" in first.content.decode()
    assert client.post(url, {"role": "viewer", "reason": ""}).status_code == 302


def test_a_number_may_come_nearer_and_never_go_further(cast: Cast) -> None:
    for _ in range(2):
        make_member(cast.acme, Role.ADMIN)
    make_rule(cast.acme, "at most 1 Admin", known=True)
    mia, adam = cast.member(cast.mia), cast.member(cast.adam)
    refused(cast, lambda a: member_change_role(membership=mia, role=Role.ADMIN, reason="", actor=a))
    with bound(cast.acme.id):
        access = owner_of(cast.acme)
        member_change_role(membership=adam, role=Role.MEMBER, reason="", actor=access)
    refused(
        cast, lambda a: member_change_role(membership=adam, role=Role.ADMIN, reason="", actor=a)
    )


def test_a_rule_that_only_warns_and_one_that_is_off_stop_nobody(cast: Cast) -> None:
    make_rule(cast.acme, "at most 1 Admin", blocks=False)
    mia = cast.member(cast.mia)
    with bound(cast.acme.id):
        access = owner_of(cast.acme)
        member_change_role(membership=mia, role=Role.ADMIN, reason="", actor=access)


def test_another_organization_is_not_judged(cast: Cast) -> None:
    make_rule(cast.umbrella, "at most 0 Admins")
    mia = cast.member(cast.mia)
    with bound(cast.acme.id):
        access = owner_of(cast.acme)
        member_change_role(membership=mia, role=Role.ADMIN, reason="", actor=access)


# --- what it costs -------------------------------------------------------------------------------


def test_without_rules_it_is_one_look_and_without_a_change_none(cast: Cast) -> None:
    with bound(cast.acme.id):
        owner_of(cast.acme)
        with CaptureQueriesContext(connection) as asked:
            keep({})
        assert len(asked) == 0
        with CaptureQueriesContext(connection) as asked:
            keep({cast.acme.id: 1})
        assert len(asked) == 1
    with CaptureQueriesContext(connection) as asked:
        sign_in(cast.alice).get(cast.url("members/"))
    assert not [one for one in asked if "rules_asked" in one["sql"]]


def test_a_pack_under_its_preset_asks_the_people_nothing(cast: Cast) -> None:
    make_rule(
        cast.acme, "Owners, Admins, Viewers, Billing Viewers and nobody else may view invoices"
    )
    with bound(cast.acme.id), CaptureQueriesContext(connection) as asked:
        keep({cast.acme.id: 1})
    assert not [one for one in asked if "rule_witnesses" in one["sql"]]


def test_notes_stand_apart_and_only_the_outermost_reads_them(cast: Cast) -> None:
    with ledger.noting() as outer:
        with ledger.noting() as inner:
            assert inner is None
        with ledger.noting(apart=True) as apart:
            assert apart == {}
        assert outer == {}
