"""What each entry of a story did to who holds what, as the triggers of the tables would note it.

The rows themselves are written at the end, as they stand then; the log tells how they came to be.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from audit.events import Event

if TYPE_CHECKING:
    from orgs.demo.history import History

# What only looks, or is about something else; nothing of who holds what changes with it.
_QUIET = frozenset(
    {
        *("session", "account", "audit", "access", "execution", "task", "secret", "key", "limit"),
        *("invoice", "billing", "credit", "usage", "insights", "notice", "request", "environment"),
    }
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table that says who holds what; `values` are those that the ledger keeps."""

    kind: str
    row: UUID
    holder: UUID | None
    place: UUID | None
    values: dict[str, Any]


class Standing:
    """All such rows of one organization, as they stood when they were last looked at."""

    def __init__(self) -> None:
        self.rooms: list[Callable[[], Iterable[Row]]] = []
        self._before: dict[tuple[str, UUID], Row] = {}

    def changes(self, event: Event | None = None) -> tuple[str, ...]:
        """The effects since the last look, each as its text. None for the event looks anyway."""
        if event is not None and event.value.partition(".")[0] in _QUIET:
            return ()
        now = {(row.kind, row.row): row for room in self.rooms for row in room()}
        before, self._before = self._before, now
        return tuple(self._texts(before, now))

    def _texts(self, before: dict[Any, Row], now: dict[Any, Row]) -> Iterator[str]:
        for key, row in now.items():
            was = before.get(key)
            if was is None or was.values != row.values:
                yield _text(row, was.values if was else None, row.values)
        for key, row in before.items():
            if key not in now:
                yield _text(row, row.values, None)


def rows_of(history: History) -> Iterator[Row]:
    """Who holds what of the organization itself, now in the story."""
    org = history.organization
    said: dict[str, Any] = {"state": "open", "policies": list(org.policies)}
    yield Row("organization", org.id, None, None, said)
    for member in history.members.values():
        said = {"role": str(member.role), "expires_at": moment(member.expires_at)}
        said["is_person"] = member.person_id is not None
        yield Row("membership", member.id, member.id, None, said)
    for group in history.groups.values():
        yield Row("group", group.id, group.id, None, {})
    for seat in history.seats.values():
        said = {"expires_at": moment(seat.expires_at)}
        yield Row("seat", seat.id, seat.membership_id, seat.group_id, said)
    for (group_id, role), carried in history.carried.items():
        said = {"role": role.value, "expires_at": moment(carried.expires_at)}
        yield Row("group_role", carried.id, group_id, None, said)


def moment(said: datetime.datetime | None) -> str | None:
    return said.astimezone(datetime.UTC).isoformat() if said else None


def _text(row: Row, before: dict[str, Any] | None, after: dict[str, Any] | None) -> str:
    said = {"kind": row.kind, "row": row.row, "holder": row.holder, "place": row.place}
    return json.dumps(said | {"before": before, "after": after}, default=str)
