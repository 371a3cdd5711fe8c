"""The difference between a roster file and the present state, with what speaks against it.

Pure: the caller supplies the state and applies the changes, all of them or none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from orgs.roster.changes import Change, Kind, Plan, apply_to
from orgs.roster.document import OrgFile, Problem, step
from orgs.roster.groups import plan_groups
from orgs.roster.people import plan_people
from orgs.roster.projects import plan_projects
from orgs.roster.snapshot import MEMBER, OWNER, GroupNow, PersonNow, ProjectNow, Snapshot

__all__ = [
    "MEMBER",
    "OWNER",
    "Change",
    "GroupNow",
    "Kind",
    "PersonNow",
    "Plan",
    "ProjectNow",
    "Snapshot",
    "apply_to",
    "plan",
]


def plan(
    org_file: OrgFile,
    snapshot: Snapshot,
    *,
    allow_removals: float = 0.25,
    keep_owner_keys: Collection[str] = frozenset(),
    file: str = "",
) -> Plan:
    """What would make the organization as `org_file` says.

    `allow_removals` is the share of people, and of groups, that may go; 1.0 allows all.
    `keep_owner_keys` (ids, logins or e-mail addresses) are Owners who stay Owners even though
    they cannot sign in yet. The problems of reading the file are not repeated here.
    """
    people = plan_people(org_file, snapshot, keep_owner_keys=keep_owner_keys, file=file)
    groups = plan_groups(org_file, snapshot, people, file=file)
    order = list(Kind)
    changes = sorted(
        (*people.changes, *groups.changes, *plan_projects(org_file, snapshot)),
        key=lambda change: order.index(change.kind),
    )
    problems = [*people.problems, *groups.problems]
    problems.extend(_too_many(org_file, snapshot, changes, allowed=allow_removals, file=file))
    if people.owners_after == 0:
        problems.append(_ownerless(org_file, file=file))
    return Plan(org_file.key, tuple(changes), tuple(problems))


def _too_many(
    org: OrgFile, snapshot: Snapshot, changes: list[Change], *, allowed: float, file: str
) -> Iterator[Problem]:
    """A file that empties an organization is more likely a slip than a wish."""
    seats = sum(len(group.members) for group in snapshot.groups)
    for kind, noun, total, key in (
        (Kind.PERSON_REMOVE, "people", len(snapshot.people), "members"),
        (Kind.GROUP_REMOVE, "groups", len(snapshot.groups), "teams"),
    ):
        going = sum(change.kind is kind for change in changes)
        if going > allowed * total:
            message = (
                f"{going} of {total} {noun} would be removed ({going / total:.0%}); at most "
                f"{allowed:.0%} may go in one import. Check the file, or allow more removals."
            )
            path = step(org.path, key)
            yield Problem("error", f"removals.{noun}", message, path, org.line, file, org.key)
    leaving = sum(change.kind is Kind.SEAT_REMOVE for change in changes)
    if leaving > allowed * seats:
        message = f"{leaving} of {seats} places in groups would be removed ({leaving / seats:.0%})."
        path = step(org.path, "teams")
        yield Problem("warning", "removals.seats", message, path, org.line, file, org.key)


def _ownerless(org: OrgFile, *, file: str) -> Problem:
    message = (
        "Nobody who can sign in would be an Owner: people whom an import adds cannot sign in "
        "until invited. Name a first Owner by e-mail address."
    )
    return Problem(
        "error", "owner.last", message, step(org.path, "admins"), org.line, file, org.key
    )
