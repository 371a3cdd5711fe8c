"""What there is to know of keys, limits and calls, for the oracle of their machine.

Makers are (person, how often they joined), places and groups numbers, money whole nano-units.
"""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.projects.access_oracle import Place
from tests.projects.key_machine_clock import CLOCK

LAYERS = ("key", "creator", "project", "group", "organization", "plan")
ACTIONS = {
    "workflows.execute": "execute",
    "tasks.run_commercial": "execute",
    "agents.chat": "chat",
    "features.discover": "chat",
}
FOREIGN = -1
"""The number of what belongs to another organization."""
HERE = "127.0.0.1"
PRICED, RATE = "key-machine-model", 1_500_000_000
"""Of a million input tokens, in nano-units."""
HELD_FOR = datetime.timedelta(minutes=15)

Maker = tuple[int, int]
Subject = Any


@dataclass
class Secret:
    """One secret of a key."""

    text: str
    pk: UUID
    made: datetime.datetime
    ends: datetime.datetime | None = None
    used: bool = False

    @property
    def works(self) -> bool:
        return self.ends is None or self.ends > CLOCK.at


@dataclass
class KeyFacts:
    """A key as the oracle knows it. It has a maker, or an account, or neither once it ended."""

    kind: str
    project: int | None
    maker: Maker | None
    executes: bool
    chats: bool
    group: int | None
    expires: datetime.datetime | None
    secrets: list[Secret]
    account: int | None = None
    revoked: bool = False

    @property
    def live(self) -> bool:
        return not self.revoked and (self.expires is None or self.expires > CLOCK.at)

    @property
    def place(self) -> Place | None:
        return None if self.project is None else ("project", self.project)

    @property
    def newest(self) -> Secret:
        return next(one for one in self.secrets if one.ends is None)

    @property
    def old(self) -> Secret | None:
        """The one before, while it works."""
        return next((one for one in self.secrets if one.ends is not None and one.works), None)


@dataclass
class Account:
    """A service account."""

    role: str = ""
    suspended: bool = False
    works_in: set[int] = field(default_factory=set)


@dataclass(eq=False)
class Held:
    """A limit: what it says, and the requests of the last minute that had any."""

    layer: str
    subject: Subject
    said: dict[str, Any]
    minute: datetime.datetime | None = None
    count: int = 0

    @property
    def used(self) -> int:
        return self.count if self.minute == this_minute() else 0


@dataclass(frozen=True)
class Asked:
    """What a platform wants to know of a key."""

    action: str = "workflows.execute"
    project: int | None = None
    resource: int | None = None
    model: str = ""
    task: str = ""
    ip: str = ""
    cost: int | None = None
    tokens: int | None = None


@dataclass(frozen=True)
class Answer:
    """What it is told. `limits` are those with a budget or a rate, when it came so far."""

    reason: str = ""
    layer: str = ""
    reserved: int = 0
    subjects: tuple[tuple[str, Subject], ...] = ()
    limits: tuple[Held, ...] = ()


@dataclass
class Verified:
    """An allowed call: whom it was charged to, what is set aside for it, and until when."""

    model: str
    estimate: int
    subjects: dict[str, Subject]
    aside: list[Held]
    until: datetime.datetime
    released: bool = False


@dataclass
class Used:
    """A report, as the request log keeps it."""

    at: datetime.datetime
    cost: int
    subjects: dict[str, Subject]


def listed(said: dict[str, Any], asked: Asked) -> str:
    """Which list leaves it out."""
    networks = said["networks"]
    if networks is not None:
        caller = ipaddress.ip_address(asked.ip or HERE)
        if not any(caller in ipaddress.ip_network(one) for one in networks):
            return "network"
    if said["tasks"] is not None and asked.task not in said["tasks"]:
        return "task"
    if said["models"] is not None and asked.model not in said["models"]:
        return "model"
    return ""


def price_of(model: str, tokens: int | None) -> int | None:
    """Nothing for nothing; None where no price is known."""
    if tokens is None:
        return 0
    return int(Fraction(tokens * RATE, 10**6) + Fraction(1, 2)) if model == PRICED else None


def this_minute() -> datetime.datetime:
    return CLOCK.at.replace(second=0, microsecond=0)


def window_start(window: str, at: datetime.datetime, zone: str) -> datetime.datetime:
    """In zones whose clocks are never changed."""
    local = at.astimezone(ZoneInfo(zone)).replace(minute=0, second=0, microsecond=0)
    if window == "hour":
        return local
    day = local.replace(hour=0)
    if window == "week":
        return day - datetime.timedelta(days=day.weekday())
    return day if window == "day" else day.replace(day=1)
