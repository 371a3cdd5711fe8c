"""The hum of working days: people sign in, read the log, try doors that are not theirs.

A sample, drawn by the history's own dice, so that the same story hums the same way.
"""

from __future__ import annotations

import datetime
from functools import partial
from typing import TYPE_CHECKING

from accounts.devices import device_words
from audit.events import Event
from audit.ledger import Actor, Target
from audit.models import Outcome
from config.roles import Permission, Role
from orgs.demo import lines
from orgs.demo.days import Desk, id_at, stranger
from orgs.demo.turns import tell

if TYPE_CHECKING:
    from orgs.demo.history import History

DOORS = (
    (Permission.ORG_ACCESS_SETTINGS, Event.ACCESS_REFUSED),
    (Permission.ORG_MANAGE_SETTINGS, Event.ORGANIZATION_CHANGED),
    (Permission.AUDIT_VIEW, Event.AUDIT_READ),
    (Permission.MEMBERS_INVITE, Event.INVITATION_SENT),
    (Permission.GROUPS_CREATE, Event.GROUP_CREATED),
    (Permission.GROUPS_MANAGE_MEMBERS, Event.GROUP_MEMBER_ADDED),
    (Permission.ORG_VIEW_DASHBOARD, Event.ACCESS_REFUSED),
)
LATELY = datetime.timedelta(days=10)
"""The sample is denser where people look first."""


def a_day(history: History) -> None:
    """Decide in the morning what the day will bring; nobody works much on a Sunday."""
    chance = history.chance
    pace = 1.0 if history.now.weekday() < 5 else 0.08
    if history.calendar.now - history.now < LATELY:
        pace *= 3
    for name, member in list(history.members.items()):
        if not member.is_placeholder and chance.random() < history.story.bustle * pace:
            _sometime(history, 7.4, 18.2, partial(_signs_in, history, name))
    if chance.random() < 0.09 * pace:
        name = chance.choice(list(history.members))
        _sometime(history, 7.5, 18.0, partial(_tries_a_door, history, name))
    if chance.random() < 0.03:
        name = chance.choice(list(history.members))
        _sometime(history, 0.0, 23.9, partial(_stranger_knocks, history, name))


def _sometime(history: History, first: float, last: float, deed: partial[None]) -> None:
    hours = history.chance.uniform(first, last)
    morning = history.now.replace(hour=0, minute=0, second=0, microsecond=0)
    history.plan(morning + datetime.timedelta(hours=hours), deed)


def _signs_in(history: History, name: str) -> None:
    if name not in history.members:
        return
    chance, desk = history.chance, Desk(name)
    place = desk.place(chance)
    if desk.means.startswith("Password") and chance.random() < 0.07:
        _failed_sign_in(history, name, place.ip, place.agent)
        history.pass_time()
    actor = history.actor(name, place)
    session = Target("session", None, device_words(place.agent))
    history.record(Event.SESSION_STARTED, actor, session, reason=desk.means)
    if name in history.story.readers and chance.random() < 0.75:
        history.pass_time()
        _reads_the_log(history, actor, name)


def _reads_the_log(history: History, actor: Actor, name: str) -> None:
    history.record(Event.AUDIT_READ, actor, history.itself())
    entries = len(history.entries)
    if history.chance.random() < 0.25:
        history.pass_time()
        tell(lines.Verified("", name), history)
    if history.may(name, Permission.AUDIT_EXPORT) and history.chance.random() < 0.3:
        history.pass_time()
        changes = {"format": (None, "jsonl"), "entries": (None, entries)}
        history.record(Event.AUDIT_EXPORTED, actor, history.itself(), changes)


def _tries_a_door(history: History, name: str) -> None:
    if name not in history.members or history.members[name].is_placeholder:
        return
    closed = [door for door in DOORS if not history.may(name, door[0])]
    if closed and history.members[name].role != Role.OWNER:
        permission, event = history.chance.choice(closed)
        tell(lines.Refused("", name, permission, event), history)


def _stranger_knocks(history: History, name: str) -> None:
    """Somebody guesses passwords, a few times in a row."""
    place = stranger(history.chance)
    for _ in range(history.chance.randrange(1, 5)):
        if name in history.members and not history.members[name].is_placeholder:
            _failed_sign_in(history, name, place.ip, place.agent)
            history.pass_time()


def _failed_sign_in(history: History, name: str, ip: str, agent: str) -> None:
    """As it is written down: whoever typed the address has not shown to be its owner."""
    email, request = history.members[name].email, id_at(history.now).hex
    history.record(
        Event.SESSION_STARTED,
        Actor("anonymous", None, email, ip, agent, request),
        history.member(name),
        reason="Wrong password",
        outcome=Outcome.FAILED,
    )
