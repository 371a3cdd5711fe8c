"""What organizations add to the proof of their log: owners hear of a flaw, members are not erased.

What is proven, and how, is in the audit app.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from audit.models import PLATFORM
from audit.telling import on_flaw, who_stands
from config.roles import Role
from orgs.actions.notices import notify
from orgs.models import Membership, Organization


def connect() -> None:
    on_flaw(tell_owners)
    who_stands(standing_member)


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
