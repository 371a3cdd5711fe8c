"""What lies in no organization and not in the portal: accounts, invitations, hooks, what is public.

Asked with what belongs to a person of the foreign organization, or names something in it. Whether
an address has an account at all is no secret of an organization, and is not asked here.
"""

from __future__ import annotations

from uuid import uuid4

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession

from accounts.models import User
from orgs.isolation.calls import METHODS, Call
from orgs.isolation.people import House
from orgs.isolation.routes import Route
from orgs.isolation.samples import likeliest, missing, references
from orgs.isolation.trial import Outsider, Trial

NO_NUMBER = 2**31 - 7


def walk(trial: Trial, routes: list[Route], *, target: House, outsiders: list[Outsider]) -> None:
    foreign = references(target.samples, target.id)
    foreign["next"] = f"/o/{target.slug}/"
    nowhere = missing(foreign)
    for route in trial.each(routes):
        parts = _parts(route, target)
        for outsider in outsiders:
            for method in METHODS:
                trial.compare(
                    route.name,
                    outsider,
                    _call(route, method, {name: one for name, (one, _) in parts.items()}, foreign),
                    _call(route, method, {name: no for name, (_, no) in parts.items()}, nowhere),
                )


def _parts(route: Route, target: House) -> dict[str, tuple[str, str]]:
    """For each open part something of the foreign organization, and something that is nowhere."""
    found = {}
    for name, kind in route.parts.items():
        if kind == "int":
            found[name] = (str(_number(route, target)), str(NO_NUMBER))
        elif name == "uidb36":
            nobody = User(pk=uuid4())
            found[name] = (user_pk_to_url_str(target.owner), user_pk_to_url_str(nobody))
        elif kind == "uuid" or name == "token":
            (pk,) = likeliest(target.samples, 1, route.name, route.before(name))
            found[name] = (str(pk), str(uuid4()))
        else:
            found[name] = ("none", "none")
    return found


def _number(route: Route, target: House) -> int:
    """A session or a factor of a person there; where they have none, of nobody."""
    rows = UserSession if route.name.startswith("session") else Authenticator
    found = rows.objects.filter(user=target.owner).values_list("pk", flat=True).first()
    return found or NO_NUMBER - 1


def _call(route: Route, method: str, parts: dict[str, str], named: dict[str, str]) -> Call:
    words = [*parts.values(), *named.values()]
    query, form = (named, {}) if method == "get" else ({}, named)
    return Call(method=method, address=route.address(**parts), query=query, form=form, words=words)
