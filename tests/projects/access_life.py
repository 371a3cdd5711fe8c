"""One organization as the machine of access lives in it: its rows, how a deed is tried through
its real door, and what must hold after each. What people try is in test_access_machine.py.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from itertools import islice
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.http import Http404
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from audit.ledger import Actor
from audit.models import Event
from config.gate import lock_of
from config.roles import Permission, Role, Scope
from orgs.access import Access
from orgs.models import Group, GroupMembership, GroupRole, Membership
from orgs.tenancy import bind_member, bound
from projects.actions.shares import TABLES
from projects.explain import explain
from projects.models import Project, Resource, Workspace
from projects.queries.access import access_page
from tests.factories import make_group, make_member, make_organization, make_person, make_seat
from tests.projects.access_oracle import (
    ASKING,
    LATER,
    NEVER,
    PAST,
    TABLE,
    Holder,
    Oracle,
    Place,
)
from tests.projects.factories import make_grant, make_project, make_resource, make_workspace

PEOPLE = 6
EXPLAINED = 1
MODELS: dict[str, Any] = {"workspace": Workspace, "project": Project, "resource": Resource}
PERMISSIONS = {permission: Permission(permission) for permission in TABLE}
REFUSED = (ValidationError, PermissionDenied, Http404)


class AccessLife(RuleBasedStateMachine):
    """The people, what they made, and the oracle beside it."""

    oracle: Oracle

    def begin(self) -> None:
        """An organization of the first person, and another one in which the second owns all."""
        self.people = [make_person(f"P{number}") for number in range(PEOPLE)]
        self.org = make_organization(self.people[0], "Life")
        self.oracle = Oracle(members={0: "owner"}, ends={0: NEVER})
        with bound(self.org.id):
            self.oracle.policies = set(map(str, self.access(0).policies))
        self.keys: dict[Place, UUID] = {}
        self.groups: dict[int, UUID] = {}
        self.number = 0
        self.dates = {
            PAST: timezone.now() - datetime.timedelta(days=1),
            LATER: timezone.now() + datetime.timedelta(days=30),
            NEVER: None,
        }
        self.acted: tuple[int, dict[Place | None, set[str]]] | None = None
        self.stale = True
        self._begin_elsewhere()

    def _begin_elsewhere(self) -> None:
        owner = self.people[1]
        self.other = make_organization(owner, "Elsewhere")
        workspace = make_workspace(self.other)
        self.foreign = make_project(self.other, workspace=workspace)
        agent = make_resource(self.foreign, "agent")
        member, group = make_member(self.other, person=self.people[2]), make_group(self.other)
        make_seat(group, member)
        make_grant(self.foreign, member, Role.PROJECT_OWNER)
        make_grant(agent, group, Role.RESOURCE_ADMIN)
        self.elsewhere = (workspace, self.foreign, agent)
        self.before_elsewhere = self.seen_elsewhere()

    # Its rows

    def next_number(self) -> int:
        self.number += 1
        return self.number

    def access(self, who: int) -> Access:
        person = self.people[who]
        access = bind_member(self.org.slug, person.pk, identity=Actor("person", person.pk, "x"))
        assert access is not None, f"{who} cannot be bound"
        return access

    def row(self, place: Place) -> Any:
        found = MODELS[place[0]].objects.in_org(self.org)
        if place[0] == "resource":
            found = found.select_related("project__workspace")
        if place[0] == "project":
            found = found.select_related("workspace")
        return found.get(pk=self.keys[place])

    def member(self, who: int) -> Membership:
        rows = Membership.objects.in_org(self.org).select_related("person")
        return rows.get(person=self.people[who])

    def group(self, number: int) -> Group:
        return Group.objects.in_org(self.org).get(pk=self.groups[number])

    def holder(self, to: Holder) -> Membership | Group:
        return self.member(to[1]) if to[0] == "person" else self.group(to[1])

    def grant(self, place: Place, to: Holder) -> Any:
        people, groups = TABLES[Scope(place[0])]
        if to[0] == "person":
            rows = people.objects.in_org(self.org).filter(user=self.people[to[1]])
        else:
            rows = groups.objects.in_org(self.org).filter(group=self.groups[to[1]])
        return rows.get(content_object=self.keys[place])

    def seat(self, group: int, who: int) -> GroupMembership:
        rows = GroupMembership.objects.in_org(self.org).select_related("group", "membership")
        return rows.get(group=self.groups[group], membership=self.member(who))

    # How a deed is tried

    def tries(
        self,
        by: int,
        allowed: bool,
        deed: Callable[[Access], Any],
        *,
        view: Any = None,
        place: Place | None = None,
    ) -> Any:
        """Through the lock of `view`; it must succeed exactly when the oracle allows it."""
        reach = self.oracle.reach(by)
        try:
            with transaction.atomic():
                access = self.access(by)
                if view is not None:
                    self._pass(view, access, place)
                result = deed(access)
        except REFUSED as refusal:
            assert not allowed, f"refused: {refusal!r}"
            return None
        assert allowed, "the oracle expected a refusal"
        self.acted, self.stale = (by, reach), True
        return result or True

    def _pass(self, view: Any, access: Access, place: Place | None) -> None:
        lock = lock_of(view)
        assert lock
        request = SimpleNamespace(access=access, org=access.org)
        target = lock.on(request, pk=self.keys[place]) if lock.on and place else None
        permission = lock.asks(target)
        if permission is None or not access.can(permission, target):
            raise PermissionDenied

    # What is drawn

    def someone(self, data: st.DataObject, permission: str = "", place: Place | None = None) -> int:
        """Somebody who may come in; more often one who may do this there without owning all."""
        acting = sorted(who for who in self.oracle.members if self.oracle.acts(who))
        able = [who for who in acting if permission and self.oracle.may(who, permission, place)]
        others = [who for who in able if self.oracle.members[who] != "owner"]
        return data.draw(st.sampled_from([*acting, *able, *others, *others]), "by")

    def anyone(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.oracle.members)), "who")

    def anywhere(self, data: st.DataObject, *scopes: str) -> Place | None:
        places = [one for one in self.oracle.places() if not scopes or one[0] in scopes]
        return data.draw(st.sampled_from(places), "place") if places else None

    def some_holder(self, data: st.DataObject) -> Holder:
        return data.draw(st.sampled_from(self.holders()), "to")

    def holders(self) -> list[Holder]:
        people: list[Holder] = [("person", who) for who in sorted(self.oracle.members)]
        return people + [("group", group) for group in sorted(self.oracle.groups)]

    # What must hold after each of them

    @invariant()
    def it_is_as_the_oracle_says(self) -> None:
        if not getattr(self, "stale", False):
            return
        self.stale = False
        self.nobody_raised_themself()
        with transaction.atomic():
            self.rows_are_those_of_the_oracle()
            rows = {place: self.row(place) for place in self.oracle.places()}
            for who in range(PEOPLE):
                self.decisions_are_those_of_the_oracle(who, rows)
            self.pages_are_those_of_the_oracle(rows)

    def nobody_raised_themself(self) -> None:
        """By a deed of one's own nobody holds more than before, wherever it is."""
        if self.acted is None:
            return
        (by, before), self.acted = self.acted, None
        if by not in self.oracle.members:
            return
        for place, held in self.oracle.reach(by).items():
            had = before[None].union(
                *(before.get(above, ()) for above in (self.oracle.above(place) if place else ()))
            )
            # What is new stands in something older; asking is no gain.
            had = before.get(place, had)
            assert not held - had - ASKING, (by, place, held - had)

    def rows_are_those_of_the_oracle(self) -> None:
        """Every row of access, ended ones too; so none is left of who or what is gone."""
        self.access(self.oracle.owners()[0])
        oracle, person = self.oracle, {one.pk: n for n, one in enumerate(self.people)}
        group = {key: number for number, key in self.groups.items()}
        place = {key: where for where, key in self.keys.items()}
        members = {
            person[m.person_id]: (m.role, self.rank(m.expires_at))
            for m in Membership.objects.in_org(self.org)
        }
        assert members == {who: (role, oracle.ends[who]) for who, role in oracle.members.items()}
        seats = GroupMembership.objects.in_org(self.org).select_related("membership")
        assert oracle.seats == {
            (group[s.group_id], person[s.membership.person_id]): self.rank(s.expires_at)
            for s in seats
        }
        assert oracle.carried == {
            (group[r.group_id], r.role.value): self.rank(r.expires_at)
            for r in GroupRole.objects.in_org(self.org)
        }
        held: dict[tuple[Place, Holder], tuple[str, int]] = {}
        for tables in TABLES.values():
            for row in tables[0].objects.in_org(self.org):
                key = (place[row.content_object_id], ("person", person[row.user_id]))
                held[key] = (row.role.value, self.rank(row.expires_at))
            for row in tables[1].objects.in_org(self.org):
                key = (place[row.content_object_id], ("group", group[row.group_id]))
                held[key] = (row.role.value, self.rank(row.expires_at))
        assert held == oracle.grants

    def decisions_are_those_of_the_oracle(self, who: int, rows: dict[Place, Any]) -> None:
        person, oracle = self.people[who], self.oracle
        access = bind_member(self.org.slug, person.pk, identity=Actor("person", person.pk, "x"))
        assert (access is not None) is oracle.acts(who)
        if access is None:
            return
        assert _allowed(access, None) == oracle.allowed(who)
        for scope, model in MODELS.items():
            listed = set(access.visible(model.objects.all()).values_list("pk", flat=True))
            seen = {self.keys[p] for p in oracle.places() if p[0] == scope and oracle.sees(who, p)}
            assert listed == seen, (who, scope)
        for place, row in rows.items():
            decided = _allowed(access, row)
            said = oracle.allowed(who, place)
            assert decided == said, (who, place, decided ^ said)
        assert not any(_allowed(access, foreign) for foreign in self.elsewhere)

    def pages_are_those_of_the_oracle(self, rows: dict[Place, Any]) -> None:
        access = self.access(self.oracle.owners()[0])
        names = {person.name: number for number, person in enumerate(self.people)}
        for place, row in rows.items():
            people = access_page(access=access, place=row).page.rows
            assert {names[one.name] for one in people} == self.oracle.reads_of(place), place
            now = {names[one.name] for one in people if not all(p.waits for p in one.paths)}
            sees = {who for who in self.oracle.members if self.oracle.sees(who, place)}
            assert now == sees, place
        for who, permission, one in self._questions():
            answer = explain(
                org=access.org,
                member=self.member(who),
                permission=PERMISSIONS[permission],
                place=rows[one] if one else None,
            )
            said = self.oracle.may(who, permission, one)
            assert answer.allowed is said, (who, permission, one)
            assert bool(answer.paths) is said

    def _questions(self) -> list[tuple[int, str, Place | None]]:
        """A few of all that could be asked: others after each deed."""
        number, places = self.next_number(), [None, *self.oracle.places()]
        members = sorted(self.oracle.members)
        asked = (
            (members[n % len(members)], list(TABLE)[n * 7 % len(TABLE)], places[n % len(places)])
            for n in range(number * EXPLAINED, number * EXPLAINED + EXPLAINED)
        )
        return list(islice(asked, EXPLAINED))

    def rank(self, end: datetime.datetime | None) -> int:
        if end is None:
            return NEVER
        return LATER if end > timezone.now() else PAST

    def seen_elsewhere(self) -> Any:
        """Everything that somebody here could have touched over there."""
        with bound(self.other.id):
            return (
                [
                    list(model.objects.in_org(self.other).order_by("pk").values())
                    for pair in TABLES.values()
                    for model in pair
                ]
                + [
                    list(model.objects.in_org(self.other).order_by("pk").values())
                    for model in (Membership, Group, GroupMembership, GroupRole, *MODELS.values())
                ]
                + [Event.objects.filter(organization_id=self.other.id).count()]
            )

    def teardown(self) -> None:
        if not hasattr(self, "before_elsewhere"):
            return
        assert self.seen_elsewhere() == self.before_elsewhere
        with bound(self.org.id), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM ledger_verify(%s)", [self.org.id])
            assert cursor.fetchall() == []


def _allowed(access: Access, place: Any) -> set[str]:
    return {name for name, permission in PERMISSIONS.items() if access.can(permission, place)}
