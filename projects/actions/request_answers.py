"""Answers to requests: approve, which does what was asked by the approver's own rights, or refuse.

Asking and withdrawing are in requests.py.
"""

from __future__ import annotations

import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from audit.events import Event
from config.roles import Role, permissions_of
from orgs.access import Access
from orgs.actions.groups import group_member_add
from orgs.actions.members import member_change_role
from orgs.models import Group, Membership
from projects import letters
from projects.actions.projects import project_create
from projects.actions.requests import close, locked, record, require_open
from projects.actions.resources import resource_publish
from projects.actions.shares import TABLES, AnyGrant, AnyPlace, Grantee, share, share_change
from projects.models import Request
from projects.queries.requests import deciding_permission, may_decide
from projects.queries.ways import Way, ways

Kind, State = Request.Kind, Request.State


@transaction.atomic
def request_approve(
    *,
    request: Request,
    actor: Access,
    way: str = "",
    name: str = "",
    until: datetime.datetime | None = None,
    answer: str = "",
) -> Request:
    """Do what was asked, by the rights of who approves, and say so (S1-017, S2-051, S2-088).

    `way` is how, where there are several; `name` and `until` may differ from what was asked.
    Two at once: the first answers. Raises ValidationError: `oneself`, `forbidden`, `answered`,
    `expired`, `gone`, `way`, and whatever the deed itself raises.
    """
    request = locked(request)
    if request.state == State.APPROVED and request.answered_by_id == actor.membership_id:
        return request
    _require_decider(request, actor)
    require_open(request)
    if request.kind == Kind.PROJECT:
        _make_project(request, name or request.name, actor)
    elif request.kind == Kind.PUBLISH:
        resource_publish(resource=request.resource, actor=actor)
    elif request.kind == Kind.GROUP:
        _seat(request, request.group, until, actor)
    else:
        _give(request, way, until, actor)
    close(request, State.APPROVED, answer=answer, actor=actor)
    record(Event.REQUEST_APPROVED, request, actor=actor.identity, reason=answer)
    letters.tell_asker(request, actor=actor)
    return request


@transaction.atomic
def request_refuse(*, request: Request, answer: str, actor: Access) -> Request:
    """Say no, and why.

    Raises ValidationError: `oneself`, `forbidden`, `reason`, `answered`, `expired`, `gone`.
    """
    request = locked(request)
    if request.state == State.REFUSED and request.answered_by_id == actor.membership_id:
        return request
    _require_decider(request, actor)
    if not answer:
        raise ValidationError({"answer": ValidationError("Say why.", code="reason")})
    require_open(request)
    close(request, State.REFUSED, answer=answer, actor=actor)
    record(Event.REQUEST_REFUSED, request, actor=actor.identity, reason=answer)
    letters.tell_asker(request, actor=actor)
    return request


def _require_decider(request: Request, actor: Access) -> None:
    if actor.membership_id in (request.requested_by_id, request.for_member_id):
        raise ValidationError("Nobody answers their own request.", code="oneself")
    if not may_decide(actor, request):
        message = actor.refusal(deciding_permission(request), request.place)
        raise ValidationError(message, code="forbidden")


def _make_project(request: Request, name: str, actor: Access) -> None:
    """The project, with who asked as its first owner (C2-5)."""
    request.project = project_create(
        name=name,
        description=request.description,
        workspace=request.workspace,
        is_product=False,
        environment="",
        owner=request.requested_by,
        actor=actor,
    )
    request.save(update_fields=["project"])


def _seat(request: Request, group: Group, until: datetime.datetime | None, actor: Access) -> None:
    group_member_add(
        group=group,
        membership=request.for_member,
        maintainer=False,
        until=until,
        reason=request.reason,
        actor=actor,
    )


def _give(request: Request, value: str, until: datetime.datetime | None, actor: Access) -> None:
    """A role on a place, a seat in a group, or another organization role: as chosen."""
    way = _chosen(request, value, actor)
    if way.place is not None:
        to: Grantee = request.for_member or request.group
        _share(way.place, to, way.role, until, request.reason, actor)
    elif way.group is not None:
        _seat(request, way.group, until, actor)
    elif until is not None:
        message = "An organization role has no end. Leave this empty, or choose a group."
        raise ValidationError({"until": ValidationError(message, code="no_end")})
    else:
        member_change_role(
            membership=request.for_member, role=way.role, reason=request.reason, actor=actor
        )


def _chosen(request: Request, value: str, actor: Access) -> Way:
    """The way that was chosen; without a choice the role that was asked for, or the only one."""
    found = ways(actor, request)
    if not found:
        message = "You hold nothing that gives this. Refuse it, or ask an Owner."
        raise ValidationError(message, code="way")
    if not value and (found[0].role is request.asked_role or len(found) == 1):
        return found[0]
    for way in found:
        if way.value == value:
            return way
    raise ValidationError({"way": ValidationError("Choose how.", code="way")})


def _share(
    place: AnyPlace,
    to: Grantee,
    role: Role,
    until: datetime.datetime | None,
    reason: str,
    actor: Access,
) -> None:
    """Give the role; in the place of a smaller one where there is one already."""
    grant = _held(place, to)
    if grant is None:
        share(place=place, to=to, role=role, until=until, reason=reason, actor=actor)
        return
    if permissions_of({role}, ()) <= permissions_of({grant.role}, ()) and not grant.expires_at:
        message = f"{to.name} already has the role {grant.role.label} on {place.name}."
        raise ValidationError(message, code="already")
    share_change(grant=grant, role=role, until=until, reason=reason, actor=actor)


def _held(place: AnyPlace, to: Grantee) -> AnyGrant | None:
    person, group = TABLES[place.scope]
    if isinstance(to, Membership):
        rows = person.objects.in_org(place.organization_id).filter(user=to.person_id)
    else:
        rows = group.objects.in_org(place.organization_id).filter(group=to)
    found: AnyGrant | None = rows.live().filter(content_object=place).first()
    return found
