"""What the keys of the demo did in the last month: a request log, drawn by dice of its own.

Nobody may write a past into the log but its owner, so each row looks as `key_verify` and `key_use`
would have left it, and the meters count what the rows say. The invented models have prices.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING, Any

from django.db import connections

from config.roles import Permission
from orgs.demo.days import id_at
from projects.demo.key_lines import Traffic
from projects.models import Call, Key, KeySecret, Limit, ModelPrice, ServiceToken

if TYPE_CHECKING:
    from projects.demo.book import Book

OWNER = "owner"
DAYS = 30
STRANGERS = ("198.51.100.203", "192.0.2.7", "2001:db8:ffff::9")
NOTED = datetime.timedelta(days=1)
"""What was refused before has been told of in the ledger; the job tells of the rest."""

# Nano-units for a million tokens: read, written.
_PRICES = {
    "north-large": (2_500_000_000, 10_000_000_000),
    "north-small": (400_000_000, 1_600_000_000),
    "harbour-embed": (100_000_000, 0),
}
# Counted from the log, and what was reached is told of, so that nobody is told again.
_METER = """
    UPDATE projects_meter m SET spent = s.spent, told = CASE
        WHEN s.spent >= l.budget THEN 100 WHEN s.spent * 100.0 >= l.budget * 80.0 THEN 80
        WHEN s.spent * 100.0 >= l.budget * 50.0 THEN 50 ELSE 0 END
    FROM projects_limit l, LATERAL (SELECT spent_since(l, date_trunc(l.window, now(), l.zone)))
        AS s (spent)
    WHERE l.id = m.id AND l.budget IS NOT NULL AND l.organization_id = %s
