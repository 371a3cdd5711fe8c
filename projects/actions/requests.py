"""Deeds of whoever asks: a project, publishing, production access, access, a place in a group.

Answers are in request_answers.py. Asking gives nothing: whoever approves gives it, by their own
rights at that moment.
"""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import SYSTEM, Actor, Target
from config.database import constraint_of
from config.roles import GROUP_ROLES, ORGANIZATION_ROLES, Permission, Role, Scope
from orgs.access import Access, require
from orgs.actions.members import own_membership
from orgs.ceiling import require_grant
from orgs.models import Entitlement, Group, Membership
from orgs.queries.groups import live_seats
from projects import letters
from projects.actions.share_rules import project_of
from projects.actions.shares import AnyPlace, Grantee
from projects.kinds import kind_of
from projects.models import Request, Resource, Workspace
from projects.policies import ProjectPolicy
from projects.queries.requests import RELATED

DAYS_OPEN = 14
MOST_PENDING = 20
EXPIRED_AT_ONCE = 500
Kind, State = Request.Kind, Request.State


@transaction.atomic
def project_request(
    *, name: str, description: str, workspace: Workspace | None, reason: str, actor: Access
) -> Request:
    """Ask for a new project, which whoever asks will own (S2-051, C2-5).

    Raises ValidationError: `forbidden`, `name_taken`, `already`, `too_many`.
    """
    require(actor, Permission.PROJECTS_REQUEST)
    if workspace is not None:
        require(actor, Permission.WORKSPACES_VIEW, workspace)
    return _ask(
        Request(kind=Kind.PROJECT, name=name, description=description, workspace=workspace),
        reason=reason,
        actor=actor,
    )


@transaction.atomic
def publish_request(*, resource: Resource, reason: str, actor: Access) -> Request:
    """Ask that a resource be published to the Hub (S2-087, S2-088).

    Raises ValidationError: `forbidden`, `not_for_the_hub`, `published`, `already`, `too_many`.
    """
    require(actor, Permission.HUB_REQUEST_PUBLISH, resource)
    kind = kind_of(resource)
    if kind.use is None:
        message = f"{kind.plural} are not used directly. Ask for the agent or the workflow."
        raise ValidationError(message, code="not_for_the_hub")
    if resource.is_published:
        raise ValidationError(f"{resource.name} is in the Hub already.", code="published")
    return _ask(Request(kind=Kind.PUBLISH, resource=resource), reason=reason, actor=actor)


@transaction.atomic
def production_request(
    *,
    place: AnyPlace,
    to: Grantee,
    role: Role,
    until: datetime.datetime | None,
    reason: str,
    actor: Access,
) -> Request:
    """Ask an Owner for the final approval of a role where the project's policy wants it (S1-017).

    For oneself anyone may ask; for somebody else, who could give the role but for the policy.
    Raises ValidationError: `ceiling`, `already`, `too_many`.
    """
    if not (isinstance(to, Membership) and to.pk == actor.membership_id):
        require_grant(actor, role, place)
    asked = Request(kind=Kind.PRODUCTION, role=role, grants_until=until, **_at(place))
    if isinstance(to, Group):
        asked.group = to
    else:
        asked.for_member = to
    return _ask(asked, reason=reason, actor=actor)


@transaction.atomic
def access_request(
    *,
    permission: Permission | None,
    role: Role | None,
    place: AnyPlace | None,
    until: datetime.datetime | None,
    reason: str,
    actor: Access,
) -> Request:
    """Ask for what one was refused, for oneself (X-28); by the role, the permission or both.

    Where a project's access needs an Owner, a role there is asked of the Owners at once.
    Raises ValidationError: `nothing`, `has_it`, `unfit`, `already`, `too_many`.
    """
    _require_askable(permission, role, place, actor)
    project = project_of(place) if place is not None else None
    needs_owner = project is not None and project.has_policy(ProjectPolicy.OWNERS_APPROVE)
    asked = Request(
        kind=Kind.PRODUCTION if role and needs_owner else Kind.ACCESS,
        permission=permission or "",
        role=role or "",
        grants_until=until,
        for_member_id=actor.membership_id,
        **_at(place),
    )
    return _ask(asked, reason=reason, actor=actor)


@transaction.atomic
def group_request(
    *,
    group: Group,
    membership: Membership,
    until: datetime.datetime | None,
    reason: str,
    actor: Access,
) -> Request:
    """Ask that somebody be put into a group whose roles one may not hand out (C3-3).

    For somebody else only who keeps groups may ask. Raises ValidationError: `forbidden`,
    `already_in`, `placeholder`, `already`, `too_many`.
    """
    if membership.pk != actor.membership_id:
        require(actor, Permission.GROUPS_MANAGE_MEMBERS)
    seats = live_seats().filter(organization=group.organization_id, group=group)
    if seats.filter(membership=membership).exists():
        message = f"{membership.name} is in {group.name} already."
        raise ValidationError(message, code="already_in")
    asked = Request(kind=Kind.GROUP, group=group, for_member=membership, grants_until=until)
    return _ask(asked, reason=reason, actor=actor)


@transaction.atomic
def request_withdraw(*, request: Request, actor: Access) -> Request:
    """Take back what one asked for. Raises ValidationError: `forbidden`, `answered`, `expired`."""
    request = locked(request)
    if request.requested_by_id != actor.membership_id:
        raise ValidationError("Only who asked may withdraw it.", code="forbidden")
    if request.state == State.WITHDRAWN:
        return request
    require_open(request)
    close(request, State.WITHDRAWN, answer="", actor=actor)
    record(Event.REQUEST_WITHDRAWN, request, actor=actor.identity)
    return request


