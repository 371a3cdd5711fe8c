"""Invitations for tests: sent by the real deed, seen by another session."""

from __future__ import annotations

import datetime
import re
from typing import Any

from django.db import connection
from django.test import Client
from django.utils import timezone

from audit.models import Event as Entry
from config.roles import Policy, Role
from orgs.actions.invitations import invitation_create
from orgs.models import Invitation, Organization
from orgs.tenancy import bound
from tests.factories import Cast, access_of, sign_in

LINK = re.compile(r"/invitations/([\w-]{43})/")


def invite(
    cast: Cast, email: str, role: Role = Role.MEMBER, reason: str = "Joins", **more: Any
) -> tuple[Invitation, str]:
    """Alice invites somebody to Acme."""
    return invitation_create(
        email=email, role=role, reason=reason, actor=cast.access(cast.alice), **more
    )


def allow_admins(cast: Cast) -> None:
    raw_update(cast.acme, policies=sorted({*cast.acme.policies, Policy.ADMINS_INVITE.value}))


def limit_seats(cast: Cast, seats: int) -> None:
    raw_update(cast.acme, seats=seats)


def raw_update(organization: Organization, **fields: Any) -> None:
    with bound(organization.id):
        Organization.objects.filter(pk=organization.pk).update(**fields)


def overdue(cast: Cast, invitation: Invitation) -> None:
    with bound(cast.acme.id):
        Invitation.objects.filter(pk=invitation.pk).update(
            expires_at=timezone.now() - datetime.timedelta(hours=1)
        )


def invitations(cast: Cast) -> dict[str, Invitation]:
    """By address; of several, the newest."""
    with bound(cast.acme.id):
        found = Invitation.objects.in_org(cast.acme).order_by("created_at")
        return {invitation.email: invitation for invitation in found}


def seats_used(cast: Cast) -> int:
    with bound(cast.acme.id):
        return Organization.objects.get(pk=cast.acme.pk).seats_used


def entries(cast: Cast, action: str, outcome: str = "done") -> list[Entry]:
    with bound(cast.acme.id):
        found = Entry.objects.filter(organization_id=cast.acme.id, action=action, outcome=outcome)
        return list(found.order_by("sequence"))


def check_constraints() -> None:
    """What a commit would refuse: a change that left no entry in the ledger."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def post_invite(cast: Cast, client: Client | None = None, step: str = "apply", **data: Any) -> Any:
    client = client or sign_in(cast.alice)
    form = {"people": "", "role": "member", "reason": "", "step": step} | data
    return client.post(cast.url("invitations/new/"), form)


def as_adam(cast: Cast) -> Any:
    return access_of(cast.acme, cast.adam)
