"""A long, random life of one organization against a plain oracle.

Whatever people try, in whatever order, the tables, the counters and the ledger say what the oracle
says: who is in, with which role, invited to what, in which groups; and never without an owner.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.actions import account_set_state
from accounts.models import User
from audit.ledger import Actor
from config.roles import ORGANIZATION_ROLES, Policy, Role
from orgs.access import Access
from orgs.actions.answers import invitation_accept, invitation_decline
from orgs.actions.groups import group_member_add, group_member_remove
from orgs.actions.invitations import invitation_create, invitation_resend, invitation_revoke
from orgs.actions.members import member_change_role, member_leave, member_remove
from orgs.actions.organizations import organization_change_policies
from orgs.actions.ownership import ownership_accept, ownership_offer
from orgs.models import GroupMembership, Invitation, Membership, Organization, OwnershipOffer
from orgs.tenancy import bind_member, bound
from tests.factories import TEST, make_group, make_organization, make_person

people = st.integers(0, 5)
roles = st.sampled_from(ORGANIZATION_ROLES)
BELOW_ADMIN = {Role.MEMBER, Role.VIEWER, Role.END_USER}


class OrganizationLife(RuleBasedStateMachine):
    """The oracle is the plain dictionaries; each rule says what should happen, then tries it."""

    @initialize()
    def found(self) -> None:
        self.people = [make_person() for _ in range(6)]
        self.org = make_organization(self.people[0], "Life")
        self.group = make_group(self.org, "Group")
        self.roles: dict[int, Role] = {0: Role.OWNER}
        self.invited: dict[int, Role] = {}
        self.tokens: dict[int, str] = {}
        self.offers: dict[int, int] = {}
        self.disabled: set[int] = set()
        self.seated: set[int] = set()
        self.admins_invite = False

    # What the oracle knows

    def owners(self) -> list[int]:
        return [
            who
            for who, role in self.roles.items()
            if role is Role.OWNER and who not in self.disabled
        ]

    def only_owner(self, who: int) -> bool:
        return self.owners() == [who]

    def acts(self, who: int) -> bool:
        return who in self.roles and who not in self.disabled

    def may_give(self, who: int, role: Role) -> bool:
        held = self.roles[who]
        return held is Role.OWNER or (
            held is Role.ADMIN and self.admins_invite and role in BELOW_ADMIN
        )

    def gone(self, who: int) -> None:
        del self.roles[who]
        self.seated.discard(who)
        self.offers = {to: by for to, by in self.offers.items() if who not in (to, by)}

    # How a deed is tried

    def access(self, who: int) -> Access:
        person = self.people[who]
        access = bind_member(self.org.slug, person.pk, identity=Actor("person", person.pk, "x"))
        assert access is not None
        return access

    def member(self, who: int) -> Membership:
        return Membership.objects.in_org(self.org).get(person=self.people[who])

    def invitation(self, who: int) -> Invitation:
        return (
            Invitation.objects.in_org(self.org)
            .filter(email=self.people[who].email)
            .latest("created_at")
        )

    def tries(self, allowed: bool, deed: Any) -> Any:
        """Run the deed; it must succeed exactly when the oracle allows it, and else do nothing."""
        try:
            with transaction.atomic():
                result = deed()
        except ValidationError as refusal:
            assert not allowed, refusal
            return None
        assert allowed, "the oracle expected a refusal"
        return result

    # What people try

    @rule(by=people, who=people, role=roles)
    def invite(self, by: int, who: int, role: Role) -> None:
        if not self.acts(by):
            return
        allowed = who not in self.roles and who not in self.invited and self.may_give(by, role)
        made = self.tries(
            allowed,
            lambda: invitation_create(
                email=self.people[who].email, role=role, reason="why", actor=self.access(by)
            ),
        )
        if made:
            self.invited[who], self.tokens[who] = role, made[1]

    @rule(who=people, as_who=people)
    def accept(self, who: int, as_who: int) -> None:
        if who not in self.tokens:
            return
        allowed = (
            who in self.invited
            and as_who == who
            and who not in self.roles
            and who not in self.disabled
        )
        person = self.people[as_who]
        joined = self.tries(
            allowed,
            lambda: invitation_accept(token=self.tokens[who], person=person, identity=TEST),
        )
        if joined:
            self.roles[who] = self.invited.pop(who)

    @rule(who=people)
    def decline(self, who: int) -> None:
        if who not in self.tokens:
            return
        allowed = who in self.invited and who not in self.disabled
        person = self.people[who]
        if self.tries(
            allowed,
            lambda: invitation_decline(token=self.tokens[who], person=person, identity=TEST),
        ):
            del self.invited[who]

    @rule(by=people, who=people)
    def revoke(self, by: int, who: int) -> None:
        if not self.acts(by) or who not in self.invited:
            return
        allowed = self.may_give(by, self.invited[who])
        access = self.access(by)
        if self.tries(
            allowed, lambda: invitation_revoke(invitation=self.invitation(who), actor=access)
        ):
            del self.invited[who]

    @rule(by=people, who=people)
    def send_again(self, by: int, who: int) -> None:
        if not self.acts(by) or who not in self.invited:
            return
        access, old = self.access(by), self.tokens[who]
        made = self.tries(
            self.may_give(by, self.invited[who]),
            lambda: invitation_resend(invitation=self.invitation(who), actor=access),
        )
        if made:
            self.tokens[who] = made[1]
            person = self.people[who]
            self.tries(False, lambda: invitation_accept(token=old, person=person, identity=TEST))

    @rule(who=people)
    def let_an_invitation_lapse(self, who: int) -> None:
        if who not in self.invited:
            return
        with bound(self.org.id):
            Invitation.objects.filter(pk=self.invitation(who).pk).update(
                expires_at=timezone.now() - timedelta(hours=1)
            )
        del self.invited[who]

    @rule(by=people, who=people, role=roles)
    def change_role(self, by: int, who: int, role: Role) -> None:
        if not self.acts(by) or who not in self.roles:
            return
        old = self.roles[who]
        allowed = role == old or (
            self.may_give(by, role)
            and self.may_give(by, old)
            and not (old is Role.OWNER and self.only_owner(who))
        )
        access = self.access(by)
        changed = self.tries(
            allowed,
            lambda: member_change_role(
                membership=self.member(who), role=role, reason="why", actor=access
            ),
        )
        if changed:
            self.roles[who] = role

    @rule(by=people, who=people)
    def remove(self, by: int, who: int) -> None:
        if not self.acts(by) or who not in self.roles:
            return
        allowed = self.roles[by] is Role.OWNER and by != who and not self.only_owner(who)
        access = self.access(by)
        self.tries(
            allowed,
            lambda: member_remove(membership=self.member(who), reason="why", actor=access),
        )
        if allowed:
            self.gone(who)

    @rule(who=people)
    def leave(self, who: int) -> None:
        if not self.acts(who):
            return
        allowed = not self.only_owner(who)
        access = self.access(who)
        self.tries(allowed, lambda: member_leave(actor=access))
        if allowed:
            self.gone(who)

    @rule(by=people, who=people)
    def offer_ownership(self, by: int, who: int) -> None:
        if not self.acts(by) or who not in self.roles:
            return
        allowed = (
            self.roles[by] is Role.OWNER
            and self.roles[who] is not Role.OWNER
            and (who not in self.offers or self.offer_is_void(who))
        )
        access = self.access(by)
        try:
            with transaction.atomic():
                ownership_offer(membership=self.member(who), steps_down=False, actor=access)
        except ValidationError as refusal:
            # An offer whose maker is no owner any more may be closed or stand in the way.
            assert not allowed or refusal.code == "already_offered", refusal
        else:
            assert self.roles[by] is Role.OWNER
            assert self.roles[who] is not Role.OWNER
            self.offers[who] = by

    def offer_is_void(self, who: int) -> bool:
        return self.roles.get(self.offers[who]) is not Role.OWNER

    @rule(who=people)
    def accept_ownership(self, who: int) -> None:
        if not self.acts(who):
            return
        access = self.access(who)
        offer = OwnershipOffer.objects.filter(
            offered_to=access.membership_id, state="pending"
        ).first()
        if offer is None:
            return
        allowed = not self.offer_is_void(who)
        if self.tries(allowed, lambda: ownership_accept(offer=offer, actor=access)):
            self.roles[who] = Role.OWNER
            del self.offers[who]

    @rule(who=people)
    def disable(self, who: int) -> None:
        allowed = not self.only_owner(who)
        person = User.objects.get(pk=self.people[who].pk)
        self.tries(
            allowed,
            lambda: account_set_state(
                person=person, state=User.State.SUSPENDED, reason="why", actor=TEST
            ),
        )
        if allowed:
            self.disabled.add(who)

    @precondition(lambda self: self.disabled)
    @rule(data=st.data())
    def enable(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.disabled)))
        person = User.objects.get(pk=self.people[who].pk)
        account_set_state(person=person, state=User.State.ACTIVE, reason="why", actor=TEST)
        self.disabled.discard(who)

    @rule(by=people, who=people)
    def seat(self, by: int, who: int) -> None:
        if not self.acts(by) or who not in self.roles:
            return
        access = self.access(by)
        made = self.tries(
            who not in self.seated,
            lambda: group_member_add(
                group=self.group, membership=self.member(who), maintainer=False, actor=access
            ),
        )
        if made:
            self.seated.add(who)

    @precondition(lambda self: self.seated)
    @rule(data=st.data())
    def unseat(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.seated)))
        access = self.access(self.owners()[0])
        seat = GroupMembership.objects.get(group=self.group, membership=self.member(who))
        group_member_remove(seat=seat, actor=access)
        self.seated.discard(who)

    @rule(on=st.booleans())
    def set_policy(self, on: bool) -> None:
        access = self.access(self.owners()[0])
        policies = set(access.policies) - {Policy.ADMINS_INVITE}
        policies |= {Policy.ADMINS_INVITE} if on else set()
        organization_change_policies(
            organization=self.org.id,
            seen=access.policies,
            policies=frozenset(policies),
            actor=access,
        )
        self.admins_invite = on

    # What must hold after each of them

    @invariant()
    def the_tables_say_what_the_oracle_says(self) -> None:
        if not hasattr(self, "org"):
            return
        index = {person.pk: number for number, person in enumerate(self.people)}
        with bound(self.org.id):
            members = {index[m.person_id]: Role(m.role) for m in Membership.objects.all()}
            pending = {
                i.email: Role(i.role)
                for i in Invitation.objects.filter(state="pending", expires_at__gt=timezone.now())
            }
            seated = set(GroupMembership.objects.values_list("membership__person_id", flat=True))
            org = Organization.objects.get()
            held = Invitation.objects.filter(state="pending").count()
        assert members == self.roles
        assert pending == {self.people[who].email: role for who, role in self.invited.items()}
        assert {index[pk] for pk in seated} == self.seated
        assert org.member_count == len(self.roles)
        assert org.owner_count == len(self.owners()) > 0
        assert org.seats_used == len(self.roles) + held

    def teardown(self) -> None:
        if hasattr(self, "org"):
            with bound(self.org.id), connection.cursor() as cursor:
                cursor.execute("SELECT * FROM ledger_verify(%s)", [self.org.id])
                assert cursor.fetchall() == []


def live(*, examples: int, steps: int) -> None:
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        print_blob=True,
    )
    run_state_machine_as_test(OrganizationLife, settings=profile)


@pytest.mark.requirement("S2-020", "S1-042", "S1-043", "S1-044")
def test_a_life_of_many_deeds(db: None) -> None:
    live(examples=15, steps=30)


@pytest.mark.nightly
def test_a_long_life_of_very_many_deeds(db: None) -> None:
    live(examples=400, steps=60)
