"""Times and places of the demo: the calendar its stories count in, ids, addresses and browsers.

Addresses come from the ranges that are kept for documentation (RFC 5737, RFC 3849).
"""

from __future__ import annotations

import datetime
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from uuid import UUID

import uuid6

WEEKS = 54
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_AGO = re.compile(r"(?:(\d+)d )?(?:(\d+)h )?(?:(\d+)m )?ago")

_MAC, _WINDOWS = "Macintosh; Intel Mac OS X 10_15_7", "Windows NT 10.0; Win64; x64"
_GECKO = "rv:145.0) Gecko/20100101 Firefox/145.0"
_KIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6"
_DESKTOPS = (
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; {_GECKO}",
    f"Mozilla/5.0 (X11; Linux x86_64; {_GECKO}",
    f"Mozilla/5.0 ({_WINDOWS}) {_KIT} Safari/537.36",
    f"Mozilla/5.0 ({_MAC}) {_KIT} Safari/537.36",
    f"Mozilla/5.0 ({_WINDOWS}) {_KIT} Safari/537.36 Edg/142.0.0.0",
    f"Mozilla/5.0 ({_MAC}) {_SAFARI} Safari/605.1.15",
)
_PHONES = (
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 15; Mobile) {_KIT} Mobile Safari/537.36",
)


class Calendar:
    """Turns a story's moments into times, all of them before `now`."""

    def __init__(self, now: datetime.datetime) -> None:
        self.now = now
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self.monday = midnight - datetime.timedelta(days=now.weekday(), weeks=WEEKS)

    def at(self, when: str) -> datetime.datetime:
        if ago := _AGO.fullmatch(when):
            days, hours, minutes = (int(part or 0) for part in ago.groups()[:3])
            return self.now - datetime.timedelta(days=days, hours=hours, minutes=minutes)
        week, day, clock = when.split()
        hour, minute = map(int, clock.split(":"))
        days = 7 * int(week) + _DAYS.index(day)
        return self.monday + datetime.timedelta(days=days, hours=hour, minutes=minute)

    def mornings(self) -> Iterator[datetime.datetime]:
        """Midnight of each day from the first to the present one."""
        for day in range((self.now - self.monday).days + 1):
            yield self.monday + datetime.timedelta(days=day)


def id_at(moment: datetime.datetime) -> UUID:
    """A UUIDv7 of that moment, so that ids stand in the order in which things happened."""
    milliseconds = int(moment.timestamp() * 1000)
    return uuid6.UUID(int=milliseconds << 80 | secrets.randbits(80), version=7)


@dataclass(frozen=True, slots=True)
class Place:
    """From where somebody works."""

    ip: str
    agent: str


class Desk:
    """One person's habits: the same for the same name."""

    def __init__(self, name: str) -> None:
        chance = Random(name)  # noqa: S311  # a story, not a secret
        self.desktop = chance.choice(_DESKTOPS)
        self.phone = chance.choice(_PHONES)
        self.office = f"203.0.113.{chance.randrange(8, 32)}"
        self.home = chance.choice(
            (
                f"198.51.100.{chance.randrange(2, 250)}",
                f"2001:db8:{chance.randrange(1, 0xFFFF):x}::{chance.randrange(2, 0xFFFF):x}",
            )
        )
        self.means = chance.choice(
            ("Password", "Password, Second factor", "Second factor", "Provider")
        )

    def place(self, chance: Random) -> Place:
        where = chance.random()
        if where < 0.7:
            return Place(self.office, self.desktop)
        return Place(self.home, self.desktop if where < 0.9 else self.phone)


def stranger(chance: Random) -> Place:
    """Somebody from somewhere else, who tries passwords."""
    return Place(f"192.0.2.{chance.randrange(2, 250)}", chance.choice(_DESKTOPS))
