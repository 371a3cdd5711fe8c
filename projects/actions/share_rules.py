"""What must hold before a role on a place is given or changed.

The deeds themselves are in shares.py, the ceiling in `orgs/ceiling.py`.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils import timezone

from config.prepared import prepared_row
from config.roles import Permission, Role, Scope, permissions_of
from orgs.access import Access
from orgs.models import Group, GroupMembership
from orgs.queries.group_reach import lasting_roles
from projects.models import Project, Resource
from projects.policies import LONGEST_SHARE_DAYS, ProjectPolicy

if TYPE_CHECKING:
    from projects.actions.shares import AnyPlace, Grantee


# Asking for what one may decide is no gain.
ASKING = {Permission.HUB_REQUEST_PUBLISH, Permission.PROJECTS_REQUEST}


def require_open(place: AnyPlace) -> None:
    if not place.leaves(Permission.PROJECTS_CHANGE):
        message = f"{place.name} is archived. Restore it before you share it."
        raise ValidationError(message, code="archived")


def require_fit(
    place: AnyPlace, to: Grantee, role: Role, until: datetime.datetime | None, actor: Access
) -> None:
    """Is this somebody who can hold it, and not a way up for who gives it?"""
    if isinstance(to, Group):
        _require_no_gain(place, to, role, until, actor)
        return
    if to.pk == actor.membership_id:
        raise ValidationError(
            "Nobody gives a role to themself or changes their own. You may give yours up.",
            code="oneself",
        )
    if to.is_placeholder:
        message = f"{to.name} has not joined yet. Share with a group they are in, or wait."
        raise ValidationError(message, code="placeholder")
    if to.is_expired:
        message = f"The membership of {to.name} has ended. Extend it first."
        raise ValidationError(message, code="ended")
    if to.role == Role.END_USER and place.scope is not Scope.RESOURCE:
        message = f"{to.name} is an End User and works in the Hub. Make them a Member first."
        raise ValidationError(message, code="end_user")


def _require_no_gain(
    place: AnyPlace, to: Group, role: Role, until: datetime.datetime | None, actor: Access
) -> None:
    """Nobody gives a group they are in more than they hold, or for longer than they hold it."""
    seats = GroupMembership.objects.in_org(to.organization_id)
    seat = seats.filter(group=to, membership=actor.membership_id).first()
    if seat is None:
        return
    ends = [end for end in (until, seat.expires_at) if end is not None]
    held = lasting_roles(actor, [actor.org.id, *place.places], min(ends, default=None))
    held -= {Role.END_USER}
    if isinstance(place, Resource):
        held = place.in_force(held, actor.roles)
    if permissions_of({role}, actor.policies) - permissions_of(held, actor.policies) - ASKING:
        message = f"You are in {to.name}. Somebody else gives it what you do not hold as long."
        raise ValidationError(message, code="oneself")


def require_member_first(place: AnyPlace, to: Grantee, role: Role) -> None:
    """A person becomes Project Owner from Project Member, never from nothing (S2-159, C2-15)."""
    if role is not Role.PROJECT_OWNER or isinstance(to, Group):
        return
    row = prepared_row("SELECT roles_on_project(%s, %s, %s)", [place.pk, to.person_id, to.pk])
    if Role.PROJECT_MEMBER not in ((row and row[0]) or ()):
        message = f"Make {to.name} a Project Member first; a Project Member may be promoted."
        raise ValidationError({"role": ValidationError(message, code="not_a_member_yet")})


def require_terms(
    place: AnyPlace,
    role: Role,
    until: datetime.datetime | None,
    reason: str,
    before: Role | None = None,
) -> None:
    """The end lies ahead, and what the project's policies ask for is there."""
    if until is not None and until <= timezone.now():
        raise ValidationError({"until": ValidationError("This is in the past.", code="past")})
    project = project_of(place)
    promoted = role is Role.PROJECT_OWNER and before is not Role.PROJECT_OWNER
    needs_reason = project and project.has_policy(ProjectPolicy.SHARES_NEED_REASON)
    if (promoted or needs_reason) and not reason:
        raise ValidationError({"reason": ValidationError("Say why.", code="reason")})
    latest = latest_end(project) if project else None
    if latest is not None and (until is None or until > latest):
        message = f"Here a role ends after {LONGEST_SHARE_DAYS} days at the latest."
        raise ValidationError({"until": ValidationError(message, code="too_long")})


def latest_end(project: Project) -> datetime.datetime | None:
    """When a role that is given there now ends at the latest; None for never."""
    if not project.has_policy(ProjectPolicy.SHARES_END):
        return None
    return timezone.now() + datetime.timedelta(days=LONGEST_SHARE_DAYS)


def require_approval(place: AnyPlace, actor: Access) -> None:
    if needs_approval(place, actor):
        message = f"An Owner gives final approval for roles on {place.name}. Ask for it."
        raise ValidationError(message, code="needs_approval")


def needs_approval(place: AnyPlace, actor: Access) -> bool:
    """Does the project's policy leave the last word to an Owner, and is this none (S1-017)?"""
    project = project_of(place)
    if project is None or not project.has_policy(ProjectPolicy.OWNERS_APPROVE):
        return False
    return not actor.can(Permission.ORG_APPROVE_PRODUCTION)


def project_of(place: AnyPlace) -> Project | None:
    """The project whose policies hold on this place."""
    return place if isinstance(place, Project) else getattr(place, "project", None)
