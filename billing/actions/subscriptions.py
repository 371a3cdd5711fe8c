"""Deeds on what an organization has subscribed to: start, change, cancel, take a plan back.

More seats and a larger plan hold at once; fewer, a smaller one and the end from the next month on
(`terms.subscription_turn`). Which of two at once came first is decided by the organization's row;
a provider is asked before it is locked, so that no row waits for a network.
"""

from __future__ import annotations

import datetime
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from audit.events import Event
from billing.actions import provider
from billing.actions.terms import changed, due, hold, locked, record, save, subscription_turn
from billing.models import Subscription
from billing.offers import Offer, offered, seats_words, sells
from billing.periods import day_words, month_after, month_of, today_here
from billing.queries.terms import held, planned
from config.roles import Permission
from orgs.access import Access, require
from orgs.models import Organization
from orgs.seats import Counted
from orgs.seats import seats as count_seats

__all__ = [
    "subscription_cancel",
    "subscription_change",
    "subscription_resume",
    "subscription_start",
    "subscription_turn",
]


@transaction.atomic
def subscription_start(*, plan: str, seats: int, actor: Access, attempt: str = "") -> Subscription:
    """Subscribe from today on (S3-062, S4-048).

    One subscription lives, however often this is sent. Raises ValidationError: `forbidden`,
    `not_sold`, `subscribed`, `plan_unknown`, `seats_least`, `seats_most`, `seats_used`, and
    what the provider refuses.
    """
    require(actor, Permission.BILLING_CHANGE_PLAN)
    if not sells():
        raise ValidationError("This installation charges nothing: nothing is sold.", "not_sold")
    offer, today = offered(plan, seats, settings.CURRENCY), today_here()
    if is_over(_living(actor.org.id), today):
        row, over = locked(actor.org.id)
        if over is not None:
            due(over, row=row, on=today, actor=actor.identity)
    _require_none(_living(actor.org.id))
    require_room(actor.org, offer)
    bought = provider.subscribe(actor, offer, attempt=attempt)
    row, living = locked(actor.org.id)
    with provider.given_back(bought, unless=living.provider_ref if living else ""):
        _require_none(living)
        require_room(row, offer)
    subscription = _new(actor, offer, bought, today)
    save(subscription, by=actor.membership_id)
    hold(subscription, offer, row=row, on=today)
    changes = changed(None, offer)
    record(Event.SUBSCRIPTION_STARTED, subscription, actor=actor.identity, changes=changes)
    return subscription


@transaction.atomic
def subscription_change(
    *, plan: str, seats: int, actor: Access, seen: str = "", attempt: str = ""
) -> Subscription:
    """Ask for another plan or number of seats; what is larger holds at once, the rest later.

    Asking for what holds takes back what was put off. `seen` is the mark of what the form began
    from. Raises ValidationError: `forbidden`, `none`, `changed`, `canceled`, `plan_unknown`,
    `seats_least`, `seats_most`, `seats_used`, and what the provider refuses.
    """
    require(actor, Permission.BILLING_CHANGE_PLAN)
    today = today_here()
    _ask_for_more(_living(actor.org.id), plan, seats, seen=seen, attempt=attempt)
    row, living = _locked_living(actor, today)
    now, wanted = held(living), _asked(living, plan, seats)
    before_words = planned(living, now)
    if wanted.is_like(before_words) and not living.ends_on:
        return living
    _require_seen(living, seen)
    if living.ends_on:
        raise _canceled(living)
    require_room(row, wanted)
    _put(living, now, wanted, row=row, today=today)
    save(living, by=actor.membership_id)
    changes = changed(before_words, wanted) | {"from": (None, _from(living, now, wanted, today))}
    record(Event.SUBSCRIPTION_CHANGED, living, actor=actor.identity, changes=changes)
    return living


@transaction.atomic
def subscription_cancel(
    *, actor: Access, reason: str = "", seen: str = "", attempt: str = ""
) -> Subscription:
    """Let it end with this month; until then it may be resumed (S4-048).

    What was put off is then of no use, and forgotten. Raises ValidationError: `forbidden`,
    `none`, `changed`, and what the provider refuses.
    """
    require(actor, Permission.BILLING_CHANGE_PLAN)
    today = today_here()
    ends_on = month_after(today)
    before = _living(actor.org.id)
    if before is not None and not before.ends_on and _is_seen(before, seen):
        ends_on = provider.cancel(before, attempt=attempt) or ends_on
    _, living = _locked_living(actor, today)
    if living.ends_on:
        return living
    _require_seen(living, seen)
    living.next_plan, living.next_seats, living.next_on = "", None, None
    living.ends_on = ends_on
    save(living, by=actor.membership_id)
    changes = {"ends_on": (None, ends_on.isoformat())}
    identity = actor.identity
    record(Event.SUBSCRIPTION_CANCELED, living, actor=identity, changes=changes, reason=reason)
    return living


