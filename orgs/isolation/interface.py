"""The interface, asked with the token of another organization: in address, header and body.

Each place that takes a text is asked with what is the organization's and what is nowhere; and with
its own token, to know whether the place tells the two apart for whoever may know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, islice, product

from orgs.isolation.calls import ALL_METHODS, Call, ask, without
from orgs.isolation.document import Endpoint, Slot, Value, endpoints
from orgs.isolation.people import House, anybody
from orgs.isolation.routes import Route
from orgs.isolation.samples import alike, likeliest, rows
from orgs.isolation.trial import Outsider, Trial

DOCUMENT = "/openapi.json"
EACH = 3
"""So many foreign ids each place is asked with, of as many tables."""
MOST_TRIED = 60

Values = dict[Slot, Value]


def walk(
    trial: Trial, routes: list[Route], *, target: House, stranger: Outsider, token: str
) -> None:
    """`token` is the stranger's, of another organization; without any, nothing is told either."""
    known = {endpoint.address: endpoint for endpoint in endpoints(json.loads(documented()))}
    for route in trial.each(routes):
        endpoint = known.get(route.pattern)
        if endpoint is None:
            trial.report.untried.append(f"{route.pattern}: {DOCUMENT} does not have it")
            continue
        opening = _opening(trial, endpoint, target)
        if opening is None:
            trial.report.unopened.append(route.pattern)
        for values in _asked(endpoint, target, opening):
            there, nowhere = (endpoint.call(one) for one in (values, _of_nobody(values)))
            trial.compare(route.pattern, stranger, there.by(token), nowhere.by(token))
        _by_every_method(trial, endpoint, stranger, token, opening or {})


def documented() -> str:
    """What the interface says of itself, to everybody."""
    return ask(anybody(), Call(address=DOCUMENT)).says


def _asked(endpoint: Endpoint, target: House, opening: Values | None) -> Iterator[Values]:
    """What opens it to its own, all of it at once; and each place alone, with all that may fit."""
    if opening:
        yield opening
    for slot in endpoint.slots:
        yield from ({slot: value} for value in _values(slot, target))


def _values(slot: Slot, target: House) -> Iterator[Value]:
    """What is the organization's and could stand there."""
    if slot.where == "header":
        yield Value(target.lent.report)
        return
    kinds = slot.types or ("",)
    if not slot.is_id or slot.types:
        yield Value(target.owner.email, kinds[0])
    ids = [likeliest(target.samples, EACH, kind or slot.name) for kind in kinds]
    for row in zip(*ids, strict=True):
        yield from (Value(str(pk), kind) for pk, kind in zip(row, kinds, strict=True))
    if not slot.is_id or slot.types:
        yield from (Value(target.slug, kind) for kind in kinds)
    if slot.name == "key" and not slot.is_id:
        yield Value(target.lent.key)


def _every(slot: Slot, target: House) -> Iterator[Value]:
    """An id alone may be of many rows, of which one is in the state that is asked for."""
    if slot.is_id and not slot.types:
        yield from (Value(str(pk)) for pk in rows(target.samples, EACH, slot.name))
    else:
        yield from _values(slot, target)


def _of_nobody(values: Values) -> Values:
    return {slot: Value(alike(value.text), value.kind) for slot, value in values.items()}


def _opening(trial: Trial, endpoint: Endpoint, target: House) -> Values | None:
    """With what it tells its own organization more than with what is nobody's; None with nothing.

    The places that name something are filled together: one that is not there is enough to refuse.
    """
    typed = [slot for slot in endpoint.slots if slot.types]
    together = (dict(zip(typed, values, strict=True)) for values in _together(typed, target))
    alone = ({slot: value} for slot in endpoint.slots for value in _every(slot, target))
    for opening in islice(chain(together if typed else (), alone), MOST_TRIED):
        if _tells(trial, endpoint, opening, target.lent.token):
            return opening
    return None


def _together(slots: list[Slot], target: House) -> list[tuple[Value, ...]]:
    """A value for each, the likeliest of all of them first."""
    ranked = [enumerate(_values(slot, target)) for slot in slots]
    combined = sorted(product(*ranked), key=lambda places: sum(rank for rank, _ in places))
    return [tuple(value for _, value in places) for places in combined]


def _tells(trial: Trial, endpoint: Endpoint, opening: Values, token: str) -> bool:
    pair = [endpoint.call(one).by(token) for one in (opening, _of_nobody(opening))]
    there, nowhere = (without(trial.ask(anybody(), one), *pair) for one in pair)
    return (there.status, there.says) != (nowhere.status, nowhere.says)


def _by_every_method(
    trial: Trial, endpoint: Endpoint, stranger: Outsider, token: str, values: Values
) -> None:
    """Also without a token, and with one that is none."""
    pair = values, _of_nobody(values)
    for method in ALL_METHODS:
        there, nowhere = (endpoint.call(one, method=method) for one in pair)
        trial.compare(endpoint.address, stranger, there.by(token), nowhere.by(token))
    for one in ("", alike(token)):
        there, nowhere = (endpoint.call(values).by(one) for values in pair)
        trial.compare(endpoint.address, stranger, there, nowhere)
