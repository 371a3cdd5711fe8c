"""What a key's new limits would have done: its requests of the last days, replayed against them.

The rules are those of `key_verify`: lists first, then money set aside and settled, then the
minute; what is refused counts nowhere. Nothing is written. The words are made here as well.
"""

from __future__ import annotations

import datetime
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils import timezone

from config.moments import format_local
from projects.limits import HELD_FOR
from projects.models import Key
from projects.queries import replays
from projects.queries.replays import Event, Lists
from projects.refusals import label_of

DAYS = (7, 30)
EXAMPLES = 3

# A call that the key's own limits refused then may pass now; for any other reason it may not.
_OF_THE_KEY = frozenset({"network", "task", "model", "budget", "rpm"})
_OVER = {"budget": "over the budget", "rpm": "over the rate", "no_price": "without a price"}


@dataclass(kw_only=True, slots=True)
class Refused:
    """The calls that one reason would have refused: how many, which values, first and last."""

    reason: str
    calls: int = 0
    values: Counter[str] = field(default_factory=Counter)
    first: Event | None = None
    last: Event | None = None

    @property
    def label(self) -> str:
        return label_of(self.reason)

    @property
    def words(self) -> str:
        """The reason in a sentence, with the values it fell on: "2 from 10.2.0.4"."""
        if self.reason in ("budget", "rpm", "no_price"):
            return f"{self.calls:,} {_OVER[self.reason]}"
        name = {"network": "from", "task": "task", "model": "model"}[self.reason]
        most = self.values.most_common(EXAMPLES)
        said = [f"{calls:,} {name} {value or 'not named'}" for value, calls in most]
        rest = len(self.values) - len(most)
        if rest:
            left = self.calls - sum(calls for _, calls in most)
            said.append(f"{left:,} {name} {rest:,} other{'' if rest == 1 else 's'}")
        return ", ".join(said)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """A window in which the budget would have run out: when it began, and when it was used up."""

    began_at: datetime.datetime
    ran_out_at: datetime.datetime
    refused: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsal:
    """What the draft would have done, had it been saved at `since`.

    `calls` are those that were allowed then, `refused` how many of them would not have been;
    `freed` were refused then by the key's own limits and would have passed the new ones.
    `capped` says that there were more calls than are replayed, and `since` is later for it.
    """

    days: int
    since: datetime.datetime
    calls: int
    refused: int
    freed: int
    reasons: Sequence[Refused]
    ran_out: Sequence[Spent]
    capped: bool

    @property
    def sentence(self) -> str:
        if not self.calls:
            return f"No call was allowed in the last {self.days} days: nothing to compare."
        if not self.refused:
            return f"Would have refused none of {self.calls:,}."
        why = ", ".join(reason.words for reason in self.reasons)
        return f"Would have refused {self.refused:,} of {self.calls:,}: {why}."

    @property
    def freed_sentence(self) -> str:
        """Those that pass now; empty for none."""
        if not self.freed:
            return ""
        calls = "1 call that was" if self.freed == 1 else f"{self.freed:,} calls that were"
        return f"Would have let through {calls} refused then."

    @property
    def ran_out_sentence(self) -> str:
        """When the budget would have been used up; empty for never."""
        if not self.ran_out:
            return ""
        first = format_local(self.ran_out[0].ran_out_at, "j M, H:i")
        if len(self.ran_out) == 1:
            return f"The budget would have run out on {first}."
        return f"The budget would have run out {len(self.ran_out):,} times, first on {first}."


def rehearse(
    *, key: Key, draft: Mapping[str, Any], days: int, now: datetime.datetime | None = None
) -> Rehearsal:
    """Replay the key's verifications against a draft of its limits. Four queries.

    `draft` has the fields of a `Limit` of layer *key* by name: budget (nano-units), window, zone,
    rpm, allowed_networks, allowed_tasks, allowed_models; what is absent or None is no limit. It
    is replayed as if it had been saved that many days ago. The limits of other layers are as they
    were; of those that were refused then, only the other layers' lists are asked.
    """
    now = now or timezone.now()
    found = replays.replayable(
        key=key,
        since=now - datetime.timedelta(days=days),
        until=now,
        window=draft.get("window") or "month",
        zone=draft.get("zone") or "UTC",
        priced=draft.get("budget") is not None,
    )
    replay = _Replay(draft, replays.lists_above(key), spent=found.spent, window_at=found.window_at)
    for event in found.events:
        replay.take(event)
    order = ("network", "task", "model", "no_price", "budget", "rpm")
    return Rehearsal(
        days=days,
        since=found.since,
        calls=replay.calls,
        refused=sum(reason.calls for reason in replay.reasons.values()),
        freed=replay.freed,
        reasons=[replay.reasons[name] for name in order if name in replay.reasons],
        ran_out=replay.ran_out(),
        capped=found.capped,
    )


