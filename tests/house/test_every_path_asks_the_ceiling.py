"""Whoever hands out a role, by whatever door: nobody gets one above what the giver may give.

Each door whose event gives a role, or lends one to a program, is tried by people who hold too little, with every role, for
themselves and for others. What everybody holds is read before and after; each thing that is new
has to lie under the giver's ceiling as it was before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from audit.events import Event
from config.roles import (
    GROUP_ROLES,
    ORGANIZATION_ROLES,
    PROJECT_ROLES,
    RESOURCE_ROLES,
    WORKSPACE_ROLES,
    Permission,
    Role,
    permissions_of,
)
from orgs.access import Access
from orgs.ceiling import may_grant
from orgs.models import Group, Invitation, Membership
from orgs.tenancy import bound
from projects.actions.share_rules import ASKING
from projects.forms.keys import MAY
from projects.models import InvitationProject, Project, Resource, ServiceToken, Workspace
from tests.factories import Cast, access_of, make_group, make_member, make_seat, sign_in
from tests.house.doors import Door, address, organization_doors, some_offer
from tests.house.furniture import Belongings, Furniture, belongings, furnish
from tests.house.lent import (
    Lent,
    Programs,
    lent,
    make_programs,
    may_lend,
    newest_secret,
    once,
    roles_of_accounts,
)
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_request,
    make_workspace,
)

Data = dict[str, Any]
Held = tuple[str, Role, Any]  # Who holds which role where; on no place, in the organization.

# The events of which somebody holds more than before, or will.
GIVES = {
    *(Event.MEMBER_ROLE_CHANGED, Event.MEMBER_EXPIRY_CHANGED, Event.ROSTER_IMPORTED),
    *(Event.OWNERSHIP_OFFERED, Event.OWNERSHIP_ACCEPTED),
    *(Event.INVITATION_SENT, Event.INVITATION_CHANGED, Event.INVITATION_PROJECT_PROMISED),
    *(Event.GROUP_MEMBER_ADDED, Event.GROUP_MEMBER_CHANGED),
    *(Event.GROUP_ROLE_GIVEN, Event.GROUP_ROLE_RESTORED),
    *(Event.WORKSPACE_SHARED, Event.WORKSPACE_SHARE_CHANGED),
    *(Event.PROJECT_SHARED, Event.PROJECT_SHARE_CHANGED),
    *(Event.RESOURCE_SHARED, Event.RESOURCE_SHARE_CHANGED),
    *(Event.PROJECT_CREATED, Event.REQUEST_APPROVED),
    # And what lends roles to programs: their text is in somebody's hands.
    *(Event.KEY_CREATED, Event.KEY_CHANGED, Event.KEY_ROTATED, Event.KEY_REOWNED),
    *(Event.SERVICE_ACCOUNT_CREATED, Event.SERVICE_ACCOUNT_CHANGED),
    *(Event.SERVICE_ACCOUNT_PLACED, Event.SERVICE_TOKEN_CREATED),
}

# These give a role by a rule of their own instead: what an Owner opens lets in a superadmin alone,
# as Viewer or Admin for a week at most; what an Admin claims has been announced for three days. The
# database holds both, and each has tests of its own.
BESIDE_THE_CEILING = {Event.SUPPORT_OPENED: {Role.OWNER}, Event.OWNER_CLAIM_COMPLETED: None}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The furnished organization, and somebody who would like more."""

    cast: Cast
    here: Furniture
    person: User
    member: Membership
    club: Group  # Whoever is tried is in it.
    other: Membership
    wanted: list[Any]  # What they have asked for themselves.
    mine: Belongings
    programs: Programs

    @property
    def access(self) -> Access:
        return access_of(self.cast.acme, self.person)

    @property
    def places(self) -> list[Project]:
        with bound(self.cast.acme.id):
            return list(Project.objects.in_org(self.cast.acme))


def sharing(roles: tuple[Role, ...]) -> Callable[[Scene], Iterator[Data]]:
    def data(scene: Scene) -> Iterator[Data]:
        for role in roles:
            for to in (scene.member, scene.other, scene.club):
                kind = "group" if to is scene.club else "member"
                yield {"to": f"{kind}:{to.pk}", "role": role.value, "reason": "Because"}

    return data


def roles_only(*roles: Role, **more: Any) -> Callable[[Scene], Iterator[Data]]:
    return lambda scene: ({"role": role.value, "reason": "Because", **more} for role in roles)


def seats(scene: Scene) -> Iterator[Data]:
    for member in (scene.member, scene.other):
        yield {"membership": str(member.pk), "reason": "Because"}


def invited(scene: Scene) -> Iterator[Data]:
    for role in ORGANIZATION_ROLES:
        yield {"people": f"{role.value}@example.com", "role": role.value, "step": "apply"}


