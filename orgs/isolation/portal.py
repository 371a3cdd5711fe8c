"""The portal: shut to everybody but superadmins in the same words as an address that is none, and
to them empty of what is inside organizations.

A superadmin sends no form about a container that is there: that would be a deed.
"""

from __future__ import annotations

from uuid import UUID, uuid4

from orgs.isolation.calls import METHODS, Call
from orgs.isolation.people import House
from orgs.isolation.routes import Route
from orgs.isolation.samples import likeliest, missing, references
from orgs.isolation.trial import Outsider, Trial

EACH = 6
"""So many foreign ids each route is asked for, of as many tables."""


def walk(
    trial: Trial,
    routes: list[Route],
    *,
    target: House,
    refused: list[Outsider],
    superadmin: Outsider | None,
    containers: list[UUID],
) -> None:
    """`refused` are people who may not come; `containers` what a superadmin may look at."""
    for route in trial.each(routes):
        for outsider in refused:
            for method in METHODS:
                _as_if_it_were_none(trial, route, method, outsider, target)
        if superadmin is None:
            continue
        if route.has_id:
            _foreign_ids(trial, route, superadmin, target)
            for pk in containers:
                call = Call(address=route.address(pk=pk), words=[str(pk)])
                trial.look(route.name, superadmin, call)
        else:
            _filtered(trial, route, superadmin, target)


def _as_if_it_were_none(
    trial: Trial, route: Route, method: str, outsider: Outsider, target: House
) -> None:
    address = route.address(**{part: str(target.id) for part in route.parts})
    none = f"/admin/{uuid4().hex}/"
    trial.compare(
        route.name,
        outsider,
        Call(method=method, address=address, words=[address]),
        Call(method=method, address=none, words=[none]),
    )


def _foreign_ids(trial: Trial, route: Route, superadmin: Outsider, target: House) -> None:
    """What is inside an organization is nothing here, whatever kind of id it has."""
    nowhere = str(uuid4())
    for pk in likeliest(target.samples, EACH, route.name, route.before("pk")):
        for method in METHODS:
            there, none = (
                Call(method=method, address=route.address(pk=one), words=[one])
                for one in (str(pk), nowhere)
            )
            trial.compare(route.name, superadmin, there, none)


def _filtered(trial: Trial, route: Route, superadmin: Outsider, target: House) -> None:
    """A list that is searched for a word of the contents, and filtered by ids of them."""
    foreign = references(target.samples, target.id)
    words = sorted(target.marks.words, key=len)
    foreign |= {"q": words[-1] if words else str(target.id), "actor": foreign["pk"]}
    there, nowhere = (
        Call(address=route.address(), query=query, words=[*query.values()])
        for query in (foreign, missing(foreign))
    )
    trial.compare(route.name, superadmin, there, nowhere)
    trial.look(route.name, superadmin, Call(address=route.address()))
