"""The rows of one roster import, written in bulk, and the ledger entry of each change.

Whether the plan may be applied has been asked in `roster`; nothing here decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar
from uuid import UUID

from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Change as Pair
from audit.ledger import Entry, Target
from config.roles import Role
from config.text import NAME_LENGTH
from orgs.access import Access
from orgs.actions.quotas import require_room
from orgs.leaving import leave
from orgs.models import Group, GroupMembership, Invitation, Membership, Quota
from orgs.models.tenant import TenantQuerySet
from orgs.roster import above
from orgs.roster.plan import Change, Kind, Plan

BATCH = 500

Progress = Callable[[int, int], None]
"""Told how many entries of how many are written."""


class Rows:
    """One import on its way into the tables. `entries` fill as it goes and are written last."""

    def __init__(self, organization: UUID, *, actor: Access, reason: str) -> None:
        self.organization = organization
        self.actor = actor
        self.reason = reason
        self.entries: list[Entry] = []
        members = Membership.objects.in_org(organization).values_list("id", "name")
        self.names: dict[UUID, str] = dict(members)
        self.added: dict[str, UUID] = {}
        self.groups = {group.id: group for group in Group.objects.in_org(organization)}
        self.named = {group.name: group for group in self.groups.values()}
        for group in self.groups.values():
            group.parent = self.groups[group.parent_id] if group.parent_id else None
        seats = GroupMembership.objects.in_org(organization)
        self.seats = {(seat.group_id, seat.membership_id): seat.id for seat in seats}

    def write(self, plan: Plan) -> None:
        """Every change of the plan, kind by kind: that is the plan's own order."""
        for kind in Kind:
            if changes := plan.of(kind):
                writer = self._WRITERS.get(kind) or above.projects.writes[kind]
                writer(self, changes)

    def record(self, progress: Progress) -> None:
        for done in range(0, len(self.entries), BATCH):
            batch = self.entries[done : done + BATCH]
            ledger.record_many(
                batch,
                organization=self.organization,
                actor=self.actor.identity,
                reason=self.reason,
            )
            progress(done + len(batch), len(self.entries))

    # People

    def remove_people(self, changes: Sequence[Change]) -> None:
        gone = [self._person(change) for change in changes]
        self._revoke_invitations(gone)
        leave(organization=self.organization, members=gone, actor=self.actor.identity)
        Membership.objects.in_org(self.organization).filter(pk__in=gone).delete()
        left = self.names.keys() - set(gone)
        self.seats = {seat: pk for seat, pk in self.seats.items() if seat[1] in left}
        for change, pk in zip(changes, gone, strict=True):
            self.note(Event.MEMBER_REMOVED, self._member(pk), role=(_role(change.before), None))

    def change_roles(self, changes: Sequence[Change]) -> None:
        by_role: dict[str, list[UUID]] = defaultdict(list)
        for change in changes:
            pk = self._person(change)
            by_role[str(change.after["role"])].append(pk)
            pair = (_role(change.before), _role(change.after))
            self.note(Event.MEMBER_ROLE_CHANGED, self._member(pk), role=pair)
        for role, members in by_role.items():
            rows = Membership.objects.in_org(self.organization).filter(pk__in=members)
            rows.update(role=role, reason=self.reason)

    def add_people(self, changes: Sequence[Change]) -> None:
        members = [self._placeholder(change) for change in changes]
        Membership.objects.bulk_create(members, batch_size=BATCH)
        for change, member in zip(changes, members, strict=True):
            self.added[change.person] = member.id
            self.names[member.id] = member.name
            self.note(
                Event.MEMBER_ADDED,
                self._member(member.id),
                role=(None, member.role_label),
                name=(None, member.name),
                email=(None, member.email),
                login=(None, member.login),
            )
        self._await_invited({member.email: member for member in members if member.email})

    def _placeholder(self, change: Change) -> Membership:
        login, email = str(change.after["login"] or ""), str(change.after["email"] or "")
        return Membership(
            organization_id=self.organization,
            role=str(change.after["role"]),
            name=(login or email)[:NAME_LENGTH],
            email=email,
            login=login,
            origin=Membership.Origin.IMPORTED,
            invited_by_id=self.actor.membership_id,
            reason=self.reason,
        )

    def _await_invited(self, members: Mapping[str, Membership]) -> None:
        """Who is invited already takes the place that waits for their address."""
        pending = list(self._pending().filter(email__in=members, membership__isnull=True))
        for invitation in pending:
            invitation.membership = members[invitation.email]
        Invitation.objects.bulk_update(pending, ["membership"], batch_size=BATCH)

    def _revoke_invitations(self, gone: Sequence[UUID]) -> None:
        """An invitation into a place that goes would bring the person back."""
        pending = list(self._pending().filter(membership__in=gone))
        for invitation in pending:
            target = Target("invitation", invitation.id, invitation.email)
            self.note(Event.INVITATION_REVOKED, target)
        self._pending().filter(pk__in=[invitation.pk for invitation in pending]).update(
            state=Invitation.State.REVOKED, answered_at=timezone.now()
        )

    def _pending(self) -> TenantQuerySet[Invitation]:
        return Invitation.objects.in_org(self.organization).filter(state=Invitation.State.PENDING)

    # Groups

    def rename_groups(self, changes: Sequence[Change]) -> None:
        for change in changes:
            group = self.group(change)
            del self.named[group.name]
            before = _facts(group)
            group.name = str(change.after["name"])
            self.named[group.name] = group
            group.save(update_fields=["name"])
            self._note_group(Event.GROUP_CHANGED, group, before)

    def add_groups(self, changes: Sequence[Change]) -> None:
        groups = []
        for change in changes:
            group = Group(
                organization_id=self.organization,
                name=change.group,
                description=str(change.after["description"]),
                secret=bool(change.after["secret"]),
                parent=self._parent(change),
            )
            self.groups[group.id] = self.named[group.name] = group
            groups.append(group)
            self._note_group(Event.GROUP_CREATED, group, {})
        require_room(Quota.Kind.GROUPS, len(groups))
        Group.objects.bulk_create(groups, batch_size=BATCH)

    def change_groups(self, changes: Sequence[Change]) -> None:
        for change in changes:
            group = self.group(change)
            before = _facts(group)
            group.description = str(change.after.get("description", group.description))
            group.secret = bool(change.after.get("secret", group.secret))
            if "parent" in change.after:
                group.parent = self._parent(change)
            group.save(update_fields=["description", "secret", "parent"])
            self._note_group(Event.GROUP_CHANGED, group, before)

    def remove_groups(self, changes: Sequence[Change]) -> None:
        people: dict[UUID, int] = defaultdict(int)
        for group_id, _ in self.seats:
            people[group_id] += 1
        gone = [self.group(change) for change in changes]
        for group in gone:
            target = Target("group", group.id, group.name)
            facts = {"name": (group.name, None), "members": (people[group.id], None)}
            self.note(Event.GROUP_DELETED, target, **facts)
        Group.objects.in_org(self.organization).filter(pk__in=[g.pk for g in gone]).delete()

    # Seats

    def remove_seats(self, changes: Sequence[Change]) -> None:
        GroupMembership.objects.in_org(self.organization).filter(
            pk__in=[self._seat(change) for change in changes]
        ).delete()
        for change in changes:
            member = self._member(self._person(change))
            self.note(Event.GROUP_MEMBER_REMOVED, member, group=(change.group, None))

    def change_seats(self, changes: Sequence[Change]) -> None:
        for maintainer in (True, False):
            chosen = [change for change in changes if change.after["maintainer"] is maintainer]
            seats = [self._seat(change) for change in chosen]
            rows = GroupMembership.objects.in_org(self.organization).filter(pk__in=seats)
            rows.update(is_maintainer=maintainer)
        for change in changes:
            self.note(
                Event.GROUP_MEMBER_CHANGED,
                self._member(self._person(change)),
                group=(change.group, change.group),
                maintainer=(change.before["maintainer"], change.after["maintainer"]),
                expires_at=(None, None),
            )

    def add_seats(self, changes: Sequence[Change]) -> None:
        seats = []
        for change in changes:
            person, maintainer = self._person(change), bool(change.after["maintainer"])
            seats.append(
                GroupMembership(
                    organization_id=self.organization,
                    group_id=self.group(change).id,
                    membership_id=person,
                    is_maintainer=maintainer,
                    added_by_id=self.actor.membership_id,
                )
            )
            self.note(
                Event.GROUP_MEMBER_ADDED,
                self._member(person),
                group=(None, change.group),
                maintainer=(None, maintainer),
                expires_at=(None, None),
            )
        # A place that has ended stands in the way of its own return.
        pairs = ((seat.group_id, seat.membership_id) for seat in seats)
        ended = [self.seats[pair] for pair in pairs if pair in self.seats]
        GroupMembership.objects.in_org(self.organization).filter(pk__in=ended).delete()
        GroupMembership.objects.bulk_create(seats, batch_size=BATCH)

    # Finding

    def _person(self, change: Change) -> UUID:
        return UUID(change.person_id) if change.person_id else self.added[change.person]

    def _member(self, pk: UUID) -> Target:
        return Target("member", pk, self.names[pk])

    def group(self, change: Change) -> Group:
        return self.groups[UUID(change.group_id)] if change.group_id else self.named[change.group]

    def _parent(self, change: Change) -> Group | None:
        name = change.after["parent"]
        return None if name is None else self.named[str(name)]

    def _seat(self, change: Change) -> UUID:
        return self.seats[self.group(change).id, self._person(change)]

    def note(self, event: Event, target: Target, **changes: Pair) -> None:
        self.entries.append(Entry(event, target, changes))

    def _note_group(self, event: Event, group: Group, before: Mapping[str, object]) -> None:
        changes = {name: (before.get(name), value) for name, value in _facts(group).items()}
        self.note(event, Target("group", group.id, group.name), **changes)

    _WRITERS: ClassVar[Mapping[Kind, Callable[[Rows, Sequence[Change]], None]]] = {
        Kind.PERSON_REMOVE: remove_people,
        Kind.PERSON_CHANGE_ROLE: change_roles,
        Kind.PERSON_ADD: add_people,
        Kind.GROUP_RENAME: rename_groups,
        Kind.GROUP_ADD: add_groups,
        Kind.GROUP_CHANGE: change_groups,
        Kind.GROUP_REMOVE: remove_groups,
        Kind.SEAT_REMOVE: remove_seats,
        Kind.SEAT_CHANGE: change_seats,
        Kind.SEAT_ADD: add_seats,
    }


def _role(fields: Mapping[str, object]) -> str:
    return Role(str(fields["role"])).label


def _facts(group: Group) -> dict[str, object]:
    return {
        "name": group.name,
        "description": group.description,
        "parent": group.parent.name if group.parent else None,
        "secret": group.secret,
    }