def promised(scene: Scene) -> Iterator[Data]:
    for role in PROJECT_ROLES:
        yield {"project": str(scene.here.project.pk), "role": role.value, "reason": "Because"}


def bulk(scene: Scene) -> Iterator[Data]:
    both = [str(scene.member.pk), str(scene.other.pk)]
    for role in ORGANIZATION_ROLES:
        yield {"member": both, "role": role.value, "reason": "Because", "apply": "1"}


def ways(scene: Scene) -> Iterator[Data]:
    places = (scene.here.project.pk, scene.here.workspace.pk, scene.cast.acme.pk)
    for role in (Role.PROJECT_OWNER, Role.PROJECT_MEMBER, Role.WORKSPACE_ADMIN, Role.ADMIN):
        for place in places:
            yield {"way": f"{role.scope.value}:{place}:{role.value}", "answer": "Fine"}
    yield {"answer": "Fine", "name": "A project of my own"}


def owned(scene: Scene) -> Iterator[Data]:
    for owner in (scene.person.email, scene.other.email, ""):
        yield {"name": f"New for {owner}", "owner": owner, "environment": ""}


def longer(scene: Scene) -> Iterator[Data]:
    yield {"until": (timezone.localdate() + timedelta(days=90)).isoformat(), "reason": "Because"}
    yield {"until": "", "reason": "Because"}


def named(scene: Scene) -> Iterator[Data]:
    for role in ("", Role.MEMBER.value, Role.OWNER.value):
        yield {"name": f"New {role}", "role": role}


def placed(scene: Scene) -> Iterator[Data]:
    for project in scene.places:
        yield {"project": str(project.pk), "reason": "Because"}


def scoped(scene: Scene) -> Iterator[Data]:
    for scope in ServiceToken.Scope.values:
        yield {"name": "Gateway", "scopes": [scope]}
    yield {"name": "Gateway", "scopes": ServiceToken.Scope.values}


def lending(scene: Scene) -> Iterator[Data]:
    for account in (*scene.programs.accounts, scene.here.account):
        yield {"account": str(account.pk), "reason": "Because", "place": "on"}
    yield {"account": str(scene.here.account.pk), "reason": "Because"}


def doing(scene: Scene) -> Iterator[Data]:
    for may in MAY:
        yield {"name": "A key", "may": may}


# What is sent through each door that gives a role; those of organizations' owners alone are
# tried like the rest.
ATTEMPTS: dict[str, Callable[[Scene], Iterator[Data]]] = {
    "workspace_share": sharing(WORKSPACE_ROLES),
    "project_share": sharing(PROJECT_ROLES),
    "resource_share": sharing(RESOURCE_ROLES),
    "workspace_share_change": roles_only(*WORKSPACE_ROLES),
    "project_share_change": roles_only(*PROJECT_ROLES),
    "resource_share_change": roles_only(*RESOURCE_ROLES),
    "group_role_toggle": lambda scene: iter([{"on": "1"}]),
    "group_role_undo": lambda scene: iter([{"token": "made up"}]),
    "group_member_add": seats,
    "group_member_change": longer,
    "invitation_create": invited,
    "invitation_change": roles_only(*ORGANIZATION_ROLES, days="3"),
    "invitation_projects": promised,
    "member_change_role": roles_only(*ORGANIZATION_ROLES),
    "member_bulk_change_role": bulk,
    "member_extend": longer,
    "ownership_offer": lambda scene: iter([{"confirm": scene.cast.acme.name}]),
    "ownership_accept": lambda scene: iter([{"confirm": scene.cast.acme.name}]),
    "project_create": owned,
    "request_approve": ways,
    "roster_import": lambda scene: iter([{}]),
    **dict.fromkeys(("key_create", "project_key_create", "personal_key_create"), doing),
    "key_change": doing,
    "key_rotate": lambda scene: iter([{"overlap": "0"}, {"overlap": "24"}]),
    "key_reown": lending,
    "service_account_create": named,
    "service_account_change": named,
    "service_account_suspend": lambda scene: iter([{"suspended": "", "reason": "Because"}]),
    "service_account_place": placed,
    "service_token_create": scoped,
}
# What was ticked cannot be undone by a token that is made up, an offer is another's; and what
# only lasts longer, or is offered, is not held at once.
NOT_AT_ONCE = {"group_role_undo", "ownership_accept", "ownership_offer"} | {
    *("group_member_change", "member_extend")
}


def giving_doors() -> list[Door]:
    return [door for door in organization_doors() if door.lock.records in GIVES]


def test_every_door_that_gives_a_role_is_tried() -> None:
    assert {door.name for door in giving_doors()} == set(ATTEMPTS)


