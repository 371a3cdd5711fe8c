"""Importing and exporting a roster: who may, under which lock, all of it or nothing.

The plan is made in `orgs/roster`; its rows are written in `roster_rows`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from config.roles import Permission, Role
from orgs.access import Access, require
from orgs.actions.members import refusal_of
from orgs.actions.roster_rows import Progress, Rows
from orgs.ceiling import require_grant
from orgs.models import Group, GroupMembership, Membership, Organization
from orgs.queries.roster import roster_snapshot
from orgs.roster.document import OrgFile
from orgs.roster.plan import Kind, Plan, plan

PERMISSIONS: dict[Kind, Permission] = {
    Kind.PERSON_REMOVE: Permission.MEMBERS_REMOVE,
    Kind.PERSON_CHANGE_ROLE: Permission.MEMBERS_CHANGE_ROLE,
    Kind.PERSON_ADD: Permission.MEMBERS_INVITE,
    Kind.GROUP_RENAME: Permission.GROUPS_CHANGE,
    Kind.GROUP_ADD: Permission.GROUPS_CREATE,
    Kind.GROUP_CHANGE: Permission.GROUPS_CHANGE,
    Kind.GROUP_REMOVE: Permission.GROUPS_DELETE,
    Kind.SEAT_REMOVE: Permission.GROUPS_MANAGE_MEMBERS,
    Kind.SEAT_CHANGE: Permission.GROUPS_MANAGE_MEMBERS,
    Kind.SEAT_ADD: Permission.GROUPS_MANAGE_MEMBERS,
    Kind.PROJECT_ADD: Permission.PROJECTS_CREATE,
    Kind.PROJECT_CHANGE: Permission.PROJECTS_CHANGE,
    Kind.SHARE_REMOVE: Permission.PROJECTS_MANAGE_MEMBERS,
    Kind.SHARE_CHANGE: Permission.PROJECTS_MANAGE_MEMBERS,
    Kind.SHARE_ADD: Permission.PROJECTS_MANAGE_MEMBERS,
}

WORDS: dict[Kind, tuple[str, str]] = {
    Kind.PERSON_REMOVE: ("person removed", "people removed"),
    Kind.PERSON_CHANGE_ROLE: ("role changed", "roles changed"),
    Kind.PERSON_ADD: ("person added", "people added"),
    Kind.GROUP_RENAME: ("group renamed", "groups renamed"),
    Kind.GROUP_ADD: ("group added", "groups added"),
    Kind.GROUP_CHANGE: ("group changed", "groups changed"),
    Kind.GROUP_REMOVE: ("group removed", "groups removed"),
    Kind.SEAT_REMOVE: ("place in a group removed", "places in groups removed"),
    Kind.SEAT_CHANGE: ("place in a group changed", "places in groups changed"),
    Kind.SEAT_ADD: ("place in a group added", "places in groups added"),
    Kind.PROJECT_ADD: ("project added", "projects added"),
    Kind.PROJECT_CHANGE: ("project changed", "projects changed"),
    Kind.SHARE_REMOVE: ("share removed", "shares removed"),
    Kind.SHARE_CHANGE: ("share changed", "shares changed"),
    Kind.SHARE_ADD: ("share added", "shares added"),
}

_COLLISIONS = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.UniqueViolation,
    psycopg.errors.ForeignKeyViolation,
)


class PlanRefusedError(ValidationError):
    """The plan made under the lock is not applied: it has errors, or is not the one shown."""

    def __init__(self, message: str, *, code: str, plan: Plan) -> None:
        super().__init__(message, code=code)
        self.plan = plan


def roster_import(
    *,
    org_file: OrgFile,
    organization: UUID,
    file: str,
    actor: Access,
    allow_removals: float = 0.25,
    shown: str = "",
    progress: Progress = lambda done, total: None,
) -> Plan:
    """Make the bound organization what the file says: every change with its entry, or none.

    The plan is made again under the lock; `shown` is the digest of the one that was agreed to.
    A plan without changes leaves no trace. Raises ValidationError: `refused`, `plan_changed`
    (both with the plan), `forbidden`, `ceiling`, `closed`, `last_owner`, `no_seat`,
    `changed_meanwhile`.
    """
    with _collisions_explained(), transaction.atomic():
        _lock(organization)
        found = roster_plan(
            org_file=org_file, organization=organization, file=file, allow_removals=allow_removals
        )
        if found.refused:
            raise PlanRefusedError("The roster is refused.", code="refused", plan=found)
        if found.empty:
            return found
        if shown and shown != digest(found):
            message = "The organization changed since this plan was made. Look at the new one."
            raise PlanRefusedError(message, code="plan_changed", plan=found)
        _require(actor, found)
        rows = Rows(organization, actor=actor, reason=f"Roster {file}")
        rows.write(found)
        rows.record(progress)
        _record_import(found, organization=organization, file=file, actor=actor)
        return found


def roster_plan(
    *, org_file: OrgFile, organization: UUID, file: str, allow_removals: float = 0.25
) -> Plan:
    """What an import into the bound organization would change at this moment."""
    snapshot = roster_snapshot(org=organization, key=org_file.key)
    return plan(org_file, snapshot, allow_removals=allow_removals, file=file)


def roster_record_export(*, organization: UUID, name: str, actor: Actor) -> None:
    """Write down that people's names and addresses left in a file."""
    ledger.record(
        Event.ROSTER_EXPORTED,
        organization=organization,
        actor=actor,
        target=Target("roster", None, name),
        changes={"format": (None, "yaml")},
    )


