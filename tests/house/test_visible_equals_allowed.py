"""What is shown is allowed, and what is allowed is shown, for every role.

Who holds a role walks the console from where they land, through every link, form and fragment that
is shown. Nothing they see may be refused or missing; every door that would let them through must be
somewhere on their way.
"""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit, urlunsplit

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import Resolver404, resolve

from accounts.models import User
from config.roles import (
    GROUP_ROLES,
    PROJECT_ROLES,
    RESOURCE_ROLES,
    WORKSPACE_ROLES,
    Role,
    Scope,
)
from orgs.access import Access
from orgs.ceiling import may_grant
from orgs.models import Membership
from orgs.tenancy import bound
from projects.actions.keys import require_managing
from projects.actions.service_ceiling import require_holding
from projects.doors import changing_key, managing
from projects.models import Key
from projects.queries.key_deeds import deeds_on
from projects.queries.keys import projects_seen
from tests.factories import Cast, access_of, make_group, make_member, make_seat, sign_in
from tests.house.books import sold
from tests.house.doors import Door, address, organization_doors
from tests.house.furniture import Furniture, belongings, furnish
from tests.house.test_matrix import ROLES
from tests.projects.factories import make_grant, make_group_role, make_project
from tests.projects.keys import make_account, make_key

ADDRESSES = {"href", "action", "formaction", "hx-get", "hx-post", "hx-delete", "hx-put"}

# Shown when there is something to do it to, or asked for by typing an address; each has its test.
IN_ITS_TIME = {
    "ownership_accept",  # to whom ownership is offered
    "ownership_decline",
    "ownership_withdraw",  # while an offer stands
    "organization_restore",  # while the organization is closing
    "event_verify",
    "project_restore",  # while the project is archived, or waits to be deleted
    "group_role_undo",  # right after a role was ticked or unticked
    "subscription_start",  # while there is no subscription
    "subscription_resume",  # while it is coming to its end
    "project_insights_enable",  # while insights of a project are off
    "webhook_pause",  # while the webhook runs
    "rule_exception_give",  # while somebody breaks the rule
    "pack_remove",  # while the rules of a pack are there
    "worker_key_create",  # while there is no worker key
    "worker_key_retire",  # while the one before works on
    "audit_hold_lift",  # while the log is held
    "owner_claim_prove",  # while a domain is to be proved
    "owner_claim_complete",  # once the claim is ripe
}
# Its own page is there for who asked as well; who decides is asked of each request.
FOR_WHO_DECIDES = {"request_approve", "request_refuse", "owner_claim_cancel"}
APART = {"resource_view", "resource_access", "resource_versions", "key_view", "key_rotate"}
OWNERS_LACK_NOTHING = {"request_create", "owner_claim_create", "owner_claim_confirm"}


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
    waiting, visited, seen, shown = [start], set(), set(), {}
    while waiting:
        address = waiting.pop()
        if address in visited or len(visited) > 300:
            continue
        visited.add(address)
        response = client.get(address, follow=False)
        assert getattr(response.wsgi_request, "refusal", None) is None, (
            f"{address} is shown, and refused"
        )
        assert response.status_code < 500
        assert response.status_code != 404, f"{address} is shown, and missing"
        if response.status_code != 200 or "html" not in response.headers.get("Content-Type", ""):
            continue
        for found in sorted(Addresses(response.content.decode()).found):
            place = urlsplit(urljoin(address, found))
            if place.netloc or not place.path.startswith(within):
                continue
            try:
                name = str(resolve(place.path).url_name)
            except Resolver404:
                pytest.fail(f"{address} leads to {found}, which is no page")
            shown.setdefault(name, place.path)
            # One object of each kind is enough, the others have the same doors; but resources
            # are of several kinds, a page may have tabs, and with a query it may show less.
            apart = place.path if name in APART else ""
            kind = (name, apart, tab_of(place.query), bool(place.query))
            if kind not in seen:
                seen.add(kind)
                waiting.append(urlunsplit(("", "", *place[2:])))
    return visited, shown


def tab_of(query: str) -> str:
    asked = parse_qs(query)
    return "".join(asked.get("tab", []) + asked.get("show", []))


def answers(client: Client, cast: Cast, door: Door, objects: list[dict[str, Any]]) -> bool:
    """Does the server let this person through the door, before one of these objects?"""
    for one in objects:
        response = client.get(address(cast.acme, door, one))
        refused = getattr(response.wsgi_request, "refusal", None) is not None
        if not refused and response.status_code != 404:
            return True
    return False