def with_group_role(role: Role) -> Callable[[Scene], None]:
    def give(scene: Scene) -> None:
        group = make_group(scene.cast.acme)
        make_seat(group, scene.member)
        make_group_role(group, role)

    return give


def on(place: str, role: Role) -> Callable[[Scene], None]:
    def give(scene: Scene) -> None:
        make_grant(getattr(scene.here, place), scene.member, role)

    return give


def owner_elsewhere(scene: Scene) -> None:
    make_grant(make_project(scene.cast.acme), scene.member, Role.PROJECT_OWNER)
    make_grant(make_workspace(scene.cast.acme), scene.member, Role.WORKSPACE_ADMIN)


# Who tries: an organization role, and what else they hold.
TRYING: dict[str, tuple[Role, Callable[[Scene], None] | None]] = {
    "an Owner": (Role.OWNER, None),
    "a Member": (Role.MEMBER, None),
    "an Admin": (Role.ADMIN, None),
    "an owner of another project": (Role.MEMBER, owner_elsewhere),
    "a Project Member": (Role.MEMBER, on("project", Role.PROJECT_MEMBER)),
    "a Project Owner": (Role.MEMBER, on("project", Role.PROJECT_OWNER)),
    "a Workspace Admin": (Role.MEMBER, on("workspace", Role.WORKSPACE_ADMIN)),
    "a Workspace Collaborator": (Role.MEMBER, on("workspace", Role.WORKSPACE_COLLABORATOR)),
    "a Resource Admin": (Role.MEMBER, on("agent", Role.RESOURCE_ADMIN)),
    "a Groups Admin": (Role.MEMBER, with_group_role(Role.GROUPS_ADMIN)),
    "a Projects Admin": (Role.MEMBER, with_group_role(Role.PROJECTS_ADMIN)),
    "a Runners Admin": (Role.VIEWER, with_group_role(Role.RUNNERS_ADMIN)),
}


@pytest.mark.parametrize("who", TRYING)
@pytest.mark.requirement("S2-056", "S3-003")
def test_nobody_reaches_or_gives_what_lies_above_their_ceiling(cast: Cast, who: str) -> None:
    scene = set_up(cast, *TRYING[who])
    given = {door.name for door in giving_doors() if attempt(scene, door)}
    if who == "an Owner":
        assert given == set(ATTEMPTS) - NOT_AT_ONCE, "or the attempts would show nothing"


def set_up(cast: Cast, role: Role, more: Callable[[Scene], None] | None) -> Scene:
    here, other = furnish(cast.acme), make_member(cast.acme)
    member = make_member(cast.acme, role)
    assert member.person is not None
    club = make_group(cast.acme)
    make_seat(club, member)
    own = {"for_member": member}
    wanted = [
        make_request(member, role=Role.PROJECT_OWNER.value, project=here.project, **own),
        make_request(member, "group", group=here.group, **own),
        make_request(member, role=Role.ADMIN.value, **own),
    ]
    scene = Scene(
        cast=cast,
        here=here,
        person=member.person,
        member=member,
        club=club,
        other=other,
        wanted=wanted,
        mine=belongings(member, here.project),
        programs=make_programs(cast, here, member),
    )
    if more:
        more(scene)
    return scene


def attempt(scene: Scene, door: Door) -> bool:
    """Send everything through the door; did somebody get anything?"""
    client, held = sign_in(scene.person), reach(scene.cast)
    lends, places = lent(scene.cast, held), set(scene.places)
    before = Before(scene.access, held, lends, may_now(scene), places)
    got = False
    for objects in before_which(scene, door):
        url = address(scene.cast.acme, door, objects)
        for data in ATTEMPTS[door.name](scene):
            with transaction.atomic():
                data = whole(client, scene, door, objects, data)
                response = client.post(url, data)
                is_shut = response.status_code == 404 or is_refused(response)
                if not is_shut:
                    assert response.status_code < 500
                    got = compare(scene, before, f"{door.name} with {data}") or got
                transaction.set_rollback(True)
            if is_shut:
                break  # The door itself is shut to them, whatever they send.
    return got


def is_refused(response: Any) -> bool:
    return getattr(response.wsgi_request, "refusal", None) is not None


@dataclass(frozen=True)
class Before:
    access: Access
    reach: set[Held]
    lent: set[Lent]
    may: set[tuple[str, Permission]]
    projects: set[Project]


def compare(scene: Scene, before: Before, what: str) -> bool:
    """Is somebody holding more? Then each bit of it lies under the ceiling."""
    held = reach(scene.cast)
    new, more_lent = held - before.reach, lent(scene.cast, held) - before.lent
    for name, role, place in new:
        assert under_the_ceiling(before, role, place), f"{what} gave {name} {role} on {place}"
    for name, deed, place in more_lent:
        may = is_new(before, place) or may_lend(before.access, deed, place)
        assert may, f"{what} lets {name} {deed} on {place}"
    if new and before.access.role is not Role.OWNER:
        more = {gain for gain in may_now(scene) - before.may if gain[1] not in ASKING}
        assert not more, f"{what} reached {more}"
    return bool(new or more_lent)


