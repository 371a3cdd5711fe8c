"""What people try with members and groups, for the machine of access."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from config.roles import Role
from orgs.actions import members
from orgs.actions.expiry import member_extend
from orgs.actions.group_roles import group_role_toggle, group_role_undo
from orgs.actions.groups import (
    group_create,
    group_delete,
    group_member_add,
    group_member_change,
    group_member_remove,
)
from orgs.models import GroupMembership, GroupRole, Membership
from orgs.tenancy import bound
from orgs.views import group_members as seat_doors
from orgs.views import group_roles as role_doors
from orgs.views import groups as group_doors
from orgs.views import members as member_doors
from projects.views.expiry import member_extend as extend_door
from tests.projects.access_ceiling import may_give, may_seat
from tests.projects.access_life import AccessLife
from tests.projects.access_oracle import GROUP_ROLES, LATER, NEVER, ORGANIZATION_ROLES, PAST

MOST_GROUPS = 3
ends = st.sampled_from([LATER, NEVER])


class PeopleDeeds(AccessLife):
    """Groups, their roles and their seats; members and what ends."""

    undo: tuple[int, str, int, str, int | None] | None = None

    @rule(data=st.data())
    def group_create(self, data: st.DataObject) -> None:
        if len(self.oracle.groups) < MOST_GROUPS:
            self.make_group(self.someone(data, "groups.create"))

    def make_group(self, by: int) -> None:
        """Each inside the one before, which gives nobody anything."""
        number, inside = self.next_number(), max(self.oracle.groups, default=None)
        made = self.tries(
            by,
            self.oracle.may(by, "groups.create"),
            lambda access: group_create(
                name=f"G{number}",
                description="",
                parent=self.group(inside) if inside else None,
                secret=False,
                actor=access,
            ),
            view=group_doors.group_create,
        )
        if made:
            self.groups[number] = made.pk
            self.oracle.groups.add(number)

    @rule(data=st.data())
    def group_delete(self, data: st.DataObject) -> None:
        if not self.oracle.groups or data.draw(st.integers(0, 2), "often"):
            return
        by, group = self.someone(data, "groups.delete"), self.some_group(data)
        carried = [
            role for (of, role), end in self.oracle.carried.items() if of == group and end != PAST
        ]
        done = self.tries(
            by,
            self.oracle.may(by, "groups.delete")
            and all(may_give(self.oracle, by, role) for role in carried),
            lambda access: group_delete(group=self.group(group), actor=access),
            view=group_doors.group_delete,
        )
        if done:
            self.oracle.without_group(group)
            self.forget_undo(lambda undo: undo[0] == group)

    def some_group(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.oracle.groups)), "group")

    def forget_undo(self, of: Any) -> None:
        if self.undo is not None and of(self.undo):
            self.undo = None

    @rule(data=st.data(), role=st.sampled_from(GROUP_ROLES), on=st.booleans())
    def group_role_toggle(self, data: st.DataObject, role: str, on: bool) -> None:
        if self.oracle.groups:
            self.carry(self.someone(data, "groups.assign_roles"), self.some_group(data), role, on)

    def carry(self, by: int, group: int, role: str, on: bool) -> None:
        made = self.tries(
            by,
            self.oracle.may(by, "groups.assign_roles"),
            lambda access: group_role_toggle(
                group=self.group(group), role=Role(role), on=on, actor=access
            ),
            view=role_doors.group_role_toggle,
        )
        if not made or not made.changed:
            return
        self.undo = (group, role, by, made.undo, self.oracle.carried.pop((group, role), None))
        if on:
            self.oracle.carried[group, role] = NEVER

    @rule(data=st.data())
    def group_role_undo(self, data: st.DataObject) -> None:
        if self.undo is None:
            return
        group, role, by_then, token, before = self.undo
        by = data.draw(st.sampled_from([by_then, self.someone(data)]), "undoes")
        if not self.oracle.acts(by):
            return
        done = self.tries(
            by,
            by == by_then and self.oracle.may(by, "groups.assign_roles"),
            lambda access: group_role_undo(
                group=self.group(group), role=Role(role), token=token, actor=access
            ),
            view=role_doors.group_role_undo,
        )
        if done:
            self.undo = None
            self.oracle.carried.pop((group, role), None)
            if before is not None:
                self.oracle.carried[group, role] = before

    @rule(data=st.data(), end=ends)
    def group_member_add(self, data: st.DataObject, end: int) -> None:
        if self.oracle.groups:
            by = self.someone(data, "groups.manage_members")
            who = data.draw(st.sampled_from([by, self.anyone(data)]), "sits")
            self.seat_somebody(by, self.some_group(data), who, end)

    def seat_somebody(self, by: int, group: int, who: int, end: int) -> None:
        done = self.tries(
            by,
            may_seat(self.oracle, by, group, who, end) and (group, who) not in self.oracle.seats,
            lambda access: group_member_add(
                group=self.group(group),
                membership=self.member(who),
                maintainer=False,
                until=self.dates[end],
                actor=access,
            ),
            view=seat_doors.group_member_add,
        )
        if done:
            self.oracle.seats[group, who] = end

    @rule(data=st.data(), end=st.sampled_from([PAST, LATER, NEVER]))
    def group_member_change(self, data: st.DataObject, end: int) -> None:
        if not self.oracle.seats:
            return
        by = self.someone(data, "groups.manage_members")
        group, who = data.draw(st.sampled_from(sorted(self.oracle.seats)), "seat")
        old = self.oracle.seats[group, who]
        allowed = (
            self.oracle.may(by, "groups.manage_members")
            and (end == old or end != PAST)
            and (end <= old or may_seat(self.oracle, by, group, who, end))
        )
        done = self.tries(
            by,
            allowed,
            lambda access: group_member_change(
                seat=self.seat(group, who), maintainer=False, until=self.dates[end], actor=access
            ),
            view=seat_doors.group_member_change,
        )
        if done:
            self.oracle.seats[group, who] = end

    @rule(data=st.data())
    def group_member_remove(self, data: st.DataObject) -> None:
        if not self.oracle.seats:
            return
        by = self.someone(data, "groups.manage_members")
        group, who = data.draw(st.sampled_from(sorted(self.oracle.seats)), "seat")
        done = self.tries(
            by,
            self.oracle.may(by, "groups.manage_members"),
            lambda access: group_member_remove(seat=self.seat(group, who), actor=access),
            view=seat_doors.group_member_remove,
        )
        if done:
            del self.oracle.seats[group, who]

    @rule(data=st.data(), role=st.sampled_from(ORGANIZATION_ROLES))
    def member_change_role(self, data: st.DataObject, role: str) -> None:
        by, who = self.someone(data, "members.change_role"), self.anyone(data)
        old, oracle = self.oracle.members[who], self.oracle
        changes = (
            (who != by or old == "owner")
            and not (old == "owner" and oracle.owners() == [who])
            and not (role == "owner" and oracle.ends[who] != NEVER)
        )
        done = self.tries(
            by,
            oracle.may(by, "members.change_role") and (role == old or changes),
            lambda access: members.member_change_role(
                membership=self.member(who), role=Role(role), reason="why", actor=access
            ),
            view=member_doors.member_change_role,
        )
        if done:
            oracle.members[who] = role

    @rule(data=st.data())
    def member_remove(self, data: st.DataObject) -> None:
        by, who = self.someone(data, "members.remove"), self.anyone(data)
        if data.draw(st.integers(0, 1), "often"):
            return
        done = self.tries(
            by,
            self.oracle.may(by, "members.remove")
            and who != by
            and may_give(self.oracle, by, self.oracle.members[who])
            and self.oracle.owners() != [who],
            lambda access: members.member_remove(
                membership=self.member(who), reason="why", actor=access
            ),
            view=member_doors.member_remove,
        )
        if done:
            self.gone(who)

    @rule(data=st.data())
    def member_leave(self, data: st.DataObject) -> None:
        by = self.someone(data)
        if data.draw(st.integers(0, 2), "often"):
            return
        done = self.tries(
            by,
            self.oracle.owners() != [by],
            lambda access: members.member_leave(actor=access),
            view=member_doors.member_leave,
        )
        if done:
            self.gone(by)

    def gone(self, who: int) -> None:
        self.oracle.without_member(who)
        self.forget_undo(lambda undo: undo[2] == who)

    @rule(data=st.data(), end=st.sampled_from([PAST, LATER, NEVER]))
    def member_extend(self, data: st.DataObject, end: int) -> None:
        by, who = self.someone(data, "members.change_role"), self.anyone(data)
        oracle = self.oracle
        moves = who != by and oracle.members[who] != "owner" and end != PAST
        done = self.tries(
            by,
            oracle.may(by, "members.change_role")
            and (end == oracle.ends[who] or (moves and may_give(oracle, by, oracle.members[who]))),
            lambda access: member_extend(
                membership=self.member(who), until=self.dates[end], reason="why", actor=access
            ),
            view=extend_door,
        )
        if done:
            oracle.ends[who] = end

    @rule(data=st.data())
    def something_ends(self, data: st.DataObject) -> None:
        """Time passes for one thing: no deed, and no job."""
        oracle = self.oracle
        lasting: list[tuple[str, Any]] = [
            *(("seat", key) for key, end in sorted(oracle.seats.items()) if end != PAST),
            *(("carried", key) for key, end in sorted(oracle.carried.items()) if end != PAST),
            *(("grant", key) for key, (_, end) in sorted(oracle.grants.items()) if end != PAST),
        ]
        staying = [who for who, role in sorted(oracle.members.items()) if role != "owner"]
        if staying and not data.draw(st.integers(0, 3), "somebody"):
            lasting += [("member", who) for who in staying if oracle.ends[who] != PAST]
        if not lasting:
            return
        kind, key = data.draw(st.sampled_from(lasting), "ends")
        with bound(self.org.id):
            self._end(kind, key)
        self.stale = True

    def _end(self, kind: str, key: Any) -> None:
        oracle = self.oracle
        if kind == "seat":
            rows, oracle.seats[key] = GroupMembership.objects.filter(pk=self.seat(*key).pk), PAST
        elif kind == "carried":
            found = GroupRole.objects.filter(group=self.groups[key[0]])
            pk = next(row.pk for row in found if row.role == key[1])
            rows, oracle.carried[key] = GroupRole.objects.filter(pk=pk), PAST
        elif kind == "grant":
            row = self.grant(*key)
            rows = type(row).objects.filter(pk=row.pk)
            oracle.grants[key] = (oracle.grants[key][0], PAST)
        else:
            rows, oracle.ends[key] = Membership.objects.filter(pk=self.member(key).pk), PAST
        assert rows.update(expires_at=self.dates[PAST]) == 1