class _Replay:
    """One meter, as `key_verify` and `key_use` keep it, over events in the order of their time."""

    def __init__(
        self,
        draft: Mapping[str, Any],
        above: Mapping[UUID | None, Sequence[Lists]],
        *,
        spent: int,
        window_at: datetime.datetime,
    ) -> None:
        self.own = Lists.read(draft)
        self.above = above
        self.budget: int | None = draft.get("budget")
        self.rpm: int | None = draft.get("rpm")
        self.window_at, self.spent, self.reserved = window_at, spent, 0
        self.minute: datetime.datetime | None = None
        self.minute_count = 0
        self.held: dict[UUID, int] = {}
        self.lapses: deque[tuple[datetime.datetime, UUID]] = deque()
        self.not_made: set[UUID] = set()
        self.calls = self.freed = 0
        self.reasons: dict[str, Refused] = {}
        self.windows: dict[datetime.datetime, tuple[datetime.datetime, int]] = {}
        self._listed: dict[tuple[Any, ...], str] = {}

    def take(self, event: Event) -> None:
        self._move_to(event)
        if event.settles is not None:
            if event.settles not in self.not_made:
                self.spent += event.cost
                self.reserved -= self.held.pop(event.settles, 0)
            return
        if not event.allowed and not (event.layer == "key" and event.reason in _OF_THE_KEY):
            return
        reason = self._reason(event)
        if not reason:
            self._count(event)
        if event.allowed:
            self.calls += 1
            if reason:
                self.not_made.add(event.id)
                self._note(event, reason)
        elif not reason and not self._refused_above(event):
            self.freed += 1

    def ran_out(self) -> list[Spent]:
        return [
            Spent(began_at=began, ran_out_at=at, refused=refused)
            for began, (at, refused) in self.windows.items()
        ]

    def _move_to(self, event: Event) -> None:
        """What time alone changes: a new window, and money that nobody settled."""
        if event.window_at > self.window_at:
            self.window_at, self.spent = event.window_at, 0
        while self.lapses and self.lapses[0][0] <= event.at:
            self.reserved -= self.held.pop(self.lapses.popleft()[1], 0)

    def _reason(self, event: Event) -> str:
        what = (event.ip, event.task, event.model)
        if what not in self._listed:
            self._listed[what] = self.own.refuse(event)
        if self._listed[what]:
            return self._listed[what]
        if self.budget is not None:
            if event.unpriced:
                return "no_price"
            used = self.spent + self.reserved
            if used >= self.budget or used + event.estimate > self.budget:
                return "budget"
        minute = event.at.replace(second=0, microsecond=0)
        if self.minute is None or minute > self.minute:
            self.minute, self.minute_count = minute, 0
        return "rpm" if self.rpm is not None and self.minute_count >= self.rpm else ""

    def _refused_above(self, event: Event) -> bool:
        layers = (*self.above.get(None, ()), *self.above.get(event.project, ()))
        return any(lists.refuse(event) for lists in layers)

    def _count(self, event: Event) -> None:
        self.minute_count += 1
        if self.budget is not None and event.estimate:
            self.reserved += event.estimate
            self.held[event.id] = event.estimate
            self.lapses.append((event.at + HELD_FOR, event.id))

    def _note(self, event: Event, reason: str) -> None:
        noted = self.reasons.setdefault(reason, Refused(reason=reason))
        noted.calls += 1
        noted.first = noted.first or event
        noted.last = event
        value = {"network": event.ip, "task": event.task, "model": event.model}.get(reason)
        if value is not None:
            noted.values[value] += 1
        elif reason == "budget":
            at, refused = self.windows.get(self.window_at, (event.at, 0))
            self.windows[self.window_at] = (at, refused + 1)
