"""A long, random life of access in one organization against a plain oracle.

Whatever people try, through the real deeds and their real doors, and whatever ends meanwhile: each
decision, list, page and explanation says what the oracle says, and nobody raises themself.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from config.roles import Role
from orgs.actions.answers import invitation_accept
from orgs.actions.invitations import invitation_create
from orgs.views.invitations import invitation_create as invite_door
from projects.actions.joining import invitation_project_promise
from projects.actions.request_answers import request_approve, request_refuse
from projects.actions.requests import MOST_PENDING, access_request
from projects.actions.shares import share, share_change, unshare
from projects.models import Request
from projects.views import requests as request_doors
from projects.views import sharing as share_doors
from projects.views.invitations import invitation_projects as promise_door
from tests.factories import TEST, make_member
from tests.projects import access_ceiling as ceiling
from tests.projects.access_life import PEOPLE
from tests.projects.access_oracle import (
    LATER,
    NEVER,
    ORGANIZATION_ROLES,
    PAST,
    ROLES_AT,
    Holder,
    Place,
    means,
)
from tests.projects.access_people import PeopleDeeds
from tests.projects.access_places import PlaceDeeds

ends = st.sampled_from([LATER, NEVER, NEVER])


class OrganizationLife(PlaceDeeds, PeopleDeeds):
    """Sharing, asking and joining, beside what the two others try."""

    @initialize(data=st.data())
    def found(self, data: st.DataObject) -> None:
        """An organization in which something stands, and not only the owner may do something."""
        self.begin()
        self.asked: dict[tuple[int, Place, str, bool], Any] = {}
        self.invited: dict[int, tuple[int, str, str, Place | None]] = {}
        for who in range(1, PEOPLE - 1):
            role = data.draw(st.sampled_from(ORGANIZATION_ROLES[1:]), f"role of {who}")
            make_member(self.org, Role(role), self.people[who])
            self.oracle.members[who], self.oracle.ends[who] = role, NEVER
        self.make_workspace(0)
        self.make_project(0, self.number)
        inside: Place = ("project", self.number)
        self.make_resource(0, "agent", inside)
        self.make_resource(0, "runner", None)
        for _ in range(2):
            self.make_group(0)
            for who in sorted(data.draw(st.sets(st.integers(1, 4), max_size=2), "sit")):
                self.seat_somebody(0, self.number, who, NEVER)
            role = data.draw(st.sampled_from(["groups_admin", "projects_admin", ""]), "carried")
            if role:
                self.carry(0, self.number, role, True)
        self.tempt()
        for place in self.oracle.places():
            for to in sorted(
                data.draw(st.sets(st.sampled_from(self.holders()[1:]), max_size=3), "to")
            ):
                role = data.draw(st.sampled_from(ROLES_AT[place[0]]), "role")
                if role == "project_owner":
                    self.give(0, place, to, "project_member", NEVER)
                    if (place, to) in self.oracle.grants:
                        self.give_another(0, place, to, role, NEVER)
                else:
                    self.give(0, place, to, role, NEVER)

    def tempt(self) -> None:
        """The second person keeps groups, sits in one, and runs the workspace for a while."""
        first, second = sorted(self.oracle.groups)
        for group in (first, second):
            if (group, 1) not in self.oracle.seats:
                self.seat_somebody(0, group, 1, NEVER)
        self.carry(0, first, "groups_admin", True)
        self.carry(0, second, "groups_admin", False)
        self.give(0, self.oracle.places()[0], ("person", 1), "workspace_admin", LATER)

    # Sharing

    @rule(data=st.data(), end=ends)
    def share(self, data: st.DataObject, end: int) -> None:
        place = self.anywhere(data)
        if place is None:
            return
        by = self.someone(data, self.oracle.sharing(place), place)
        # Often a group of one's own: there lies the way up.
        own = [("group", group) for group, who in sorted(self.oracle.seats) if who == by]
        to = data.draw(st.sampled_from([*self.holders(), *own, *own]), "to")
        role = data.draw(st.sampled_from(ROLES_AT[place[0]]), "role")
        self.give(by, place, to, role, end)

    def give(self, by: int, place: Place, to: Holder, role: str, end: int) -> None:
        oracle = self.oracle
        done = self.tries(
            by,
            ceiling.behind(oracle, by, oracle.sharing(place), place)
            and ceiling.may_share(oracle, by, place, to, role, end),
            lambda access: share(
                place=self.row(place),
                to=self.holder(to),
                role=Role(role),
                until=self.dates[end],
                reason="why",
                actor=access,
            ),
            view=getattr(share_doors, f"{place[0]}_share"),
            place=place,
        )
        if done:
            oracle.grants[place, to] = (role, end)

    @rule(data=st.data(), end=ends)
    def share_change(self, data: st.DataObject, end: int) -> None:
        if not self.oracle.grants:
            return
        place, to = data.draw(st.sampled_from(sorted(self.oracle.grants)), "grant")
        by = self.someone(data, self.oracle.sharing(place), place)
        role = data.draw(st.sampled_from(ROLES_AT[place[0]]), "role")
        self.give_another(by, place, to, role, end)

    def give_another(self, by: int, place: Place, to: Holder, role: str, end: int) -> None:
        oracle = self.oracle
        done = self.tries(
            by,
            ceiling.behind(oracle, by, oracle.sharing(place), place)
            and ceiling.may_change_share(oracle, by, place, to, role, end),
            lambda access: share_change(
                grant=self.grant(place, to),
                role=Role(role),
                until=self.dates[end],
                reason="why",
                actor=access,
            ),
            view=getattr(share_doors, f"{place[0]}_share_change"),
            place=place,
        )
        if done:
            oracle.grants[place, to] = (role, end)

    @rule(data=st.data())
    def unshare(self, data: st.DataObject) -> None:
        if not self.oracle.grants:
            return
        place, to = data.draw(st.sampled_from(sorted(self.oracle.grants)), "grant")
        own = [to[1]] if to[0] == "person" and self.oracle.acts(to[1]) else []
        by = data.draw(
            st.sampled_from([*own, self.someone(data, self.oracle.sharing(place), place)]), "takes"
        )
        done = self.tries(
            by,
            ceiling.may_unshare(self.oracle, by, place, to),
            lambda access: unshare(grant=self.grant(place, to), reason="", actor=access),
            view=getattr(share_doors, f"{place[0]}_unshare"),
            place=place,
        )
        if done:
            del self.oracle.grants[place, to]

    @rule(data=st.data())
    def reach_across(self, data: st.DataObject) -> None:
        """Nobody shares what belongs to another organization, whoever they are there."""
        by, to = self.someone(data), self.some_holder(data)
        self.tries(
            by,
            False,
            lambda access: share(
                place=self.foreign,
                to=self.holder(to),
                role=Role.PROJECT_MEMBER,
                until=None,
                reason="why",
                actor=access,
            ),
        )

    # Asking

    @rule(data=st.data())
    def access_request(self, data: st.DataObject) -> None:
        by, place, oracle = self.someone(data), self.anywhere(data), self.oracle
        if place is None:
            return
        role = data.draw(st.sampled_from(ROLES_AT[place[0]]), "role")
        room = oracle.room(place)
        key = (by, place, role, bool(room and "owners_approve" in room.policies))
        own = sum(asked[0] == by for asked in self.asked)
        made = self.tries(
            by,
            role not in oracle.in_force_at(by, place)
            and key not in self.asked
            and own < MOST_PENDING,
            lambda access: access_request(
                permission=None,
                role=Role(role),
                place=self.row(place),
                until=None,
                reason="why",
                actor=access,
            ),
            view=request_doors.request_create,
        )
        if made:
            self.asked[key] = made.pk

    @rule(data=st.data(), end=ends, yes=st.sampled_from([True, True, False]))
    def answer(self, data: st.DataObject, end: int, yes: bool) -> None:
        self.forget_what_is_gone()
        if not self.asked:
            return
        key = data.draw(st.sampled_from(sorted(self.asked)), "asked")
        asker, place, role, final = key
        by = self.someone(data, self.oracle.sharing(place), place)
        allowed = ceiling.may_decide(self.oracle, by, asker, place, final=final)
        if yes:
            allowed = allowed and self.may_approve(by, asker, place, role, end)
        done = self.tries(by, allowed, lambda access: self._answer(key, end, yes, access))
        if done:
            del self.asked[key]
        if done and yes:
            self.oracle.grants[place, ("person", asker)] = (role, end)

    def may_approve(self, by: int, asker: int, place: Place, role: str, end: int) -> bool:
        """By the rights of who approves, and by the rules of sharing."""
        oracle, to = self.oracle, ("person", asker)
        if not ceiling.may_give(oracle, by, role, place):
            return False
        held = oracle.grants.get((place, to))
        if held is None or held[1] == PAST:
            return ceiling.may_share(oracle, by, place, to, role, end)
        plain = frozenset[str]()
        less = (
            means(frozenset({role}), plain) <= means(frozenset({held[0]}), plain)
            and held[1] == NEVER
        )
        return not less and ceiling.may_change_share(oracle, by, place, to, role, end)

    def _answer(self, key: tuple[int, Place, str, bool], end: int, yes: bool, access: Any) -> Any:
        request = Request.objects.in_org(self.org).get(pk=self.asked[key])
        if not yes:
            return request_refuse(request=request, answer="no", actor=access)
        way = f"{key[2]}@{self.keys[key[1]]}"
        return request_approve(request=request, way=way, until=self.dates[end], actor=access)

    def forget_what_is_gone(self) -> None:
        """A request goes with who asked and with the place; both are checked by their rows."""
        places = self.oracle.places()
        self.asked = {key: pk for key, pk in self.asked.items() if key[1] in places}

    def gone(self, who: int) -> None:
        super().gone(who)
        self.asked = {key: pk for key, pk in self.asked.items() if key[0] != who}

    # Joining

    @rule(data=st.data(), role=st.sampled_from(ORGANIZATION_ROLES))
    def invite(self, data: st.DataObject, role: str) -> None:
        outside = [
            who for who in range(PEOPLE) if who not in self.oracle.members | self.invited.keys()
        ]
        if not outside:
            return
        by = self.someone(data, "members.invite")
        who = data.draw(st.sampled_from(outside), "invited")
        place = data.draw(st.none() | st.just(self.anywhere(data, "project")), "with")
        made = self.tries(
            by,
            self.oracle.may(by, "members.invite") and ceiling.may_give(self.oracle, by, role),
            lambda access: invitation_create(
                email=self.people[who].email, role=Role(role), reason="why", actor=access
            ),
            view=invite_door,
        )
        if not made:
            return
        promised = place and self.tries(
            by,
            role != "end_user" and self.may_promise(by, place),
            lambda access: invitation_project_promise(
                invitation=made[0],
                project=self.row(place),
                role=Role.PROJECT_OWNER,
                reason="why",
                actor=access,
            ),
            view=promise_door,
        )
        self.invited[who] = (by, role, made[1], place if promised else None)

    def may_promise(self, by: int, place: Place) -> bool:
        oracle = self.oracle
        return (
            ceiling.may_give(oracle, by, "project_owner", place)
            and oracle.is_open(place)
            and ceiling.is_approved(oracle, by, place)
        )

    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        """What was promised is given by the rights of who promised it, on this day."""
        if not self.invited:
            return
        who = data.draw(st.sampled_from(sorted(self.invited)), "accepts")
        by, role, token, place = self.invited.pop(who)
        invitation_accept(token=token, person=self.people[who], identity=TEST)
        self.oracle.members[who], self.oracle.ends[who] = role, NEVER
        self.stale = True
        if place in self.oracle.places() and self.oracle.acts(by) and self.may_promise(by, place):
            room = self.oracle.room(place)
            end = LATER if room and "shares_end" in room.policies else NEVER
            self.oracle.grants[place, ("person", who)] = ("project_owner", end)


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


def test_a_life_of_much_sharing(db: None) -> None:
    live(examples=8, steps=25)


@pytest.mark.nightly
def test_a_long_life_of_very_much_sharing(db: None) -> None:
    live(examples=150, steps=50)