def before_which(scene: Scene, door: Door) -> list[dict[str, Any]]:
    """What is behind the door: among members and requests, one's own as well."""
    found = scene.here.objects(door, scene.mine)
    family = door.name.split("_")[0]
    if family == "member" and door.wanted:
        return [{"pk": scene.member.pk}, {"pk": scene.other.pk}]
    if family == "request":
        return [{"pk": request.pk} for request in (*scene.wanted, *scene.here.requests)]
    if family == "group":
        club = {"pk": scene.club.pk, "seat": scene.here.seat.pk}
        roles = GROUP_ROLES if "role" in door.wanted else GROUP_ROLES[:1]
        return [
            one | over | {"role": role.value}
            for one in found
            for over in ({}, club)
            for role in roles
        ]
    if family == "key" and door.wanted:
        return [{"pk": key.pk} for key in (*scene.programs.keys, scene.mine.key)]
    if door.name == "service_token_create":
        return [{"pk": scene.here.account.pk}]
    if family == "service" and door.wanted:
        return [{"pk": one.pk} for one in (*scene.programs.accounts, scene.here.account)]
    if door.name == "ownership_accept":
        return [some_offer(scene.cast.acme)]
    return found


def whole(client: Any, scene: Scene, door: Door, objects: Data, data: Data) -> Data:
    """With what the page of the form would have carried."""
    if door.name == "roster_import":
        return roster(client, scene, address(scene.cast.acme, door, objects))
    if door.name == "key_rotate":
        with bound(scene.cast.acme.id):
            return data | {"seen": newest_secret(objects["pk"])}
    if door.lock.records is Event.KEY_CREATED:
        return data | {"once": once(scene.member)}
    return data


def roster(client: Any, scene: Scene, url: str) -> Data:
    """The file that makes two more owners, the sender one of them, read and ready to apply."""
    cast = scene.cast
    owners = ", ".join((cast.alice.email, scene.person.email, scene.other.email))
    text = f"orgs:\n  {cast.acme.slug}:\n    admins: [{owners}]\n"
    page = client.post(url, {"text": text})
    packed = re.search(r'name="roster"\s+value="([^"]+)"', page.content.decode())
    sent = packed[1] if packed else ""
    return {"roster": sent, "step": "apply", "confirm": cast.acme.name}


def reach(cast: Cast) -> set[Held]:
    """Who holds which role where, and what waits for who is invited."""
    with bound(cast.acme.id):
        places: dict[Any, Any] = {cast.acme.id: None}
        for model in (Workspace, Project, Resource):
            places |= {place.pk: place for place in model.objects.in_org(cast.acme)}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT membership_id, role, place_id FROM access_paths(NULL, NULL, NULL)"
            )
            found = {
                (str(who), Role(role), places[place]) for who, role, place in cursor.fetchall()
            }
        found |= {
            (f"invitation {one.email}", Role(one.role), None)
            for one in Invitation.objects.in_org(cast.acme).filter(state="pending")
        }
        found |= roles_of_accounts(cast)
        promises = InvitationProject.objects.in_org(cast.acme).select_related("project")
        found |= {(f"promise {one.pk}", Role(one.role), one.project) for one in promises}
    return found


def under_the_ceiling(before: Before, role: Role, place: Any) -> bool:
    """As it was before; a project that is new belongs to whoever may make one."""
    if is_new(before, place):
        return before.access.can(Permission.PROJECTS_CREATE)
    return may_grant(before.access, role, place)


def is_new(before: Before, place: Any) -> bool:
    return isinstance(place, Project) and place not in before.projects


def may_now(scene: Scene) -> set[tuple[str, Permission]]:
    """What the one who tries may do, and where."""
    access = scene.access
    found = {("everywhere", permission) for permission in access.permissions}
    for place in (scene.here.workspace, scene.here.project, scene.here.agent):
        held = permissions_of(access.roles | access.roles_on(place), access.policies)
        found |= {(place.name, permission) for permission in held}
    return found


def test_what_gives_a_role_beside_the_ceiling_is_an_owners_or_takes_a_claim(cast: Cast) -> None:
    found = {door.lock.records: door for door in organization_doors()}
    for event, roles in BESIDE_THE_CEILING.items():
        assert event not in GIVES
        asked = found[event].lock.permission
        holding = {
            role for role in ORGANIZATION_ROLES if asked in permissions_of({role}, frozenset())
        }
        assert holding == (roles or {Role.OWNER, Role.ADMIN})
