"""What is shown is allowed, and what is allowed is shown, for every role.

Each role walks the console from where it lands, through every link, form and fragment it is shown.
Nothing it sees may be refused; every deed it may do must be somewhere on its way.
"""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from accounts.models import User
from config.roles import permissions_of
from tests.factories import Cast, make_group, make_member, make_seat, sign_in
from tests.house.test_matrix import ROLES, organization_doors, some_invitation

ADDRESSES = {"href", "action", "formaction", "hx-get", "hx-post", "hx-delete", "hx-put"}

# Shown when there is something to do it to, or asked for by typing an address; each has its test.
IN_ITS_TIME = {
    "ownership_accept",  # to whom ownership is offered
    "ownership_decline",
    "ownership_withdraw",  # while an offer stands
    "organization_restore",  # while the organization is closing
    "event_verify",
}


class Addresses(HTMLParser):
    """Every address on a page that leads somewhere or does something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ADDRESSES and value and tag not in ("link", "script"):
                self.found.add(value)


def walk(client: Client, start: str, within: str) -> tuple[set[str], dict[str, str]]:
    """The routes seen on the way, and each route's first address; forms are seen, not sent."""
    waiting, visited, seen = [start], set(), {}
    while waiting:
        address = waiting.pop()
        path = urlsplit(address).path
        if path in visited or len(visited) > 300:
            continue
        visited.add(path)
        response = client.get(address, follow=False)
        assert getattr(response.wsgi_request, "refusal", None) is None, (
            f"{address} is shown, and refused"
        )
        assert response.status_code < 500
        if response.status_code != 200 or "html" not in response.headers.get("Content-Type", ""):
            continue
        for found in Addresses(response.content.decode()).found:
            place = urlsplit(found)
            if place.netloc or not place.path.startswith(within):
                continue
            try:
                name = str(resolve(place.path).url_name)
            except Resolver404:
                pytest.fail(f"{address} leads to {found}, which is no page")
            # One object of each kind is enough: the others have the same doors.
            if seen.setdefault(name, place.path) == place.path:
                waiting.append(place.path)
    return visited, seen


def furnish(cast: Cast) -> None:
    group = make_group(cast.acme, "DevOps")
    make_seat(group, make_member(cast.acme, name="Grace Obi"))
    some_invitation(cast.acme)


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.requirement("S1-011", "S4-013", "S4-021", "S4-022")
def test_what_is_shown_is_allowed_and_what_is_allowed_is_shown(cast: Cast, who: str) -> None:
    furnish(cast)
    person: User = getattr(cast, who)
    held = permissions_of({ROLES[who]}, frozenset(cast.acme.policies))
    client = sign_in(person)
    _, seen = walk(client, client.get("/").headers["Location"], cast.url())
    locks = {door.name: door.lock for door in organization_doors()}
    shown = set(seen)
    allowed = {name for name, lock in locks.items() if lock.permission in held}
    assert shown - allowed == set(), "shown, and the server refuses it"
    assert allowed - shown - IN_ITS_TIME == set(), "allowed, and nowhere to be found"


def test_no_page_of_one_organization_leads_into_another(cast: Cast) -> None:
    furnish(cast)
    make_member(cast.umbrella, person=cast.mia)
    client = sign_in(cast.mia)
    visited, _ = walk(client, cast.url(), cast.url())
    others: set[str] = set()
    for path in visited:
        response = client.get(path)
        if "html" in response.headers.get("Content-Type", ""):
            others |= {
                a for a in Addresses(response.content.decode()).found if cast.umbrella.slug in a
            }
    assert others <= {cast.url("", cast.umbrella)}, "only the switcher names another one"


def test_the_walk_sees_a_door_that_is_shown_and_locked(cast: Cast) -> None:
    """The law itself is tried: a link that the server refuses must make it fail."""
    client = sign_in(cast.mia)
    with pytest.raises(AssertionError, match="shown, and refused"):
        walk(client, cast.url("settings/"), cast.url())
