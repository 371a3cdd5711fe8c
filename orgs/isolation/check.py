"""The whole self-test for one organization: who calls what, area by area. All of it is undone.

The portal comes first: its own connection would wait for rows that the others have touched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from uuid import UUID

from accounts.models import User
from config.portal import is_open
from orgs.isolation import elsewhere, inside, interface, portal
from orgs.isolation.calls import everything_undone
from orgs.isolation.interface import documented
from orgs.isolation.marks import Marks
from orgs.isolation.people import (
    House,
    anybody,
    client_of,
    house_of,
    known_to_portal,
    new_house,
    new_person,
    superadmin_of_portal,
)
from orgs.isolation.routes import Area, Route, routes
from orgs.isolation.trial import Outsider, Report, Trial

NO_SUPERADMIN = (
    "as a superadmin: there is none, and the portal’s own connection sees nobody who is not"
    " committed; `manage.py createsuperuser` makes one"
)
SHUT = "as a superadmin: the portal has no role to log in as, and is shut to everybody"

Progress = Callable[[Area, int, int], None]


def check(
    organization: UUID,
    slug: str,
    *,
    areas: Collection[Area] = tuple(Area),
    only: Collection[str] = (),
    judges_time: bool = False,
    progress: Progress = lambda area, done, of: None,
) -> list[Report]:
    """Raises LookupError where `only` names no route. Nothing named: every route."""
    called = [route for route in routes() if not only or route.name in only]
    if not called:
        raise LookupError("There is no such route.")
    reports = []
    with everything_undone():
        houses = house_of(organization, slug), new_house()
        for area in (Area.PORTAL, Area.INSIDE, Area.INTERFACE, Area.ELSEWHERE):
            if area in areas:
                trial = Trial(Report(area), judges_time, partial(progress, area))
                _WALKS[area](trial, [one for one in called if one.area is area], *houses)
                reports.append(trial.report)
    return reports


def _inside(trial: Trial, called: list[Route], target: House, own: House) -> None:
    marks = _marks(target, own)
    stranger = Outsider(name="another organization’s owner", client=own.client, marks=marks)
    inside.walk(
        trial,
        called,
        target=target,
        own=own,
        insider=stranger,
        strangers=[
            Outsider(name="the same, under the foreign address", client=own.client, marks=marks),
            _superadmin(marks, new_person(is_staff=True)),
            Outsider(name="nobody", client=anybody(), marks=marks),
        ],
    )


def _interface(trial: Trial, called: list[Route], target: House, own: House) -> None:
    marks = _marks(target, own)
    stranger = Outsider(name="another organization’s token", client=anybody(), marks=marks)
    interface.walk(trial, called, target=target, stranger=stranger, token=own.lent.token)


def _portal(trial: Trial, called: list[Route], target: House, own: House) -> None:
    person = superadmin_of_portal() if is_open() else None
    # The container itself, and the people who have accounts, are what a superadmin runs.
    marks = target.marks.without({str(target.id), *known_to_portal(target)})
    superadmin = _superadmin(marks, person) if person else None
    if superadmin is None:
        trial.report.untried.append(NO_SUPERADMIN if is_open() else SHUT)
    portal.walk(
        trial,
        called,
        target=target,
        refused=[
            Outsider(name="the organization’s owner", client=target.client),
            Outsider(name="another organization’s owner", client=own.client),
        ],
        superadmin=superadmin,
        containers=[target.id, target.owner.pk],
    )


def _elsewhere(trial: Trial, called: list[Route], target: House, own: House) -> None:
    marks = _marks(target, own)
    elsewhere.walk(
        trial,
        called,
        target=target,
        outsiders=[
            Outsider(name="another organization’s owner", client=own.client, marks=marks),
            _superadmin(marks, new_person(is_staff=True)),
            Outsider(name="nobody", client=anybody(), marks=marks),
        ],
    )


_WALKS = {
    Area.INSIDE: _inside,
    Area.INTERFACE: _interface,
    Area.PORTAL: _portal,
    Area.ELSEWHERE: _elsewhere,
}


def _superadmin(marks: Marks, person: User) -> Outsider:
    return Outsider(name="a superadmin", client=client_of(person), marks=marks)


def _marks(target: House, own: House) -> Marks:
    """What is the one's and not the other's as well, nor an example that everybody reads."""
    known = {*own.marks.ids, *own.marks.words}
    return target.marks.without(known).not_in(documented())
