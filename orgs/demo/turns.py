"""What each kind of turn does to a history, and the entry it leaves.

Coming and going by invitation is in `history.py`, the hum of working days in `everyday.py`.
"""

from __future__ import annotations

import datetime
from functools import partial, singledispatch
from typing import TYPE_CHECKING

from audit.events import Event
from audit.ledger import Change, Target
from audit.models import Outcome
from config.roles import Permission, Policy, Role
from orgs.demo import lines
from orgs.demo.days import id_at
from orgs.models import Group, GroupMembership, GroupRole, Membership, OwnershipOffer

if TYPE_CHECKING:
    from orgs.demo.history import History

OFFERED_FOR = datetime.timedelta(days=7)


@singledispatch
def tell(line: lines.Turn, history: History) -> None:
    raise TypeError(f"No story is told by a {type(line).__name__}")


# People


@tell.register(lines.Resent)
def _resent(line: lines.Resent, history: History) -> None:
    actor = history.doer(line.by, Permission.MEMBERS_INVITE)
    invitation = history.invitations[line.email]
    before = invitation.expires_at
    history.renew(invitation)
    dates = (_seconds(before), _seconds(invitation.expires_at))
    target = Target("invitation", invitation.id, invitation.email)
    history.record(Event.INVITATION_RESENT, actor, target, {"expires_at": dates})


@tell.register(lines.RoleChange)
def _role_changed(line: lines.RoleChange, history: History) -> None:
    history.doer(line.by, Permission.MEMBERS_CHANGE_ROLE)
    _set_role(history, by=line.by, name=line.name, role=line.role, reason=line.reason)


@tell.register(lines.Offer)
def _offered(line: lines.Offer, history: History) -> None:
    actor = history.doer(line.by, Permission.ORG_TRANSFER_OWNERSHIP)
    offer = OwnershipOffer(
        id=id_at(history.now),
        organization_id=history.organization.id,
        offered_to_id=history.members[line.name].id,
        offered_by_id=history.members[line.by].id,
        created_at=history.now,
        expires_at=history.now + OFFERED_FOR,
    )
    history.offers.append(offer)
    changes = {"expires_at": (None, offer.expires_at)}
    history.record(Event.OWNERSHIP_OFFERED, actor, history.member(line.name), changes)
    history.plan(history.at(line.accepted), partial(_accepted, line, offer, history))


def _accepted(line: lines.Offer, offer: OwnershipOffer, history: History) -> None:
    offer.state = OwnershipOffer.State.ACCEPTED.value
    reason = f"Ownership offered by {line.by}"
    _set_role(history, by=line.name, name=line.name, role=Role.OWNER, reason=reason)
    history.record(Event.OWNERSHIP_ACCEPTED, history.actor(line.name), history.member(line.by))


def _set_role(history: History, *, by: str, name: str, role: Role, reason: str) -> None:
    member = history.members[name]
    old, member.role, member.reason = Role(member.role), role.value, reason
    changes = {"role": (old.label, role.label)}
    actor, target = history.actor(by), history.member(name)
    history.record(Event.MEMBER_ROLE_CHANGED, actor, target, changes, reason=reason)


@tell.register(lines.Exit)
def _gone(line: lines.Exit, history: History) -> None:
    if line.by:
        event, actor = Event.MEMBER_REMOVED, history.doer(line.by, Permission.MEMBERS_REMOVE)
    else:
        event, actor = Event.MEMBER_LEFT, history.actor(line.name)
    target, gone = history.member(line.name), history.members.pop(line.name)
    for group, name in list(history.seats):
        if name == line.name:
            del history.seats[group, name]
    # As the composite keys do it: a name that is gone is named by no row.
    for member in history.members.values():
        if member.invited_by_id == gone.id:
            member.invited_by_id = None
    for invitation in history.invitations.values():
        if invitation.invited_by_id == gone.id:
            invitation.invited_by_id = None
    for seat in history.seats.values():
        if seat.added_by_id == gone.id:
            seat.added_by_id = None
    for carried in history.carried.values():
        if carried.granted_by_id == gone.id:
            carried.granted_by_id = None
    changes = {"role": (gone.role_label, None)}
    history.record(event, actor, target, changes, reason=line.reason)


