"""`POST /v1/members/invitations`: the console's own deed, for automation (S4-052).

A token hands out Member or less, whoever made it: no token makes an Admin.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from pydantic import Field, PlainValidator, WithJsonSchema

from audit.events import Event
from config.roles import ORGANIZATION_ROLES, Policy, Role
from orgs import letters
from orgs.access import Access
from orgs.actions.invitations import invitation_create
from orgs.models import Invitation
from projects.api.deeds import refused
from projects.api.documented import documented
from projects.api.fields import Body, Line
from projects.api.idempotency import (
    answered_before,
    idempotency_key,
    keep_answer,
    once,
    replayed,
)
from projects.api.one_call import until_won
from projects.api.problems import ProblemError
from projects.api.tokens import service

SCOPE = "members.invite"


# The roles under the ceiling of `inviting`.
GIVEN = tuple(role.value for role in ORGANIZATION_ROLES if role not in (Role.OWNER, Role.ADMIN))


def _role(said: Any) -> str:
    if said not in GIVEN:
        raise ValueError(f"Choose one of {', '.join(GIVEN)}.")
    return str(said)


GivenRole = Annotated[
    str, PlainValidator(_role), WithJsonSchema({"type": "string", "enum": list(GIVEN)})
]


class Invite(Body):
    email: str = Field(max_length=254, json_schema_extra={"format": "email"})
    role: GivenRole = Role.MEMBER.value
    reason: Line = Field("", description="For the log.")


def member_invite(request: HttpRequest, said: Invite) -> HttpResponse:
    """Raises ProblemError 400, 401, 403, 409, 422. The letter goes out once all of it is kept."""
    name = idempotency_key(request)
    return until_won(lambda: _invited(request, said, name))


def _invited(request: HttpRequest, said: Invite, name: str | None) -> HttpResponse:
    with service(request, SCOPE) as asking:
        before = answered_before(request, name, asking.access.org.id)
        if before is not None:
            return replayed(before, again=True)
        actor = inviting(asking.access)
        try:
            invitation, token = invitation_create(
                email=said.email, role=Role(said.role), reason=said.reason, actor=actor
            )
        except ValidationError as error:
            raise _of_the_address(refused(error)) from None
        link = f"{settings.PUBLIC_URL}{reverse('invitation_view', args=[token])}"
        letters.post([letters.invitation_letter(invitation, link=link, actor=actor)])
        answer = _answer(invitation)
        keep_answer(request, name, answer)
    return replayed(answer, again=False, status=201)


def inviting(access: Access) -> Access:
    """The ceiling of the scope: of those who may only invite, whatever else is settled there."""
    org = replace(access.org, policies=frozenset({Policy.ADMINS_INVITE}))
    return replace(access, organization=org, roles=frozenset({Role.ADMIN}))


def _of_the_address(error: ProblemError) -> ProblemError:
    if error.status == 400:
        error.errors = [{"field": "email", "message": error.detail}]
    return error


def _answer(invitation: Invitation) -> dict[str, Any]:
    """Never the link: it goes to whoever is invited, and only its hash is kept."""
    return {
        "id": str(invitation.pk),
        "email": invitation.email,
        "role": invitation.role,
        "state": invitation.state,
        "expires_at": invitation.expires_at.isoformat(timespec="seconds"),
    }


_ANSWERED = {
    "id": "0192f0c4-66bb-7c31-8f20-4d5e6f7a8b9c",
    "email": "robin@example.com",
    "role": "member",
    "state": "pending",
    "expires_at": "2026-03-19T09:30:00+00:00",
}
_DOCUMENTED = documented(
    "Invite somebody",
    "By mail, as a Member or less; the link is in the letter alone.",
    "Members and log",
    {"email": "robin@example.com", "role": "member", "reason": "Joins the figures team"},
    {"type": "object", "required": list(_ANSWERED)},
    _ANSWERED,
)
_RESPONSES = _DOCUMENTED["openapi_extra"]["responses"]
_RESPONSES[201] = _RESPONSES[200] | {"description": "Invited"}

ENDPOINTS = (
    (
        "/v1/members/invitations",
        SCOPE,
        member_invite,
        once(_DOCUMENTED) | {"records": Event.INVITATION_SENT},
    ),
)