def digest(plan: Plan) -> str:
    """The same for the same changes to the same rows, whatever the wording."""
    changes = [
        [
            *(c.kind, c.person, c.person_id, c.group, c.group_id, c.project, c.project_id),
            *(dict(c.before), dict(c.after)),
        ]
        for c in plan.changes
    ]
    text = json.dumps(changes, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def counts_in_words(plan: Plan) -> str:
    """One line: "12 people added, 3 groups removed"."""
    counts = ((kind, count) for kind, count in plan.counts.items() if count)
    parts = [f"{count:,} {WORDS[kind][count > 1]}" for kind, count in counts]
    return ", ".join(parts) or "nothing to change"


def _lock(organization: UUID) -> None:
    """Keep everything a roster speaks of as it is until commit. Single deeds wait, or we for them.

    Rows first and the organization's own last, as every deed on a row takes them. Owners who can
    sign in are left out: an import never changes their rows, and each of two importing owners
    holds their own since the request began.
    """
    safe = Q(role=Role.OWNER, person__isnull=False)
    for rows in (
        Membership.objects.in_org(organization).exclude(safe),
        Group.objects.in_org(organization),
        GroupMembership.objects.in_org(organization),
    ):
        list(rows.select_for_update(no_key=True).order_by("id").values_list("id"))
    held = Organization.objects.select_for_update(no_key=True).get(pk=organization)
    if held.state not in (Organization.State.OPEN, Organization.State.PENDING):
        raise ValidationError(f"{held.name} is {held.get_state_display().lower()}.", code="closed")


def _require(actor: Access, plan: Plan) -> None:
    """The permission of each kind of change, and the ceiling of each role it hands out or takes."""
    for permission in {PERMISSIONS[change.kind] for change in plan.changes}:
        require(actor, permission)
    people = plan.of(Kind.PERSON_ADD, Kind.PERSON_CHANGE_ROLE)
    fields = (side for change in people for side in (change.before, change.after))
    for role in {str(side["role"]) for side in fields if "role" in side}:
        require_grant(actor, Role(role))


def _record_import(plan: Plan, *, organization: UUID, file: str, actor: Access) -> None:
    ledger.record(
        Event.ROSTER_IMPORTED,
        organization=organization,
        actor=actor.identity,
        target=Target("roster", None, file),
        changes={"counts": (None, counts_in_words(plan))},
    )


@contextmanager
def _collisions_explained() -> Iterator[None]:
    """What the database refuses, as a sentence; a fault of our own stays an error."""
    try:
        yield
    except (IntegrityError, OperationalError) as error:
        if isinstance(error.__cause__, _COLLISIONS):
            raise ValidationError(
                "Somebody changed the organization at the same moment. Nothing was imported: "
                "try again.",
                code="changed_meanwhile",
            ) from error
        if not isinstance(error, IntegrityError):
            raise
        raise refusal_of(error) from error