@tell.register(lines.Imported)
def _imported(line: lines.Imported, history: History) -> None:
    actor = history.doer(line.by, Permission.MEMBERS_CHANGE_ROLE)
    reason = f"Roster {line.file}"
    for login in line.logins:
        member = history.members[login] = Membership(
            id=id_at(history.now),
            organization_id=history.organization.id,
            name=login,
            login=login,
            origin=Membership.Origin.IMPORTED,
            invited_by_id=actor.id,
            reason=reason,
            joined_at=history.now,
        )
        changes: dict[str, Change] = {
            "role": (None, member.role_label),
            "name": (None, login),
            "email": (None, ""),
            "login": (None, login),
        }
        history.record(Event.MEMBER_ADDED, actor, history.member(login), changes, reason=reason)
    counts = {"counts": (None, f"{len(line.logins)} people added")}
    history.record(Event.ROSTER_IMPORTED, actor, Target("roster", None, line.file), counts)


# Groups


@tell.register(lines.Circle)
def _group_created(line: lines.Circle, history: History) -> None:
    actor = history.doer(line.by, Permission.GROUPS_CREATE)
    group = history.groups[line.name] = Group(
        id=id_at(history.now),
        organization_id=history.organization.id,
        name=line.name,
        description=line.description,
        parent=history.groups[line.inside] if line.inside else None,
        secret=line.secret,
        created_at=history.now,
    )
    changes: dict[str, Change] = {name: (None, value) for name, value in _facts(group).items()}
    history.record(Event.GROUP_CREATED, actor, _target_of(group), changes)


@tell.register(lines.CircleChange)
def _group_changed(line: lines.CircleChange, history: History) -> None:
    actor = history.doer(line.by, Permission.GROUPS_CHANGE)
    group = history.groups.pop(line.group)
    before = _facts(group)
    group.name = line.name or group.name
    group.description = line.description or group.description
    group.parent = history.groups[line.inside] if line.inside else group.parent
    group.secret = group.secret if line.secret is None else line.secret
    history.groups[group.name] = group
    for name, person in [seat for seat in history.seats if seat[0] == line.group]:
        history.seats[group.name, person] = history.seats.pop((name, person))
    changes: dict[str, Change] = {
        name: (before[name], value) for name, value in _facts(group).items()
    }
    history.record(Event.GROUP_CHANGED, actor, _target_of(group), changes)


@tell.register(lines.CircleEnd)
def _group_deleted(line: lines.CircleEnd, history: History) -> None:
    actor = history.doer(line.by, Permission.GROUPS_DELETE)
    group = history.groups.pop(line.group)
    seats = [seat for seat in history.seats if seat[0] == line.group]
    for seat in seats:
        del history.seats[seat]
    for key in [key for key in history.carried if key[0] == group.id]:
        del history.carried[key]
    changes: dict[str, Change] = {"name": (group.name, None), "members": (len(seats), None)}
    history.record(Event.GROUP_DELETED, actor, _target_of(group), changes)


@tell.register(lines.Seated)
def _seated(line: lines.Seated, history: History) -> None:
    for name in line.names:
        actor = history.doer(line.by, Permission.GROUPS_MANAGE_MEMBERS)
        history.seats[line.group, name] = GroupMembership(
            id=id_at(history.now),
            organization_id=history.organization.id,
            group_id=history.groups[line.group].id,
            membership_id=history.members[name].id,
            is_maintainer=line.maintainer,
            added_at=history.now,
            added_by_id=actor.id,
        )
        changes: dict[str, Change] = {
            "group": (None, line.group),
            "maintainer": (None, line.maintainer),
            "expires_at": (None, None),
        }
        history.record(Event.GROUP_MEMBER_ADDED, actor, history.member(name), changes)
        history.pass_time()


