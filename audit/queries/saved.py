"""Filters that are kept: a person's own, and those that all who read the log share."""

from __future__ import annotations

from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from audit.models import SavedFilter

MOST_SAVED = 50
"""How many one person keeps, and how many shared ones are listed."""


def saved_list(*, organization: UUID, membership: UUID) -> list[SavedFilter]:
    """One's own filters and the shared ones, by name. One query."""
    # However many others share, one's own are among them: they can be deleted nowhere else.
    is_own = ExpressionWrapper(Q(membership_id=membership), BooleanField())
    found = _seen_by(organization, membership).order_by(is_own.desc(), "name", "id")
    return sorted(found[: 2 * MOST_SAVED], key=lambda kept: (kept.name, kept.id))


def saved_get(*, organization: UUID, membership: UUID, pk: UUID) -> SavedFilter | None:
    """One of them; None for another's own and for none."""
    return _seen_by(organization, membership).filter(pk=pk).first()


def _seen_by(organization: UUID, membership: UUID) -> QuerySet[SavedFilter]:
    seen = Q(membership_id=membership) | Q(shared=True)
    return SavedFilter.objects.filter(seen, organization_id=organization)