def holder_of(cast: Cast, here: Furniture, role: Role) -> User:
    """A Member with this role: through a group if that is how it is held, else on its place."""
    member = make_member(cast.acme)
    if role in GROUP_ROLES:
        group = make_group(cast.acme)
        make_seat(group, member)
        make_group_role(group, role)
    else:
        places = {Scope.WORKSPACE: here.workspace, Scope.PROJECT: here.project}
        make_grant(places.get(role.scope, here.agent), member, role)
    assert member.person is not None
    return member.person


EVERYBODY = pytest.mark.parametrize(
    "who",
    [*ROLES, *WORKSPACE_ROLES, *PROJECT_ROLES, *RESOURCE_ROLES, *GROUP_ROLES],
    ids=lambda who: str(getattr(who, "value", who)),
)


@sold()
@EVERYBODY
@pytest.mark.requirement("S1-011", "S4-013", "S4-021", "S4-022")
def test_what_is_shown_is_allowed_and_what_is_allowed_is_shown(cast: Cast, who: str | Role) -> None:
    here = furnish(cast.acme)
    person = holder_of(cast, here, who) if isinstance(who, Role) else getattr(cast, who)
    with bound(cast.acme.id):
        member = Membership.objects.in_org(cast.acme).get(person=person)
    mine = belongings(member, here.project)
    client = sign_in(person)
    # The walk itself finds what is shown and refused.
    _, shown = walk(client, client.get("/").headers["Location"], cast.url())
    hidden = [
        door
        for door in organization_doors()
        if door.name not in IN_ITS_TIME | shown.keys()
        and door.name not in (OWNERS_LACK_NOTHING if who == "alice" else FOR_WHO_DECIDES)
    ]
    allowed = [
        door.name for door in hidden if answers(client, cast, door, here.objects(door, mine))
    ]
    assert allowed == [], "allowed, and nowhere to be found"


@EVERYBODY
def test_what_a_list_of_keys_offers_is_what_the_ceilings_allow(cast: Cast, who: str | Role) -> None:
    """A page asks for many keys at once; the deed, for one."""
    here = furnish(cast.acme)
    person = holder_of(cast, here, who) if isinstance(who, Role) else getattr(cast, who)
    access = access_of(cast.acme, person)
    with bound(cast.acme.id):
        ids = [key.pk for key in keys_of_all_kinds(cast, here, access.membership_id)]
        rows = Key.objects.select_related("project", "creator", "account").filter(pk__in=ids)
        keys = list(rows)
        deeds = deeds_on(access, keys, projects_seen(access, keys))
        for key in keys:
            manages = allows(require_managing, key, access) and sees(access, key)
            rotates = manages and allows(require_holding, key, access)
            gives = access.can(managing(key), key) and is_taken_in(key, access)
            assert (key.pk in deeds.manage) == manages, key.name
            assert (key.pk in deeds.rotate) == rotates, key.name
            assert (key.pk in deeds.give) == gives, key.name


def keys_of_all_kinds(cast: Cast, here: Furniture, own: Any) -> list[Key]:
    alice, me = cast.member(cast.alice), Membership.objects.get(pk=own)
    archived = make_project(cast.acme, state="archived")
    make_grant(archived, me, Role.PROJECT_OWNER)
    plain, elsewhere = make_account(cast.acme), make_account(cast.acme, projects=(archived,))
    member = make_account(cast.acme, role="member")
    holders = (alice, me, plain, elsewhere, member)
    return [
        *(
            make_key(place, one)[0]
            for place in (cast.acme, here.project, archived)
            for one in holders
        ),
        make_key(here.project, me, kind="personal")[0],
        make_key(here.project, alice, kind="personal")[0],
    ]


def allows(require: Callable[[Key, Access], None], key: Key, access: Access) -> bool:
    try:
        require(key, access)
    except ValidationError:
        return False
    return True


def sees(access: Access, key: Key) -> bool:
    """The door to one's own key in a project that one does not see is shut."""
    return access.can(changing_key(key), key)


def is_taken_in(key: Key, access: Access) -> bool:
    return key.project is None or may_grant(access, Role.PROJECT_MEMBER, key.project)


def test_no_page_of_one_organization_leads_into_another(cast: Cast) -> None:
    furnish(cast.acme)
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
