"""Deeds on projects that come with an invitation: promising, withdrawing, and giving on the day.

Inviting itself is in orgs/actions/invitations.py, which knows nothing of projects.
"""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.urls import reverse

from audit import ledger
from audit.events import Event
from audit.ledger import Actor
from config.roles import Permission, Role
from orgs.access import Access, require
from orgs.actions.invitations import target_of
from orgs.actions.members import own_membership
from orgs.actions.notices import notify
from orgs.ceiling import require_grant
from orgs.models import Invitation, Membership
from projects.actions.share_rules import latest_end, needs_approval
from projects.actions.shares import give
from projects.models import InvitationProject, Project
from projects.policies import ProjectPolicy

MOST_PROMISED = 50
MOST_TOLD = 10


@transaction.atomic
def invitation_project_promise(
    *, invitation: Invitation, project: Project, role: Role, reason: str, actor: Access
) -> InvitationProject:
    """Promise a role in a project to whoever accepts (S2-158); another role in its place.

    Raises ValidationError: `forbidden`, `not_open`, `end_user`, `ceiling`, `archived`, `reason`,
    `needs_approval`, `too_many`.
    """
    invitation = _open(invitation, actor)
    if invitation.role == Role.END_USER:
        message = "An End User works in the Hub and joins no project. Change the role first."
        raise ValidationError(message, code="end_user")
    _require_promisable(project, role, reason, actor)
    rows = InvitationProject.objects.in_org(actor.org.id).filter(invitation=invitation)
    promise = rows.filter(project=project).first()
    if promise is None and rows.count() >= MOST_PROMISED:
        message = f"An invitation brings {MOST_PROMISED} projects at most. Share the others later."
        raise ValidationError(message, code="too_many")
    before = Role(promise.role).label if promise else None
    promise = promise or InvitationProject(
        organization_id=actor.org.id, invitation=invitation, project=project
    )
    promise.role, promise.reason, promise.promised_by_id = role, reason, actor.membership_id
    promise.save()
    ledger.record(
        Event.INVITATION_PROJECT_PROMISED,
        organization=actor.org.id,
        actor=actor.identity,
        target=target_of(invitation),
        changes={
            "project": (project.name if before else None, project.name),
            "role": (before, role.label),
        },
        reason=reason,
    )
    return promise


@transaction.atomic
def invitation_project_withdraw(*, promise: InvitationProject, actor: Access) -> None:
    """Take a project out of an open invitation. Raises ValidationError: `forbidden`, `not_open`."""
    invitation = _open(promise.invitation, actor)
    label, project = Role(promise.role).label, promise.project
    if not InvitationProject.objects.in_org(actor.org.id).filter(pk=promise.pk).delete()[0]:
        return
    ledger.record(
        Event.INVITATION_PROJECT_WITHDRAWN,
        organization=actor.org.id,
        actor=actor.identity,
        target=target_of(invitation),
        changes={"project": (project.name, None), "role": (label, None)},
    )


def give_promised(*, invitation: UUID, access: Access) -> None:
    """Give the new member what was promised, in the name and by the rights of who promised it.

    Whoever lost the right meanwhile, or left, gives nothing any more; the owners are told.
    """
    rows = InvitationProject.objects.in_org(access.org.id).filter(invitation=invitation)
    promises = list(
        rows.select_related("project", "promised_by__person").order_by("project__sort_name")
    )
    if not promises:
        return
    member = own_membership(access)
    givers: dict[UUID | None, Access | None] = {}
    for promise in promises:
        by = promise.promised_by
        if promise.promised_by_id not in givers:
            givers[promise.promised_by_id] = _access_now(by, access) if by else None
        try:
            with transaction.atomic():
                _keep(promise, member, givers[promise.promised_by_id])
        except ValidationError as refusal:
            _tell_owners(promise, member, refusal.messages[0], access)


def _keep(promise: InvitationProject, member: Membership, giver: Access | None) -> None:
    """Raises ValidationError: `gone`, `end_user`, and those of promising."""
    if giver is None:
        raise ValidationError("Whoever promised it is no longer here.", code="gone")
    if member.role == Role.END_USER:
        raise ValidationError(f"{member.name} joined as an End User.", code="end_user")
    role, project = Role(promise.role), promise.project
    _require_promisable(project, role, promise.reason, giver)
    give(
        place=project,
        to=member,
        role=role,
        until=latest_end(project),
        reason=promise.reason or "Promised with the invitation",
        actor=giver,
    )


def _require_promisable(project: Project, role: Role, reason: str, actor: Access) -> None:
    """The rules of sharing, without having been a Project Member first (C2-15)."""
    require_grant(actor, role, project)
    if not project.leaves(Permission.PROJECTS_CHANGE):
        raise ValidationError(f"{project.name} is archived.", code="archived")
    explained = project.has_policy(ProjectPolicy.SHARES_NEED_REASON)
    if (role is Role.PROJECT_OWNER or explained) and not reason:
        message = "Say why: a Project Owner is invited with a reason."
        if role is not Role.PROJECT_OWNER:
            message = f"Say why: {project.name} asks for a reason."
        raise ValidationError({"reason": ValidationError(message, code="reason")})
    if needs_approval(project, actor):
        message = f"An Owner gives final approval for {project.name}. Ask once they have joined."
        raise ValidationError(message, code="needs_approval")


def _open(invitation: Invitation, actor: Access) -> Invitation:
    """The invitation as it is now, locked: still open, and within what this actor may invite."""
    require(actor, Permission.MEMBERS_INVITE)
    rows = Invitation.objects.in_org(actor.org.id).select_for_update(of=("self",))
    invitation = rows.get(pk=invitation.pk)
    if not invitation.is_open:
        message = f"This invitation is {invitation.shown_state} by now."
        raise ValidationError(message, code="not_open")
    require_grant(actor, Role(invitation.role))
    return invitation


def _access_now(member: Membership, access: Access) -> Access | None:
    """What this member may do at this moment; None for who may do nothing any more."""
    if member.person is None or not member.person.is_active:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT role FROM access_paths(%s, NULL, %s)", [[access.org.id], [member.pk]]
        )
        roles = frozenset(Role(role) for (role,) in cursor.fetchall())
    return Access(
        organization=access.org,
        roles=roles,
        identity=Actor("member", member.pk, member.name, request_id=access.identity.request_id),
        membership_id=member.pk,
        person_id=member.person_id,
    )


def _tell_owners(promise: InvitationProject, member: Membership, why: str, access: Access) -> None:
    owners = Membership.objects.in_org(access.org.id).filter(role=Role.OWNER, person__isnull=False)
    role = Role(promise.role).label
    notify(
        organization=access.org.id,
        members=owners.order_by("joined_at")[:MOST_TOLD],
        text=f"{member.name} joined without the promised role {role} in {promise.project.name}."
        f" {why}",
        path=reverse("project_access", args=[access.org.slug, promise.project_id]),
    )
