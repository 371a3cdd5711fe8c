"""What new limits would change, before they are saved: in words, with what nobody may overlook.

The rehearsal of a key's own requests is in `rehearsal.py`; saving is in `actions/limits.py`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from config.moments import format_local
from config.money import money
from projects.allowance import Allowance, Difference, differences, listed
from projects.models import Key, Limit
from projects.queries.limits import (
    living_longer,
    no_longer_approved,
    recent_callers,
    window_now,
    without_price,
)
from projects.rehearsal import Rehearsal, rehearse

CALLER_DAYS = 7
_STOPS = {
    "organization": "every key of the organization stops",
    "group": "every key that is charged to it stops",
    "project": "every key that works in it stops",
    "creator": "every key of this person stops",
    "key": "the key stops",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """What changes, what stops because of it, and what is worth knowing.

    `mark` stands for what was looked at, so that saving it does not ask again.
    """

    differences: Sequence[Difference]
    warnings: Sequence[str]
    notes: Sequence[str]
    mark: str
    rehearsal: Rehearsal | None = None


def outlook(
    *,
    org: UUID,
    layer: str,
    subject: UUID,
    before: Allowance,
    after: Allowance,
    notes: Iterable[str] = (),
) -> Outlook:
    """What saving `after` changes. Four queries at most, each only for what is new."""
    asked = (org, layer, subject)
    warnings = [_stops(*asked, before, after), _shuts_out(*asked, before, after)]
    told = [*notes, _unpriced(before, after)]
    if layer == Limit.Layer.ORGANIZATION:
        warnings.append(_unapproved(org, before, after))
        told.append(_longer(org, before, after))
    return Outlook(
        differences=differences(before, after),
        warnings=[each for each in warnings if each],
        notes=[each for each in told if each],
        mark=after.mark,
    )


def rehearsal_of(key: Key, said: Allowance, days: int) -> Rehearsal:
    """The key's requests of the last days, replayed against what is said."""
    return rehearse(key=key, draft=said.fields(), days=days)


def _stops(org: UUID, layer: str, subject: UUID, before: Allowance, after: Allowance) -> str:
    counted = ("budget", "window", "zone")
    if after.budget is None or all(getattr(before, n) == getattr(after, n) for n in counted):
        return ""
    spent, ends_at = window_now(org, layer, subject, window=after.window, zone=after.zone)
    if spent < after.budget:
        return ""
    until = format_local(ends_at, "j M Y, H:i T")
    return (
        f"{money(spent)} is spent in this {after.window} already, so {_STOPS[layer]} at once,"
        f" until {until}."
    )


def _shuts_out(org: UUID, layer: str, subject: UUID, before: Allowance, after: Allowance) -> str:
    if after.networks is None or after.networks == before.networks:
        return ""
    callers = recent_callers(org, layer, subject, days=CALLER_DAYS)
    networks = [ipaddress.ip_network(each) for each in after.networks]
    out = [ip for ip in callers if not any(ipaddress.ip_address(ip) in each for each in networks)]
    if not out:
        return ""
    number, of = len(out), len(callers)
    who = f"{number:,} of the {of:,} addresses"
    if number == of:
        who = "The one address" if of == 1 else f"All {of:,} addresses"
    return f"{who} of the last {CALLER_DAYS} days would be shut out: {listed(out)}."


def _unpriced(before: Allowance, after: Allowance) -> str:
    unknown = without_price(sorted(set(after.models or ()) - set(before.models or ())))
    if not unknown:
        return ""
    return (
        f"No price is known for {listed(unknown)}. Where a budget applies, a call with such a"
        " model is refused unless it names its cost."
    )


def _unapproved(org: UUID, before: Allowance, after: Allowance) -> str:
    if (before.tasks, before.models) == (after.tasks, after.models):
        return ""
    number = no_longer_approved(org, after)
    if not number:
        return ""
    limits = (
        "1 key, project, person or cost centre lists"
        if number == 1
        else f"{number:,} keys, projects, people or cost centres list"
    )
    return (
        f"{limits} tasks or models that are not approved any more: calls with those stop at once."
    )


def _longer(org: UUID, before: Allowance, after: Allowance) -> str:
    if after.longest_days is None or after.longest_days == before.longest_days:
        return ""
    number = living_longer(org, after.longest_days)
    if not number:
        return ""
    keys = "1 live key ends" if number == 1 else f"{number:,} live keys end"
    return f"{keys} later than that, and may until changed or rotated."
