"""Plays a story: every line becomes entries of the ledger and changes what stands at the end.

Nothing is written here; `loading.py` does that. Each entry looks as the deed of that name in
orgs/actions would have left it, and a line that the rule book forbids is refused.
"""

from __future__ import annotations

import datetime
import heapq
import itertools
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from uuid import UUID

from django.conf import settings

from accounts.models import User
from audit.events import Event
from audit.ledger import Actor, Change, Target
from audit.models import Outcome
from config.roles import PRESET_POLICIES, Permission, Policy, Role, permissions_of
from config.text import clean_email
from orgs.demo import lines
from orgs.demo.days import Calendar, Desk, Place, id_at
from orgs.demo.effects import Standing, rows_of
from orgs.demo.everyday import a_day
from orgs.demo.turns import tell
from orgs.models import (
    Group,
    GroupMembership,
    GroupRole,
    Invitation,
    Membership,
    Organization,
    OwnershipOffer,
)

Deed = Callable[[], None]
State = Invitation.State
LASTS = datetime.timedelta(days=settings.INVITATION_DAYS)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger to come."""

    at: datetime.datetime
    event: Event
    actor: Actor
    target: Target
    changes: Mapping[str, Change]
    reason: str = ""
    outcome: Outcome = Outcome.DONE
    effects: tuple[str, ...] = ()


class History:
    """One organization's year, played from its founding to `calendar.now`.

    `people` are the accounts of the whole demo by address, to which new ones are added.
    """

    def __init__(self, story: lines.Story, *, calendar: Calendar, people: dict[str, User]) -> None:
        self.story, self.calendar, self.people = story, calendar, people
        self.chance = Random(story.name)  # noqa: S311  # a story, not a secret
        self.now = self.at(story.founded)
        self.organization = Organization(
            id=id_at(self.now),
            name=story.name,
            slug=story.slug,
            policies=sorted(PRESET_POLICIES[story.preset]),
            plan=story.plan,
            seats=story.seats,
            created_at=self.now,
        )
        self.members: dict[str, Membership] = {}
        self.groups: dict[str, Group] = {}
        self.seats: dict[tuple[str, str], GroupMembership] = {}
        self.carried: dict[tuple[UUID, Role], GroupRole] = {}
        self.invitations: dict[str, Invitation] = {}
        self.offers: list[OwnershipOffer] = []
        self.entries: list[Entry] = []
        self.standing = Standing()
        self.standing.rooms.append(partial(rows_of, self))
        self._agenda: list[tuple[datetime.datetime, int, Deed]] = []
        self._numbers = itertools.count()

    def play(self) -> None:
        for at, deed in self._moments():
            self.plan(at, deed)
        while self._agenda:
            self.now, _, deed = heapq.heappop(self._agenda)
            deed()

    def plan(self, at: datetime.datetime, deed: Deed) -> None:
        """Have it happen then; what lies ahead of the present does not happen."""
        if at <= self.calendar.now:
            heapq.heappush(self._agenda, (at, next(self._numbers), deed))

    def at(self, when: str) -> datetime.datetime:
        """A line of a story tells the minute; the clock of a server tells the second, too."""
        return self.calendar.at(when) + datetime.timedelta(seconds=self.chance.uniform(0, 59))

    def _moments(self) -> Iterator[tuple[datetime.datetime, Deed]]:
        at, story, founded = self.at, self.story, self.now
        yield founded, self._found
        for one in story.arrivals:
            email = one.email or self.address_of(one.name)
            invite = partial(self._invite, email, one.role, one.by, one.reason)
            yield at(one.sent), invite
            yield at(one.joined), partial(self._join, email, one.name)
        for asked in story.invited:
            yield (
                at(asked.sent),
                partial(self._invite, asked.email, asked.role, asked.by, asked.reason),
            )
            if asked.state == State.EXPIRED:
                yield at(asked.sent) + LASTS, partial(self._expire, asked.email)
            elif asked.state != State.PENDING:
                close = self._decline if asked.state == State.DECLINED else self._revoke
                yield at(asked.closed), partial(close, asked)
        for turn in story.turns:
            yield at(turn.when), partial(tell, turn, self)
        for morning in self.calendar.mornings():
            if morning > founded:
                yield morning, partial(a_day, self)

    def pass_time(self) -> None:
        """A moment until the next entry of the same deed, never past what happens then."""
        ahead = self._agenda[0][0] if self._agenda else self.calendar.now
        self.now = min(self.now + datetime.timedelta(seconds=self.chance.uniform(4, 40)), ahead)

    # What an entry is made of

    def record(
        self,
        event: Event,
        actor: Actor,
        target: Target,
        changes: Mapping[str, Change] | None = None,
        *,
        reason: str = "",
        outcome: Outcome = Outcome.DONE,
    ) -> None:
        effects = self.standing.changes(event)
        entry = Entry(self.now, event, actor, target, changes or {}, reason, outcome, effects)
        self.entries.append(entry)

    def actor(self, name: str, place: Place | None = None) -> Actor:
        member = self.members[name]
        member.last_active_at = self.now
        place = place or Desk(name).place(self.chance)
        return Actor("member", member.id, name, place.ip, place.agent, id_at(self.now).hex)

    def doer(self, name: str, permission: Permission) -> Actor:
        """Somebody who does what takes this permission. Raises ValueError if they may not."""
        if not self.may(name, permission):
            raise ValueError(f"{name} may not {permission.label} at {self.now}")
        return self.actor(name)

    def may(self, name: str, permission: Permission) -> bool:
        return permission in permissions_of(self.roles_of(name), self.policies)

    def roles_of(self, name: str) -> frozenset[Role]:
        """The role in the organization, and those of the groups somebody is in."""
        groups = {group.id for group in self.groups_of(name)}
        carried = (role for group, role in self.carried if group in groups)
        return frozenset({Role(self.members[name].role), *carried})

    def groups_of(self, name: str) -> list[Group]:
        return [self.groups[group] for group, person in self.seats if person == name]

    @property
    def policies(self) -> frozenset[Policy]:
        return frozenset(Policy(policy) for policy in self.organization.policies)

    def member(self, name: str) -> Target:
        return Target("member", self.members[name].id, name)

    def itself(self) -> Target:
        return Target("organization", self.organization.id, self.organization.name)

    def address_of(self, name: str) -> str:
        folded = name.translate(str.maketrans("áé", "ae")).lower()
        return clean_email(f"{folded.replace(' ', '.')}@{self.story.domain}")

    # Founding, inviting, joining

    def _found(self) -> None:
        founder = self._seat_person(self.story.founder, self.address_of(self.story.founder))
        founder.role, founder.origin = Role.OWNER, Membership.Origin.FOUNDED
        self.record(
            Event.ORGANIZATION_CREATED,
            self.actor(founder.name),
            self.itself(),
            {
                "name": (None, self.organization.name),
                "slug": (None, self.organization.slug),
                "state": (None, Organization.State.OPEN.value),
            },
        )

    def _invite(self, email: str, role: Role, by: str, reason: str) -> None:
        actor = self.doer(by, Permission.MEMBERS_INVITE)
        invitation = self.invitations[email] = Invitation(
            id=id_at(self.now),
            organization_id=self.organization.id,
            email=email,
            role=role.value,
            reason=reason,
            token_hash=secrets.token_bytes(32),
            invited_by_id=actor.id,
            created_at=self.now,
            sent_at=self.now,
            expires_at=self.now + LASTS,
        )
        changes = {"role": (None, role.label), "expires_at": (None, seconds(invitation.expires_at))}
        self.record(Event.INVITATION_SENT, actor, target_of(invitation), changes, reason=reason)

    def _join(self, email: str, name: str) -> None:
        invitation = self.invitations[email]
        invitation.state, invitation.answered_at = State.ACCEPTED.value, self.now
        member = self._seat_person(name, email)
        member.role, member.reason = invitation.role, invitation.reason
        member.invited_by_id = invitation.invited_by_id
        role = (None, member.role_label)
        actor = self.actor(name)
        self.record(Event.INVITATION_ACCEPTED, actor, target_of(invitation), {"role": role})
        changes = {"role": role, "name": (None, name), "email": (None, email)}
        self.record(
            Event.MEMBER_JOINED, actor, self.member(name), changes, reason=invitation.reason
        )

    def _seat_person(self, name: str, email: str) -> Membership:
        person = self.people.setdefault(
            email, User(id=id_at(self.now), email=email, date_joined=self.now)
        )
        person.name = name
        member = self.members[name] = Membership(
            id=id_at(self.now),
            organization_id=self.organization.id,
            person_id=person.id,
            name=name,
            email=email,
            joined_at=self.now,
        )
        return member

    def _decline(self, asked: lines.Invited) -> None:
        invitation = self.invitations[asked.email]
        invitation.state, invitation.answered_at = State.DECLINED.value, self.now
        label = asked.email.partition("@")[0].replace(".", " ").title()
        place = Desk(label).place(self.chance)
        person = self.people.setdefault(
            asked.email,
            User(id=id_at(self.now), email=asked.email, name=label, date_joined=self.now),
        )
        request = id_at(self.now).hex
        actor = Actor("person", person.id, label, place.ip, place.agent, request)
        self.record(Event.INVITATION_DECLINED, actor, target_of(invitation))

    def _revoke(self, asked: lines.Invited) -> None:
        invitation = self.invitations[asked.email]
        invitation.state, invitation.answered_at = State.REVOKED.value, self.now
        actor = self.doer(asked.closed_by, Permission.MEMBERS_INVITE)
        self.record(Event.INVITATION_REVOKED, actor, target_of(invitation))

    def renew(self, invitation: Invitation) -> None:
        """A new link, with its full time again."""
        invitation.sent_at, invitation.expires_at = self.now, self.now + LASTS

    def _expire(self, email: str) -> None:
        # Time does this; nobody does, so the ledger has nothing to say.
        self.invitations[email].state = State.EXPIRED.value


def target_of(invitation: Invitation) -> Target:
    return Target("invitation", invitation.id, invitation.email)


def seconds(moment: datetime.datetime) -> str:
    return moment.isoformat(timespec="seconds")
