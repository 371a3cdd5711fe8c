"""Taking a price list over. Reading one is in `projects/prices.py`.

Prices are everybody's, so no organization's role decides here: whoever runs the installation does,
over the owner's connection. The web role reads prices and can change none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import connections, transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Change, Target
from audit.models import PLATFORM, Outcome
from projects.models import ModelPrice
from projects.prices import Price, PriceList

OWNER = "owner"
_APPEND = "SELECT ledger_append(%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb)"


@dataclass(slots=True)
class Imported:
    """What a list means for the prices there are."""

    new: list[Price] = field(default_factory=list)
    changed: list[Price] = field(default_factory=list)
    unchanged: int = 0
    gone: list[str] = field(default_factory=list)
    before: int = 0
    deleted: int = 0

    @property
    def changes_something(self) -> bool:
        return bool(self.new or self.changed or self.deleted)


def prices_plan(found: PriceList) -> Imported:
    """What importing it would change now."""
    there = {one.model: one for one in ModelPrice.objects.using(OWNER)}
    plan = Imported(before=len(there))
    for price in found.prices:
        old = there.pop(price.model, None)
        if old is None:
            plan.new.append(price)
        elif (old.provider, old.mode, old.rates) != (price.provider, price.mode, price.rates):
            plan.changed.append(price)
        else:
            plan.unchanged += 1
    plan.gone = sorted(there)
    return plan


@transaction.atomic(using=OWNER)
def prices_import(*, found: PriceList, name: str, prune: bool, actor: Actor) -> Imported:
    """Make the prices what the list says; models it no longer names stay, unless `prune`.

    A second import of the same list changes nothing and records nothing.
    """
    with connections[OWNER].cursor() as cursor:
        # Two imports at once would each think a model new.
        cursor.execute("LOCK TABLE projects_modelprice IN SHARE ROW EXCLUSIVE MODE")
    plan = prices_plan(found)
    now = timezone.now()
    ModelPrice.objects.using(OWNER).bulk_create(
        [_row(price, now) for price in (*plan.new, *plan.changed)],
        batch_size=500,
        update_conflicts=True,
        unique_fields=["model"],
        update_fields=["provider", "mode", "rates", "imported_at"],
    )
    if prune:
        gone = ModelPrice.objects.using(OWNER).filter(model__in=plan.gone)
        plan.deleted, _ = gone.delete()
    if plan.changes_something:
        _record(plan, found.digest, name, actor)
    return plan


def _row(price: Price, now: datetime) -> ModelPrice:
    return ModelPrice(
        model=price.model,
        provider=price.provider,
        mode=price.mode,
        rates=price.rates,
        imported_at=now,
    )


def _record(plan: Imported, digest: str, name: str, actor: Actor) -> None:
    """Into the platform's chain, on the connection of the change: both stand or fall together."""
    changes: dict[str, Change] = {
        "models": (plan.before, plan.before + len(plan.new) - plan.deleted),
        "changed": (None, len(plan.changed)),
        "list": (None, digest),
    }
    event, target = Event.PRICES_IMPORTED, Target("price_list", None, name)
    facts, words = ledger.texts(
        event, actor=actor, target=target, changes=changes, reason="", outcome=Outcome.DONE
    )
    said = [PLATFORM, actor.kind, actor.id, event.value, target.kind, target.id]
    with connections[OWNER].cursor() as cursor:
        cursor.execute(_APPEND, [*said, Outcome.DONE.value, facts, words])