"""


def price_models() -> None:
    """The prices of the invented models, where nobody has given them others."""
    ModelPrice.objects.using(OWNER).bulk_create(
        [
            ModelPrice(
                model=model,
                provider="demo",
                mode="embedding" if not written else "chat",
                rates={
                    "input_token": read,
                    "cached_input_token": read,
                    "cache_write_token": read,
                    "output_token": written,
                    "reasoning_token": written,
                },
            )
            for model, (read, written) in _PRICES.items()
        ],
        ignore_conflicts=True,
    )


def set_meters(book: Book) -> None:
    with connections[OWNER].cursor() as cursor:
        cursor.execute(_METER, [book.history.organization.id])


def calls(book: Book) -> list[Call]:
    """The log of all keys, in the order in which it was written."""
    found: list[Call] = []
    for traffic in book.tale.traffic:
        found += _Program(traffic, book).calls()
    return sorted(found, key=lambda call: call.at)


class _Program:
    """Whoever holds one key, while it is used."""

    def __init__(self, traffic: Traffic, book: Book) -> None:
        self.traffic, self.book = traffic, book
        self.chance = Random(f"{traffic.key} works")  # noqa: S311  # a story, not a secret
        self.key: Key = book.named(Key, traffic.key)
        self.secrets = book.secrets_of(self.key)
        tokens: list[ServiceToken] = book.of_kind(ServiceToken)
        self.token = next(token for token in tokens if "decide" in token.scopes)
        limits = (one for one in book.of_kind(Limit) if one.key_id == self.key.id)
        self.limit: Limit | None = next(limits, None)
        self.spent: dict[Any, int] = {}

    def calls(self) -> Iterator[Call]:
        for at in self._moments():
            yield from self._one(at)

    def _moments(self) -> list[datetime.datetime]:
        """When it was used, from its making to its end."""
        now, traffic, chance = self.book.history.calendar.now, self.traffic, self.chance
        last = self.book.history.calendar.at(traffic.last) if traffic.last else now
        ends = min(filter(None, (last, self.key.revoked_at, self.key.expires_at)))
        moments: list[datetime.datetime] = [last] if traffic.last and last == ends else []
        for day in range(DAYS, -1, -1):
            morning = (now - datetime.timedelta(days=day)).replace(hour=0, minute=0, second=0)
            pace = 1.0 if morning.weekday() < 5 or traffic.at_night else 0.2
            for _ in range(round(traffic.a_day * pace * chance.uniform(0.8, 1.2))):
                hours = chance.uniform(2, 2.2) if traffic.at_night else chance.triangular(5, 22, 11)
                moments.append(morning + datetime.timedelta(hours=hours))
        return sorted(at for at in moments if self.key.created_at < at <= ends)

    def _one(self, at: datetime.datetime) -> Iterator[Call]:
        traffic, chance = self.traffic, self.chance
        model, task, ip = map(chance.choice, (traffic.models, traffic.tasks, traffic.ips))
        used = {
            "input_token": chance.randint(*traffic.read),
            "output_token": chance.randint(*traffic.written),
        }
        reason, layer = self._refused(at, _cost(model, used))
        secret = self._secret(at)
        said: dict[str, Any] = {
            "secret_id": secret.id,
            "action": self._action(),
            "model": {"model": "tern-preview"}.get(reason, model),
            "task": {"task": "Summarize everything"}.get(reason, task),
            "ip": chance.choice(STRANGERS) if reason == "network" else ip,
        }
        asked = used | {"output_token": traffic.written[1]}
        estimate = 0 if reason else _cost(model, asked)
        verified = self._row(
            at,
            "/v1/keys/verify",
            said,
            allowed=not reason,
            reason=reason,
            layer=layer,
            units=asked,
            estimate=estimate,
        )
        yield verified
        if reason:
            return
        secret.first_used_at = secret.first_used_at or at
        secret.last_used_at, secret.last_used_ip = at, said["ip"]
        cost = _cost(model, used)
        self.spent[self._window(at)] = self.spent.get(self._window(at), 0) + cost
        reported = at + datetime.timedelta(seconds=chance.uniform(0.8, 40))
        # What is on its way has not been reported yet.
        if reported <= self.book.history.calendar.now:
            yield self._row(
                reported,
                "/v1/usage",
                said,
                allowed=True,
                units=used,
                estimate=estimate,
                cost=cost,
                verification_id=verified.id,
            )

    def _refused(self, at: datetime.datetime, cost: int) -> tuple[str, str]:
        limit = self.limit
        if limit and limit.budget and self.spent.get(self._window(at), 0) + cost > limit.budget:
            return "budget", "key"
        for reason, layer, share in self.traffic.refused:
            if self.chance.random() < share:
                return reason, layer
        return "", ""

    def _window(self, at: datetime.datetime) -> Any:
        window = self.limit.window if self.limit else Limit.Window.MONTH
        if window == Limit.Window.MONTH:
            return at.year, at.month
        return at.isocalendar()[:2] if window == Limit.Window.WEEK else at.date()

    def _secret(self, at: datetime.datetime) -> KeySecret:
        """The newest one there was; while two work, half of the program has not changed yet."""
        there = [secret for secret in self.secrets if secret.created_at < at]
        return self.chance.choice(there[-2:]) if len(there) > 1 else there[0]

    def _action(self) -> str:
        if not self.key.project:
            return Permission.TASKS_RUN_COMMERCIAL.value
        if self.key.executes and (not self.key.chats or self.chance.random() < 0.5):
            return Permission.WORKFLOWS_EXECUTE.value
        return Permission.AGENTS_CHAT.value

    def _row(self, at: datetime.datetime, endpoint: str, said: dict[str, Any], **rest: Any) -> Call:
        key = self.key
        is_noted = self.book.history.calendar.now - at > NOTED
        self.token.last_used_at = max(at, self.token.last_used_at or at)
        return Call(
            id=id_at(at),
            organization_id=key.organization_id,
            at=at,
            endpoint=endpoint,
            key_id=key.id,
            token_id=self.token.id,
            project_id=key.project_id,
            creator_id=key.creator_id,
            cost_centre_id=key.cost_centre_id,
            noted=not rest["allowed"] and is_noted,
            **said,
            **rest,
        )


def _cost(model: str, used: dict[str, int]) -> int:
    """As `price_of` counts it, half up."""
    read, written = _PRICES[model]
    return (used["input_token"] * read + used["output_token"] * written + 500_000) // 1_000_000
