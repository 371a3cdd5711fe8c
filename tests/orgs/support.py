"""Windows and claims for tests, made through the real deeds, and time that passes for them."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import F

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.ledger import Target
from audit.queries import recent
from audit.sentences import plain
from orgs.actions.claims import claim_confirm, claim_create
from orgs.actions.support import support_open
from orgs.models import Membership, Organization, OrganizationDomain, OwnerClaim, SupportWindow
from orgs.tenancy import bound
from tests.factories import TEST, access_of

HOUR = datetime.timedelta(hours=1)
NOTICE = 72 * HOUR


def open_window(
    organization: Organization,
    owner: User,
    person: User,
    *,
    hours: int = 4,
    may_change: bool = False,
    reason: str = "Case 12",
) -> SupportWindow:
    with bound(organization.id):
        actor = access_of(organization, owner)
        (window,) = support_open(
            emails=[person.email], hours=hours, may_change=may_change, reason=reason, actor=actor
        )
    return window


def claimed(organization: Organization, by: User, second: User | None = None) -> OwnerClaim:
    """A claim of two Admins; announced when there is a second one."""
    with bound(organization.id):
        claim = claim_create(
            domain=None, reason="Nobody answers", actor=access_of(organization, by)
        )
    if second is None:
        return claim
    with bound(organization.id):
        return claim_confirm(claim=claim, actor=access_of(organization, second))


def reload(row: Any) -> Any:
    with bound(row.organization_id):
        return type(row).objects.in_org(row.organization_id).get(pk=row.pk)


def earlier(row: Any, by: datetime.timedelta, *, domain: bool = True) -> Any:
    """Let time pass for a window with its membership, or for a claim with its domain: it all
    began earlier."""
    organization = row.organization_id
    with bound(organization):
        rows = type(row).objects.in_org(organization).filter(pk=row.pk)
        if isinstance(row, SupportWindow):
            rows.update(opened_at=F("opened_at") - by, until=F("until") - by)
            Membership.objects.in_org(organization).filter(pk=row.actor).update(
                joined_at=F("joined_at") - by, expires_at=F("expires_at") - by
            )
        else:
            rows.update(
                created_at=F("created_at") - by,
                notice_at=F("notice_at") - by,
                ripe_at=F("ripe_at") - by,
            )
            if row.domain_id and domain:
                domains = OrganizationDomain.objects.in_org(organization).filter(pk=row.domain_id)
                domains.update(verified_at=F("verified_at") - by)
        note(organization)
    return reload(row)


def note(organization: Any) -> None:
    """The entry that the database asks for with a change behind the back of every deed."""
    ledger.record(
        Event.SUPPORT_CASE_CREATED,
        organization=organization,
        actor=TEST,
        target=Target("test", None, "Time passed"),
        changes={"urgency": (None, None)},
    )


def sentences(organization: Organization, most: int = 5) -> list[str]:
    """The newest entries of its log in words, newest first."""
    with bound(organization.id):
        return [plain(entry) for entry in recent(organization.id, most)]


def actions(organization: Organization, most: int = 5) -> list[str]:
    with bound(organization.id):
        return [entry.action for entry in recent(organization.id, most)]


def role_of(organization: Organization, person: User) -> str:
    with bound(organization.id):
        return Membership.objects.in_org(organization).get(person=person).role
