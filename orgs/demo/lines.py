"""The kinds of line that a story is written in. What they tell is in `story.py`, what they do in
`history.py`.

A moment is either "18 Thu 10:12", counted in weeks from the Monday on which Acme was founded
(week 54 is the present one), or "2d 3h ago". People and groups go by their names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from audit.events import Event
from config.roles import Permission, Policy, Preset, Role


class Arrival(NamedTuple):
    """Somebody was invited, and joined."""

    name: str
    role: Role
    by: str
    sent: str
    joined: str
    reason: str = ""
    email: str = ""


class Invited(NamedTuple):
    """An invitation that nobody took up, and what became of it: an `Invitation.State`."""

    email: str
    role: Role
    by: str
    sent: str
    state: str
    closed: str = ""
    closed_by: str = ""
    reason: str = ""


class Resent(NamedTuple):
    when: str
    by: str
    email: str


class RoleChange(NamedTuple):
    when: str
    by: str
    name: str
    role: Role
    reason: str


class Exit(NamedTuple):
    """Somebody was removed or, with nobody to name as `by`, left."""

    when: str
    name: str
    by: str = ""
    reason: str = ""


class Offer(NamedTuple):
    """Ownership that was offered and accepted."""

    when: str
    by: str
    name: str
    accepted: str


class Circle(NamedTuple):
    """A group, and when it was made."""

    name: str
    description: str
    when: str
    by: str
    inside: str = ""
    secret: bool = False


class CircleChange(NamedTuple):
    """A group got other facts; what is None stays."""

    when: str
    by: str
    group: str
    name: str | None = None
    description: str | None = None
    inside: str | None = None
    secret: bool | None = None


class CircleEnd(NamedTuple):
    when: str
    by: str
    group: str


class Seated(NamedTuple):
    """People were put into a group, one after another."""

    when: str
    by: str
    group: str
    names: tuple[str, ...]
    maintainer: bool = False


class Unseated(NamedTuple):
    when: str
    by: str
    group: str
    name: str


class Maintains(NamedTuple):
    when: str
    by: str
    group: str
    name: str


class Carries(NamedTuple):
    """A group got organization roles, which everyone in it holds."""

    when: str
    by: str
    group: str
    roles: tuple[Role, ...]


class PolicyChange(NamedTuple):
    when: str
    by: str
    on: tuple[Policy, ...] = ()
    off: tuple[Policy, ...] = ()


class Renamed(NamedTuple):
    when: str
    by: str
    name: str


class Verified(NamedTuple):
    """Somebody had the log checked, and all of it held."""

    when: str
    by: str


class Refused(NamedTuple):
    """Somebody tried what they may not; the event only where the door would have written one."""

    when: str
    name: str
    permission: Permission
    event: Event = Event.ACCESS_REFUSED


class Failed(NamedTuple):
    """Somebody tried what they may, and it could not be: the page and the refusal's code."""

    when: str
    name: str
    event: Event
    page: str
    code: str


class Imported(NamedTuple):
    """A roster brought in people who have no account yet, known by a login."""

    when: str
    by: str
    file: str
    logins: tuple[str, ...]


Turn = (
    Resent
    | RoleChange
    | Exit
    | Offer
    | Circle
    | CircleChange
    | CircleEnd
    | Seated
    | Unseated
    | Maintains
    | Carries
    | PolicyChange
    | Renamed
    | Verified
    | Refused
    | Failed
    | Imported
)


@dataclass(frozen=True, kw_only=True)
class Story:
    """One organization's year."""

    slug: str
    name: str
    domain: str
    plan: str
    seats: int
    preset: Preset
    founder: str
    founded: str
    arrivals: tuple[Arrival, ...]
    invited: tuple[Invited, ...] = ()
    turns: tuple[Turn, ...] = ()
    readers: tuple[str, ...] = ()
    bustle: float
    """How likely a member is seen to sign in on a working day."""