@transaction.atomic
def subscription_resume(*, actor: Access, seen: str = "", attempt: str = "") -> Subscription:
    """Take back that it ends (S4-048). Raises ValidationError: `forbidden`, `none`, `changed`,
    and what the provider refuses."""
    require(actor, Permission.BILLING_CHANGE_PLAN)
    today = today_here()
    before = _living(actor.org.id)
    if before is not None and before.ends_on and _is_seen(before, seen):
        provider.resume(before, attempt=attempt)
    _, living = _locked_living(actor, today)
    if living.ends_on is None:
        return living
    _require_seen(living, seen)
    old, living.ends_on = living.ends_on, None
    save(living, by=actor.membership_id)
    changes = {"ends_on": (old.isoformat(), None)}
    record(Event.SUBSCRIPTION_RESUMED, living, actor=actor.identity, changes=changes)
    return living


def _new(
    actor: Access, offer: Offer, bought: provider.Bought, today: datetime.date
) -> Subscription:
    return Subscription(
        organization_id=actor.org.id,
        plan=offer.plan.code,
        seats=offer.seats,
        currency=offer.currency,
        started_on=today,
        paid_to=month_of(today),
        provider=bought.provider,
        provider_ref=bought.ref,
    )


def _ask_for_more(
    before: Subscription | None, plan: str, seats: int, *, seen: str, attempt: str
) -> None:
    """What holds at once is asked of the provider before anything is locked."""
    if before is None or before.ends_on or not _is_seen(before, seen):
        return
    asked, now = _asked(before, plan, seats), held(before)
    if planned(before, now) != asked:
        provider.change(before, now, now.larger(asked), attempt=attempt)


def require_room(row: Counted, offer: Offer) -> None:
    """Nobody loses a seat to a smaller plan: whoever is too many goes first."""
    used = count_seats(row).used
    if offer.seats < used:
        over = used - offer.seats
        message = (
            f"{seats_words(used).capitalize()} {'is' if used == 1 else 'are'} in use, which is"
            f" {over:,} more than {offer.seats:,}. Nothing has changed."
        )
        raise ValidationError({"seats": ValidationError(message, code="seats_used")})


def standing_words(subscription: Subscription) -> str:
    """What stands now, for who began from something else."""
    words = f"{subscription.of_plan.label} with {seats_words(subscription.seats)}"
    if subscription.ends_on:
        return f"{words}, and ends on {day_words(subscription.ends_on, year=True)}"
    if subscription.next_on:
        later = (
            f"{subscription.of_next_plan.label} with {seats_words(subscription.next_seats or 0)}"
        )
        return f"{words}, and from {day_words(subscription.next_on, year=True)} {later}"
    return words


def is_over(living: Subscription | None, today: datetime.date) -> bool:
    """Has its last day passed, though the month has not been turned yet? A provider of its own
    says so itself."""
    return (
        living is not None
        and living.provider == "transfer"
        and living.ends_on is not None
        and living.ends_on <= today
    )


def _living(organization: UUID) -> Subscription | None:
    living = Subscription.objects.in_org(organization).exclude(state=Subscription.State.ENDED)
    return living.first()


def _locked_living(actor: Access, today: datetime.date) -> tuple[Organization, Subscription]:
    row, living = locked(actor.org.id)
    if living is not None:
        # A month that ended while nobody looked: what was put off until then comes first.
        living = due(living, row=row, on=today, actor=actor.identity)
    if living is None or living.state == Subscription.State.ENDED:
        raise ValidationError("There is no subscription to change.", code="none")
    return row, living


def _asked(living: Subscription, plan: str, seats: int) -> Offer:
    now = held(living)
    if (plan, seats) == (now.plan.code, now.seats):
        return now
    return offered(plan, seats, living.currency).priced_like(now)


def _put(
    living: Subscription, now: Offer, wanted: Offer, *, row: Organization, today: datetime.date
) -> None:
    """The larger of both from today on, and what is less from the next month on."""
    at_once = now.larger(wanted)
    living.next_plan, living.next_seats, living.next_on = "", None, None
    if not at_once.is_like(wanted):
        living.next_plan, living.next_seats = wanted.plan.code, wanted.seats
        living.next_on = month_after(today)
    if not at_once.is_like(now):
        hold(living, at_once, row=row, on=today)


def _from(living: Subscription, now: Offer, wanted: Offer, today: datetime.date) -> str:
    days = [] if now.larger(wanted).is_like(now) and living.next_on else [today]
    days += [living.next_on] if living.next_on else []
    return " and ".join(day_words(day, year=True) for day in days)


def _require_none(living: Subscription | None) -> None:
    if living is not None:
        message = f"There is a subscription already: {standing_words(living)}."
        raise ValidationError(message, code="subscribed")


def _is_seen(living: Subscription, seen: str) -> bool:
    """Does the form know how it stands? One that was sent by a program says nothing of it."""
    return not seen or seen == living.mark


def _require_seen(living: Subscription, seen: str) -> None:
    if not _is_seen(living, seen):
        message = (
            f"The subscription was changed meanwhile: it is {standing_words(living)}."
            " Look again, then decide."
        )
        raise ValidationError(message, code="changed")


def _canceled(living: Subscription) -> ValidationError:
    ends = day_words(living.ends_on, year=True) if living.ends_on else ""
    return ValidationError(f"It ends on {ends}. Resume it first, then change it.", "canceled")
