"""No page asks the database more often because an organization has grown.

Every route under an organization is walked by GET, as an owner, among few rows and among many.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.roles import ORGANIZATION_ROLES, Role
from orgs.models import Group, GroupMembership, Invitation, Membership, OwnershipOffer
from orgs.tenancy import bound
from projects.models.resources import IN_A_PROJECT
from tests.factories import TEST, Cast, sign_in
from tests.house.books import populate_books, sold
from tests.house.crowd import populate_projects
from tests.house.doors import address, organization_doors
from tests.house.governed import populate_rule
from tests.house.machines import populate_machines

FEW, MANY = 3, 30
MEMBERS_PAGE = 6
TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


# Whoever adds a page stays below. A dialog that says what would change does the deed, measures
# before and after, judges the rules of the organization, and takes it back: that is worth some more.
MOST, WITH_PREVIEW = 12, 22
# A line of the request log names a key, its secret, a project, a token and a person, and what was
# reported of it: one question each for the whole page. The dashboard has a number of everything, and
# so has the page of billing: plan, seats, what comes next, usage, invoices and whom they are for. As
# of a day, each kind of thing that was held is put together by itself.
WITH_MUCH = {
    "as_of": 22,
    "dashboard": 16,
    "billing_overview": 15,
    "call_list": 13,
    "project_calls": 15,
}
PREVIEWS = (
    "_unshare",
    "_unassign",
    "_remove",
    "_delete",
    "_approve",
    "_change",
    "_share",
    "_extend",
    "_add",
)


def most(route: str) -> int:
    return WITH_PREVIEW if route.endswith(PREVIEWS) else WITH_MUCH.get(route, MOST)


# Among few nobody breaks a rule of the pack; who does is named in one question for all of them.
ONCE_THERE = {"pack_add": 1}

FAMILIES = {
    *("group", "invitation", "ownership", "workspace", "project", "resource"),
    *("environment", "integration", "request", "task", "key", "service", "limit"),
    *("invoice", "budget", "provider"),
    *("webhook", "support", "owner", "domain", "rule", "worker", "filter"),
}
# The first word of these routes is not what they are about.
ABOUT = {
    **dict.fromkeys(("ownership_accept", "ownership_decline"), "offer_to_me"),
    **dict.fromkeys(("support_case_view", "support_case_answer", "support_case_solve"), "case"),
    "member_keys": "keyed",
    "rule_exception_end": "exception",
    "audit_person_erase": "gone",
}


@sold()
def test_no_page_asks_more_in_a_larger_organization(cast: Cast) -> None:
    client, objects = sign_in(cast.alice), populate(cast, FEW)
    few = {name: asked(client, url) for name, url in addresses(cast, objects).items()}
    populate(cast, MANY)
    many = {name: asked(client, url) for name, url in addresses(cast, objects).items()}
    grown = {
        name: many[name]
        for name in few
        if len(many[name]) > len(few[name]) + ONCE_THERE.get(name, 0)
    }
    assert not grown, "\n".join(
        f"{name}: {len(few[name])} queries among {FEW} rows, {len(queries)} among {MANY}; "
        + "\n  ".join(["the last ones are", *queries[-3:]])
        for name, queries in grown.items()
    )
    above = {name: len(many[name]) for name in many if len(many[name]) > most(name)}
    assert not above, f"above the ceiling: {above}"


@pytest.mark.parametrize("rows", [FEW, MANY])
@pytest.mark.parametrize(
    "asking", ["", "?role=member", "?q=an", "?status=placeholder", "?sort=-joined", "?size=25"]
)
def test_the_members_page_asks_at_most_six_times(cast: Cast, rows: int, asking: str) -> None:
    populate(cast, rows)
    queries = asked(sign_in(cast.alice), cast.url("members/") + asking)
    assert len(queries) <= MEMBERS_PAGE, "\n".join(queries)


def addresses(cast: Cast, objects: dict[str, Any]) -> dict[str, str]:
    """Each route under the organization, at the object that has most around it."""
    found = {}
    for door in organization_doors():
        family, place = _family_of(door.name), door.name.split("_")[0]
        grant = objects.get(f"{place}_grant")
        said = objects | {"pk": objects[family], "grant": grant, "project": objects["project"]}
        said |= {"role": Role.BILLING_VIEWER.value, "number": 1, "layer": "project"}
        found[door.name] = address(cast.acme, door, said)
    return found


def _family_of(route: str) -> str:
    if route in ABOUT:
        return ABOUT[route]
    if route.startswith(
        ("personal_key", "project_", "secret_", *(f"{kind}_create" for kind in IN_A_PROJECT))
    ):
        return "project"
    family = {"publish": "resource", "hub": "resource"}.get(route.split("_")[0])
    family = family or ("member" if route == "ownership_offer" else route.split("_")[0])
    return family if family in FAMILIES else "member"


def asked(client: Client, url: str) -> list[str]:
    """The queries of the second visit: the first one remembers where this person has been."""
    _read(client.get(url))
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
        _read(response)
    assert response.status_code < 500, url
    statements = [query["sql"][:300] for query in captured.captured_queries]
    return [sql for sql in statements if not sql.startswith(TRANSACTION)]


def _read(response: HttpResponseBase) -> None:
    """A download asks while it is read."""
    if response.streaming:
        list(response)  # type: ignore[call-overload]


def populate(cast: Cast, rows: int) -> dict[str, Any]:
    """Grow Acme to this many of everything, each row with another neighbour.

    Returns ids of a member who is in every group, a group that has everyone, and so on.
    """
    org = cast.acme.id
    with bound(org):
        members = _members(cast, rows)
        groups = _groups(cast, members, rows)
        seats = _seats(cast, groups, members)
        invitations = _invitations(cast, members, rows)
        alice = cast.member(cast.alice)
        offers = [_offer(cast, alice, member) for member in members[1 : rows // 3 + 1]]
        to_me = _offer(cast, members[0], alice)
        for member in members:
            target = Target("member", member.pk, member.name)
            ledger.record(
                Event.ACCOUNT_PASSWORD_CHANGED, organization=org, actor=TEST, target=target
            )
        below = populate_projects(cast, members, groups, invitations, rows)
        below |= populate_rule(cast, members, rows)
    return (
        below
        | populate_machines(cast, rows)
        | populate_books(cast, rows)
        | {
            "member": members[0].pk,
            "group": groups[0].pk,
            "seat": seats[0].pk,
            "invitation": invitations[0].pk,
            "ownership": offers[0].pk,
            "offer_to_me": to_me.pk,
            "sequence": 2,
        }
    )


def _members(cast: Cast, rows: int) -> list[Membership]:
    """Of every role; every third one a placeholder; each invited by the one before."""
    made = list(Membership.objects.in_org(cast.acme).filter(login__gt="").order_by("login"))
    before = made[-1] if made else cast.member(cast.alice)
    for number in range(len(made), rows):
        login, person = f"anna-{number:03}", None
        if number % 3:
            person = User.objects.create(email=f"{login}@example.com", name=login, password="!")
        before = Membership.objects.create(
            organization=cast.acme,
            person=person,
            name=f"Anna {number:03}",
            login=login,
            email=person.email if person else "",
            role=ORGANIZATION_ROLES[number % len(ORGANIZATION_ROLES)],
            invited_by=before,
        )
        made.append(before)
    return made


def _groups(cast: Cast, members: list[Membership], rows: int) -> list[Group]:
    """Each inside the one before, every third one secret."""
    made = list(Group.objects.in_org(cast.acme).order_by("name"))
    for number in range(len(made), rows):
        made.append(
            Group.objects.create(
                organization=cast.acme,
                name=f"Group {number:03}",
                parent=made[-1] if number % 5 else None,
                secret=number % 3 == 0,
            )
        )
    return made


def _seats(cast: Cast, groups: list[Group], members: list[Membership]) -> list[GroupMembership]:
    """Everyone in the first group, the first member in every group, the others in one each."""
    pairs = {(groups[0], member) for member in members}
    pairs |= {(group, members[0]) for group in groups}
    pairs |= set(zip(groups, members, strict=True))
    GroupMembership.objects.bulk_create(
        [
            GroupMembership(
                organization=cast.acme,
                group=group,
                membership=member,
                added_by=members[(members.index(member) + 1) % len(members)],
            )
            for group, member in pairs
        ],
        ignore_conflicts=True,
    )
    return list(GroupMembership.objects.in_org(cast.acme).filter(group=groups[0]).order_by("id"))


def _invitations(cast: Cast, members: list[Membership], rows: int) -> list[Invitation]:
    """Open and overdue, each by another member."""
    made = list(Invitation.objects.in_org(cast.acme).order_by("email"))
    for number in range(len(made), rows):
        email = f"guest-{number:03}@example.com"
        made.append(
            Invitation.objects.create(
                organization=cast.acme,
                email=email,
                invited_by=members[number],
                token_hash=hashlib.sha256(email.encode()).digest(),
                expires_at=timezone.now() + timedelta(days=7 if number % 3 else -1),
            )
        )
    return made


def _offer(cast: Cast, by: Membership, to: Membership) -> OwnershipOffer:
    soon = timezone.now() + timedelta(days=7)
    return OwnershipOffer.objects.get_or_create(
        organization=cast.acme, offered_by=by, offered_to=to, defaults={"expires_at": soon}
    )[0]