@tell.register(lines.Maintains)
def _maintains(line: lines.Maintains, history: History) -> None:
    actor = history.doer(line.by, Permission.GROUPS_MANAGE_MEMBERS)
    history.seats[line.group, line.name].is_maintainer = True
    changes: dict[str, Change] = {
        "group": (line.group, line.group),
        "maintainer": (False, True),
        "expires_at": (None, None),
    }
    history.record(Event.GROUP_MEMBER_CHANGED, actor, history.member(line.name), changes)


@tell.register(lines.Unseated)
def _unseated(line: lines.Unseated, history: History) -> None:
    actor = history.doer(line.by, Permission.GROUPS_MANAGE_MEMBERS)
    del history.seats[line.group, line.name]
    changes: dict[str, Change] = {"group": (line.group, None)}
    history.record(Event.GROUP_MEMBER_REMOVED, actor, history.member(line.name), changes)


@tell.register(lines.Carries)
def _carries(line: lines.Carries, history: History) -> None:
    group = history.groups[line.group]
    for role in line.roles:
        actor = history.doer(line.by, Permission.GROUPS_ASSIGN_ROLES)
        # Its role is a key of the database, so it is set when the row is written.
        history.carried[group.id, role] = GroupRole(
            id=id_at(history.now),
            organization_id=history.organization.id,
            content_object_id=history.organization.id,
            group_id=group.id,
            granted_by_id=actor.id,
            granted_at=history.now,
        )
        history.record(
            Event.GROUP_ROLE_GIVEN, actor, _target_of(group), {"role": (None, role.label)}
        )
        history.pass_time()


# The organization itself, and what could not be


@tell.register(lines.PolicyChange)
def _policies_changed(line: lines.PolicyChange, history: History) -> None:
    actor = history.doer(line.by, Permission.ORG_MANAGE_SETTINGS)
    old = history.policies
    new = (old | set(line.on)) - set(line.off)
    history.organization.policies = sorted(new)
    changes = {"policies": (_labels(old), _labels(new))}
    history.record(Event.ORGANIZATION_POLICIES_CHANGED, actor, history.itself(), changes)


@tell.register(lines.Renamed)
def _renamed(line: lines.Renamed, history: History) -> None:
    actor = history.doer(line.by, Permission.ORG_MANAGE_SETTINGS)
    changes: dict[str, Change] = {"name": (history.organization.name, line.name)}
    history.organization.name = line.name
    history.record(Event.ORGANIZATION_CHANGED, actor, history.itself(), changes)


@tell.register(lines.Verified)
def _verified(line: lines.Verified, history: History) -> None:
    actor = history.doer(line.by, Permission.AUDIT_VIEW)
    changes = {"entries": (None, len(history.entries))}
    history.record(Event.AUDIT_VERIFIED, actor, history.itself(), changes)


@tell.register(lines.Refused)
def _refused(line: lines.Refused, history: History) -> None:
    """As the tenancy wall writes it. Raises ValueError if nobody would have been refused."""
    if history.may(line.name, line.permission):
        raise ValueError(f"{line.name} may {line.permission.label} at {history.now}")
    target = Target("permission", None, line.permission.label)
    history.record(
        line.event,
        history.actor(line.name),
        target,
        reason=line.permission.value,
        outcome=Outcome.DENIED,
    )


@tell.register(lines.Failed)
def _failed(line: lines.Failed, history: History) -> None:
    page = Target("page", None, f"/o/{history.organization.slug}/{line.page}")
    actor = history.actor(line.name)
    history.record(line.event, actor, page, reason=line.code, outcome=Outcome.FAILED)


def _facts(group: Group) -> dict[str, object]:
    return {
        "name": group.name,
        "description": group.description,
        "parent": group.parent.name if group.parent else None,
        "secret": group.secret,
    }


def _target_of(group: Group) -> Target:
    return Target("group", group.id, group.name)


def _labels(policies: frozenset[Policy]) -> list[str]:
    return [policy.label for policy in Policy if policy in policies]


def _seconds(moment: datetime.datetime) -> str:
    return moment.isoformat(timespec="seconds")
