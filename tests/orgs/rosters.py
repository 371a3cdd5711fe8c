"""Small invented rosters, and imports through the real deed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit.models import Event as Entry
from orgs.actions.roster import roster_import
from orgs.models import Group, GroupMembership, Membership, Organization
from orgs.queries.roster import roster_snapshot
from orgs.roster.peribolos import read
from orgs.roster.plan import Plan, Snapshot
from orgs.tenancy import bound
from tests.factories import Cast

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data"
MERGED = REAL / "kubernetes-org" / "merged-orgs.yaml"

KEEPING = "admins: [{alice}]\nmembers: [{adam}, {mia}, {vera}, {eddie}{more}]\n"


def keeping(cast: Cast, *more: str) -> str:
    """The cast as it stands, and whoever else is named."""
    people = {name: getattr(cast, name).email for name in ("alice", "adam", "mia", "vera", "eddie")}
    return KEEPING.format(**people, more="".join(f", {name}" for name in more))


def imported(cast: Cast, text: str, **options: Any) -> Plan:
    """Alice imports this roster into Acme."""
    document = read(text, name="acme.yaml", key=cast.acme.slug)
    assert document.ok, document.errors
    return roster_import(
        org_file=document.orgs[0],
        organization=cast.acme.id,
        file="acme.yaml",
        actor=options.pop("actor", None) or cast.access(cast.alice),
        **options,
    )


def members(organization: Organization) -> dict[str, Membership]:
    """By login, or by address for who has none."""
    with bound(organization.id):
        found = Membership.objects.in_org(organization).order_by("id")
        return {member.login or member.email: member for member in found}


def groups(organization: Organization) -> dict[str, Group]:
    with bound(organization.id):
        found = Group.objects.in_org(organization).select_related("parent")
        return {group.name: group for group in found}


def seats(organization: Organization) -> set[tuple[str, str, bool]]:
    """Group, login or address, and whether marked as maintainer."""
    with bound(organization.id):
        found = GroupMembership.objects.in_org(organization).select_related("group", "membership")
        return {
            (s.group.name, s.membership.login or s.membership.email, s.is_maintainer) for s in found
        }


def entries(organization: Organization) -> list[str]:
    """The actions of the ledger, the oldest first."""
    with bound(organization.id):
        found = Entry.objects.filter(organization_id=organization.id).order_by("sequence")
        return list(found.values_list("action", flat=True))


def reload(organization: Organization) -> Organization:
    with bound(organization.id):
        return Organization.objects.get(pk=organization.pk)


def state(snapshot: Snapshot) -> tuple[object, object]:
    """A snapshot by names, without the ids that a database hands out."""
    handles = {person.id: person.key for person in snapshot.people}
    names = {group.id: group.name for group in snapshot.groups}
    people = {(p.key, p.role, p.placeholder) for p in snapshot.people}
    all_groups = {
        (
            g.name,
            " ".join(g.description.split()),
            g.secret,
            names[g.parent_id] if g.parent_id else None,
            frozenset((handles[who], marked) for who, marked in g.members.items()),
        )
        for g in snapshot.groups
    }
    return people, all_groups


def state_of(organization: Organization) -> tuple[object, object]:
    with bound(organization.id):
        return state(roster_snapshot(org=organization.id, key=organization.slug))
