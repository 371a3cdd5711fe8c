"""The pages of organizations, called by who is in another one, in none, or not signed in.

Under the foreign address it is the organization itself that exists or not; under one's own, what
an id or a filter names. In an organization of one's own nothing is sent that is not about an id:
what people do there may reach outside, to a payment provider or a webhook.
"""

from __future__ import annotations

from uuid import uuid4

from orgs.isolation.calls import METHODS, Call
from orgs.isolation.people import House
from orgs.isolation.routes import Route
from orgs.isolation.samples import Values, candidates, missing, references
from orgs.isolation.trial import Outsider, Trial

_NOT_THERE = (404, 500)


def walk(
    trial: Trial,
    routes: list[Route],
    *,
    target: House,
    own: House,
    insider: Outsider,
    strangers: list[Outsider],
) -> None:
    """`insider` is the owner of another organization, `strangers` come to the foreign address."""
    known: dict[str, Values] = {}
    for route in trial.each(routes):
        values = _opening(trial, route, target, known.get(route.noun, {}))
        if values is None:
            trial.report.unopened.append(route.name)
            continue
        known[route.noun] = known.get(route.noun, {}) | values
        for outsider in strangers:
            _under_the_foreign_address(trial, route, "get", outsider, target, values)
        for method in METHODS:
            if method != "get":
                _under_the_foreign_address(trial, route, method, insider, target, values)
            if route.has_id:
                _under_ones_own(trial, route, method, insider, own, values)
        if not route.has_id:
            _filtered(trial, route, insider, own, target, values)


def _opening(trial: Trial, route: Route, target: House, known: Values) -> Values | None:
    """Values with which an owner of the organization finds something there."""
    if not route.parts:
        return {}
    for values in candidates(route, target.samples, known):
        call = Call(address=route.address(slug=target.slug, **values))
        if trial.ask(target.client, call, reads=False).status not in _NOT_THERE:
            return values
    return None


def _under_the_foreign_address(
    trial: Trial, route: Route, method: str, outsider: Outsider, target: House, values: Values
) -> None:
    trial.compare(
        route.name,
        outsider,
        _call(route, method, target.slug, values),
        _call(route, method, f"no-{uuid4().hex[:12]}", _elsewhere(route, values)),
    )


def _under_ones_own(
    trial: Trial, route: Route, method: str, outsider: Outsider, own: House, values: Values
) -> None:
    trial.compare(
        route.name,
        outsider,
        _call(route, method, own.slug, values),
        _call(route, method, own.slug, _elsewhere(route, values)),
    )


def _filtered(
    trial: Trial, route: Route, outsider: Outsider, own: House, target: House, values: Values
) -> None:
    """A page of one's own that is asked for what a foreign id names."""
    address = route.address(slug=own.slug, **values)
    foreign = references(target.samples, target.id)
    there, nowhere = (
        Call(address=address, query=query, words=[*query.values()])
        for query in (foreign, missing(foreign))
    )
    trial.compare(route.name, outsider, there, nowhere)


def _call(route: Route, method: str, slug: str, values: Values) -> Call:
    words = [slug, *map(str, values.values())]
    return Call(method=method, address=route.address(slug=slug, **values), words=words)


def _elsewhere(route: Route, values: Values) -> Values:
    kinds = route.parts
    return {name: uuid4() if kinds[name] == "uuid" else one for name, one in values.items()}
