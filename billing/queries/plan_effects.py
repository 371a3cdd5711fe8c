"""What another plan begins and stops, counted here and now: the effects that a preview lists."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace

from django.db.models import Count, Q
from django.db.models.functions import Now

from billing.periods import day_words
from billing.plans import Plan
from config.money import money
from orgs.access import Access
from orgs.keys import active_keys, counted_keys
from orgs.models import Entitlement, GroupMembership, GroupRole
from orgs.seats import seats
from projects.models import ProjectInsights


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One line: what begins (`gains`) or stops, how many it concerns, and what that means."""

    icon: str
    text: str
    note: str = ""
    number: str = ""
    gains: bool = False


def plan_effects(
    access: Access, old: Plan, new: Plan, *, on: datetime.date | None = None
) -> list[Effect]:
    """What changes with the plan, the losses first. `on` is the day where it is not today."""
    lost, gained = old.entitlements - new.entitlements, new.entitlements - old.entitlements
    when = f"From {day_words(on, year=True)}: " if on else ""
    effects = [_lost(access, code, old) for code in Entitlement.values if code in lost]
    effects += _limits(access, old, new)
    effects += [_gained(code) for code in Entitlement.values if code in gained]
    if not when:
        return effects
    return [
        replace(effect, note=f"{when}{effect.note[:1].lower()}{effect.note[1:]}")
        if effect.note
        else effect
        for effect in effects
    ]


def _lost(access: Access, code: str, old: Plan) -> Effect:
    label = Entitlement(code).label
    if code == Entitlement.GROUP_ROLES:
        groups, people = _group_roles(access)
        note = "Groups get no more roles."
        if groups:
            whose = f"{people:,} {'person keeps' if people == 1 else 'people keep'}"
            note = f"{whose} what their groups carry now; a role that is taken away cannot return."
        return Effect(icon="user-group", text=label, note=note, number=_counted(groups, "group"))
    if code == Entitlement.INSIGHTS:
        on = ProjectInsights.objects.in_org(access.org.id).count()
        note = "The pages close for everyone. What was recorded is kept."
        return Effect(
            icon="presentation-chart-line",
            text=label,
            note=note,
            number=_counted(on, "project"),
        )
    note = f"Usage stays on its page; the files end with {old.label}."
    return Effect(icon="arrow-down-tray", text=label, note=note)


def _gained(code: str) -> Effect:
    notes = {
        Entitlement.GROUP_ROLES.value: "Groups may carry organization roles.",
        Entitlement.USAGE_EXPORT.value: "Usage may be exported as CSV and JSON lines.",
        Entitlement.INSIGHTS.value: "Owners may enable insights, project by project.",
    }
    icon = "plus-circle"
    return Effect(icon=icon, text=Entitlement(code).label, note=notes[code], gains=True)


def _limits(access: Access, old: Plan, new: Plan) -> list[Effect]:
    """The layer "plan" of the limits of every key."""
    if (old.budget, old.rpm) == (new.budget, new.rpm):
        return []
    is_tighter = _less(new.budget, old.budget) or _less(new.rpm, old.rpm)
    live = active_keys(access.org.id)
    return [
        Effect(
            icon="key" if is_tighter else "plus-circle",
            text="Limits of keys",
            note=f"{limits_words(new)}, for all keys together.",
            number=f"{counted_keys(live)} key{'' if live == 1 else 's'}" if live else "",
            gains=not is_tighter,
        )
    ]


def limits_words(plan: Plan) -> str:
    """ "At most $25.00 a month and 60 requests a minute"."""
    parts = [f"{money(plan.budget)} a month"] if plan.budget is not None else []
    parts += [f"{plan.rpm:,} requests a minute"] if plan.rpm is not None else []
    return f"At most {' and '.join(parts)}" if parts else "No limit by the plan"


def _less(new: int | None, old: int | None) -> bool:
    return new is not None and (old is None or new < old)


def _group_roles(access: Access) -> tuple[int, int]:
    """How many groups carry a role, and how many people hold one by them. One query each."""
    live = Q(expires_at__isnull=True) | Q(expires_at__gt=Now())
    carrying = GroupRole.objects.in_org(access.org.id).filter(live).values("group_id")
    found = GroupMembership.objects.in_org(access.org.id).filter(live, group_id__in=carrying)
    counted = found.aggregate(people=Count("membership_id", distinct=True))
    return carrying.distinct().count(), counted["people"]


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}" if number else ""


def seats_after(access: Access, plan: Plan) -> Effect | None:
    """What a plan with fewer seats than are in use means, where nobody has to go at once."""
    used = seats(access.org).used
    if plan.seats is None or used <= plan.seats:
        return None
    over = used - plan.seats + 1
    return Effect(
        icon="users",
        text=f"{plan.label} has {plan.seats:,} seats",
        note=f"Nobody is removed. Nobody joins before {over:,} seats are given up.",
        number=f"{used:,} in use",
    )
