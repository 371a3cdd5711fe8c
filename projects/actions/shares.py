"""Deeds on grants: giving a person or a group a role on a workspace, a project or a resource.

Every path that hands out such a role ends here, so the rules stand once.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.roles import Role, Scope
from orgs.access import Access
from orgs.actions.notices import notify
from orgs.ceiling import require_grant
from orgs.models import Group, Membership, Organization
from projects.actions.share_rules import (
    require_approval,
    require_fit,
    require_member_first,
    require_open,
    require_terms,
)
from projects.models import (
    Project,
    ProjectGrant,
    ProjectGroupGrant,
    Resource,
    ResourceGrant,
    ResourceGroupGrant,
    Workspace,
    WorkspaceGrant,
    WorkspaceGroupGrant,
)
from projects.queries.owners import is_last_owner, organization_owners

AnyPlace = Workspace | Project | Resource
Grantee = Membership | Group
PersonRow = WorkspaceGrant | ProjectGrant | ResourceGrant
GroupRow = WorkspaceGroupGrant | ProjectGroupGrant | ResourceGroupGrant
AnyGrant = PersonRow | GroupRow

TABLES: dict[Scope, tuple[type[Any], type[Any]]] = {
    Scope.WORKSPACE: (WorkspaceGrant, WorkspaceGroupGrant),
    Scope.PROJECT: (ProjectGrant, ProjectGroupGrant),
    Scope.RESOURCE: (ResourceGrant, ResourceGroupGrant),
}
_SHARED = {
    Scope.WORKSPACE: Event.WORKSPACE_SHARED,
    Scope.PROJECT: Event.PROJECT_SHARED,
    Scope.RESOURCE: Event.RESOURCE_SHARED,
}
_CHANGED = {
    Scope.WORKSPACE: Event.WORKSPACE_SHARE_CHANGED,
    Scope.PROJECT: Event.PROJECT_SHARE_CHANGED,
    Scope.RESOURCE: Event.RESOURCE_SHARE_CHANGED,
}
_TAKEN = {
    Scope.WORKSPACE: Event.WORKSPACE_UNSHARED,
    Scope.PROJECT: Event.PROJECT_UNSHARED,
    Scope.RESOURCE: Event.RESOURCE_UNSHARED,
}


@transaction.atomic
def share(
    *,
    place: AnyPlace,
    to: Grantee,
    role: Role,
    until: datetime.datetime | None,
    reason: str,
    actor: Access,
) -> AnyGrant:
    """Give a role on this place to a person or to everyone in a group (S2-026, S3-016, S3-035).

    Raises ValidationError: `archived`, `ceiling`, `oneself`, `placeholder`, `ended`, `end_user`,
    `past`, `reason`, `too_long`, `not_a_member_yet` (S2-159), `needs_approval` (S1-017),
    `already`, `gone`.
    """
    require_open(place)
    require_grant(actor, role, place)
    require_fit(place, to, role, until, actor)
    require_terms(place, role, until, reason)
    require_member_first(place, to, role)
    require_approval(place, actor)
    return give(place=place, to=to, role=role, until=until, reason=reason, actor=actor)


@transaction.atomic
def give(
    *,
    place: AnyPlace,
    to: Grantee,
    role: Role,
    until: datetime.datetime | None,
    reason: str,
    actor: Access,
) -> AnyGrant:
    """Save and record a role on a place; who may do so has been asked. Takes up an expired one.

    Raises ValidationError: `already`, `gone`.
    """
    grant = _grant_of(place, to)
    if grant is not None and not grant.is_expired:
        message = f"{to.name} already has the role {grant.role.label} on {place.name}."
        raise ValidationError(message, code="already")
    if grant is None:
        grant = _table(place, to)(organization_id=place.organization_id, content_object=place)
        _set_grantee(grant, to)
    grant.role, grant.expires_at, grant.reason = role, until, reason
    grant.granted_by_id, grant.granted_at = actor.membership_id, timezone.now()
    _save(grant, to)
    ledger.record(
        _SHARED[place.scope],
        organization=place.organization_id,
        actor=actor.identity,
        target=target_of(place),
        changes={"to": (None, to.name), "role": (None, role.label), "expires_at": (None, until)},
        reason=reason,
    )
    return grant


@transaction.atomic
def share_change(
    *,
    grant: AnyGrant,
    role: Role,
    until: datetime.datetime | None,
    reason: str,
    actor: Access,
) -> AnyGrant:
    """Give another role in its place, or another end. The rules are those of `share`.

    One's own may be given up, and not changed. Raises ValidationError as `share` does.
    """
    grant = locked(grant)
    place, to = grant.content_object, grantee_of(grant)
    old, end = grant.role, grant.expires_at
    if (role, until) == (old, end):
        return grant
    require_open(place)
    require_grant(actor, role, place)
    require_grant(actor, old, place)
    require_fit(place, to, role, until, actor)
    require_terms(place, role, until, reason, before=old)
    if role is not old:
        require_member_first(place, to, role)
    if role is not old or until is None or (end is not None and until > end):
        require_approval(place, actor)
    if role is not old:
        _heirs(grant, place, actor)
    grant.role, grant.expires_at, grant.reason = role, until, reason or grant.reason
    if role is not old:
        grant.granted_by_id, grant.granted_at = actor.membership_id, timezone.now()
    _save(grant, to)
    ledger.record(
        _CHANGED[place.scope],
        organization=place.organization_id,
        actor=actor.identity,
        target=target_of(place),
        changes={
            "to": (to.name, to.name),
            "role": (old.label, role.label),
            "expires_at": (end, until),
        },
        reason=reason,
    )
    return grant


@transaction.atomic
def unshare(*, grant: AnyGrant, reason: str, actor: Access) -> list[Membership]:
    """Take a role away, at once; anyone may give up their own.

    Returns who answers for a project from now on when its last Project Owner went: the owners of
    the organization, who are told. Raises ValidationError: `archived`, `ceiling`, `gone`.
    """
    grant = locked(grant)
    place, to, role = grant.content_object, grantee_of(grant), grant.role
    if not (isinstance(to, Membership) and to.pk == actor.membership_id):
        require_open(place)
        require_grant(actor, role, place)
    heirs = _heirs(grant, place, actor)
    grant.delete()
    ledger.record(
        _TAKEN[place.scope],
        organization=place.organization_id,
        actor=actor.identity,
        target=target_of(place),
        changes={"to": (to.name, None), "role": (role.label, None)},
        reason=reason,
    )
    return heirs


def locked(grant: AnyGrant) -> AnyGrant:
    """The row as it is now, locked until commit. Raises ValidationError: `gone`."""
    rows = type(grant).objects.in_org(grant.organization_id).select_for_update(of=("self",))
    found: AnyGrant | None = rows.filter(pk=grant.pk).first()
    if found is None:
        raise ValidationError("This role has been taken away meanwhile.", code="gone")
    return found


def grantee_of(grant: AnyGrant) -> Grantee:
    """The member or the group that holds it."""
    if hasattr(grant, "group_id"):
        return Group.objects.in_org(grant.organization_id).get(pk=grant.group_id)
    return Membership.objects.in_org(grant.organization_id).get(person=grant.user_id)


def target_of(place: AnyPlace) -> Target:
    return Target(place.scope.value, place.pk, place.name)


def _heirs(grant: AnyGrant, place: AnyPlace, actor: Access) -> list[Membership]:
    """Whom the project falls to when this grant goes; they are told. Two leave one by one."""
    if not isinstance(place, Project) or grant.role is not Role.PROJECT_OWNER:
        return []
    Project.objects.in_org(place.organization_id).select_for_update(of=("self",)).get(pk=place.pk)
    if not is_last_owner(grant):
        return []
    owners = organization_owners(place.organization_id)
    notify(
        organization=place.organization_id,
        members=[owner for owner in owners if owner.pk != actor.membership_id],
        text=f"{place.name} has no Project Owner any more. You answer for it, as every Owner does.",
        path=_page_of(place),
    )
    return owners


def _page_of(project: Project) -> str:
    slug = Organization.objects.values_list("slug", flat=True).get(pk=project.organization_id)
    return reverse("project_access", args=[slug, project.pk])


def _table(place: AnyPlace, to: Grantee) -> type[Any]:
    person, group = TABLES[place.scope]
    return group if isinstance(to, Group) else person


def _grant_of(place: AnyPlace, to: Grantee) -> AnyGrant | None:
    rows = _table(place, to).objects.in_org(place.organization_id).filter(content_object=place)
    rows = rows.filter(group=to) if isinstance(to, Group) else rows.filter(user=to.person_id)
    found: AnyGrant | None = rows.select_for_update(of=("self",)).first()
    return found


def _set_grantee(grant: Any, to: Grantee) -> None:
    if isinstance(to, Group):
        grant.group_id = to.pk
    else:
        grant.user_id = to.person_id


def _save(grant: AnyGrant, to: Grantee) -> None:
    try:
        with transaction.atomic():
            grant.save()
    except IntegrityError as error:
        message = f"{to.name} has just been given a role here, or has left."
        raise ValidationError(message, code="gone") from error
