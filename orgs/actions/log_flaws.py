"""What organizations add to the proof of their log: owners hear of a flaw, members are not erased,
and of who is erased no invitation stays.

What is proven, and how, is in the audit app.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from audit.models import PLATFORM
from audit.telling import on_erasing, on_flaw, who_is_invited, who_stands
from config.roles import Role
from orgs.actions.notices import notify
from orgs.models import Invitation, Membership, Organization


def connect() -> None:
    on_flaw(tell_owners)
    who_stands(standing_member)
    who_is_invited(open_invitation)
    on_erasing(forget_invitations)


def tell_owners(*, organization: UUID, sequence: int, sentence: str) -> None:
    """Every owner is told once of a flaw, with the page that says what it means."""
    slug = Organization.objects.filter(pk=organization).values_list("slug", flat=True).first()
    if organization == PLATFORM or slug is None:
        return
    owners = Membership.objects.in_org(organization).filter(role=Role.OWNER, person__isnull=False)
    notify(
        organization=organization,
        members=owners,
        text=f"The audit log was tampered with. {sentence} Nothing is signed from here on.",
        path=reverse("checkpoint_list", args=[slug]),
        key=f"flaw:{sequence}",
    )


def standing_member(*, organization: UUID, person: UUID, addresses: Sequence[str]) -> str:
    """The name of a member with this id, address or login; empty for nobody."""
    is_them = Q(pk=person) | Q(email__in=addresses) | Q(login__in=addresses)
    found = Membership.objects.in_org(organization).filter(is_them)
    return found.values_list("name", flat=True).first() or ""


def open_invitation(*, organization: UUID, addresses: Sequence[str]) -> str:
    """The one of these addresses that may still take up an invitation; empty for none."""
    found = Invitation.objects.in_org(organization).filter(_is_open(), email__in=addresses)
    return found.values_list("email", flat=True).first() or ""


def forget_invitations(*, organization: UUID, addresses: Sequence[str]) -> None:
    """Remove the invitations to these addresses that nobody can take up any more."""
    Invitation.objects.in_org(organization).filter(~_is_open(), email__in=addresses).delete()


def _is_open() -> Q:
    return Q(state=Invitation.State.PENDING, expires_at__gt=timezone.now())