@transaction.atomic
def request_expire_due(*, organization: UUID) -> int:
    """Mark what nobody answered in time and tell who asked; time has voided it before (a job).

    The transaction is bound to the organization. At most 500 at a time; returns how many.
    """
    due = Request.objects.in_org(organization).filter(
        state=State.PENDING, expires_at__lte=timezone.now()
    )
    due = due.select_for_update(of=("self",), skip_locked=True).select_related(*RELATED)
    rows = list(due.order_by("expires_at")[:EXPIRED_AT_ONCE])
    for request in rows:
        _expire(request)
    letters.tell_expired(rows, organization=organization)
    return len(rows)


def locked(request: Request) -> Request:
    """The row as it is now, locked until commit. Raises ValidationError: `gone`."""
    rows = Request.objects.in_org(request.organization_id).select_related(*RELATED)
    found = rows.select_for_update(of=("self",)).filter(pk=request.pk).first()
    if found is None:
        message = "This request is gone: who asked, or what it was about, is no longer here."
        raise ValidationError(message, code="gone")
    return found


def require_open(request: Request) -> None:
    """Raises ValidationError `expired` or `answered`, naming who answered."""
    if request.is_open:
        return
    if request.shown_state == State.EXPIRED:
        raise ValidationError("This request has expired. It may be asked anew.", code="expired")
    by = f" by {request.answered_by.name}" if request.answered_by else ""
    message = f"This request was {request.get_state_display().lower()}{by} meanwhile."
    raise ValidationError(message, code="answered")


def close(request: Request, state: Request.State, *, answer: str, actor: Access | None) -> None:
    request.state, request.answer, request.answered_at = state, answer, timezone.now()
    request.answered_by_id = actor.membership_id if actor else None
    request.save(update_fields=["state", "answer", "answered_at", "answered_by"])


def record(event: Event, request: Request, *, actor: Actor, reason: str = "") -> None:
    """The entry of an answer; the events of a decision also name who asked."""
    changes: dict[str, ledger.Change] = {
        "state": (State.PENDING.label, request.get_state_display())
    }
    if event in (Event.REQUEST_APPROVED, Event.REQUEST_REFUSED):
        changes["asked_by"] = (None, request.requested_by.name)
    ledger.record(
        event,
        organization=request.organization_id,
        actor=actor,
        target=target_of(request),
        changes=changes,
        reason=reason,
    )


def target_of(request: Request) -> Target:
    return Target("request", request.pk, request.subject)


def _ask(request: Request, *, reason: str, actor: Access) -> Request:
    """Save and record what is asked, and tell who may decide it."""
    # One after the other for each asker: two tabs count the same requests.
    own = Membership.objects.in_org(actor.org.id).select_for_update(no_key=True)
    asker = own.get(pk=own_membership(actor).pk)
    request.organization_id, request.requested_by = actor.org.id, asker
    request.reason = reason
    request.expires_at = timezone.now() + datetime.timedelta(days=DAYS_OPEN)
    pending = Request.objects.in_org(actor.org.id).filter(requested_by=asker, state=State.PENDING)
    for overdue in pending.filter(expires_at__lte=timezone.now()).select_related(*RELATED):
        _expire(overdue)
    if pending.count() >= MOST_PENDING:
        message = f"{MOST_PENDING} of your requests wait for an answer. Withdraw one first."
        raise ValidationError(message, code="too_many")
    _save(request)
    _record_made(request, actor=actor)
    letters.tell_deciders(request, actor=actor)
    return request


def _record_made(request: Request, *, actor: Access) -> None:
    place = request.place or request.workspace or request.group
    ledger.record(
        Event.REQUEST_MADE,
        organization=actor.org.id,
        actor=actor.identity,
        target=target_of(request),
        changes={
            "kind": (None, request.get_kind_display()),
            "role": (None, request.asked_role.label if request.asked_role else None),
            "on": (None, place.name if place else None),
        },
        reason=request.reason,
    )


def _save(request: Request) -> None:
    try:
        with transaction.atomic():
            request.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) != "request_pending_once":
            message = "What you ask about has just been removed."
            raise ValidationError(message, code="gone") from error
        message = "You have already asked for this. The answer is still to come."
        raise ValidationError(message, code="already") from error


def _expire(request: Request) -> None:
    close(request, State.EXPIRED, answer="", actor=None)
    record(Event.REQUEST_EXPIRED, request, actor=SYSTEM)


def _at(place: AnyPlace | None) -> dict[str, Any]:
    return {place.scope.value: place} if place is not None else {}


def _require_askable(
    permission: Permission | None, role: Role | None, place: AnyPlace | None, actor: Access
) -> None:
    """Is there something to ask for, that is not held already and that somebody may give?"""
    if permission is None and role is None:
        raise ValidationError("Say what you ask for.", code="nothing")
    if permission is not None and permission.scope is Scope.PLATFORM:
        raise ValidationError("Nobody here may give this.", code="unfit")
    sold = role not in GROUP_ROLES or actor.org.includes(Entitlement.GROUP_ROLES)
    if role is not None and not (sold and _fits(role, place)):
        raise ValidationError(f"Nobody asks for the role {role.label} there.", code="unfit")
    held = actor.roles_on(place) | actor.roles if place is not None else actor.roles
    if role is not None and role in held:
        raise ValidationError(f"You have the role {role.label} already.", code="has_it")
    if permission is not None and role is None:
        there = actor.permissions_on(place) if place is not None else actor.permissions
        if permission in there:
            raise ValidationError("You may do this already.", code="has_it")


def _fits(role: Role, place: AnyPlace | None) -> bool:
    """Ownership is offered, never asked for; every other role sits where its scope says."""
    if place is not None:
        return role.scope is place.scope
    return role in GROUP_ROLES or (role in ORGANIZATION_ROLES and role is not Role.OWNER)
