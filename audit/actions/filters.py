"""Keeping a filter of the log under a name, for oneself or for all who read it, and deleting it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from audit.models import SavedFilter
from audit.queries import MOST_SAVED


@transaction.atomic
def filter_save(
    *,
    organization: UUID,
    membership: UUID,
    name: str,
    query: Mapping[str, str],
    shared: bool,
    actor: Actor,
) -> SavedFilter:
    """Keep it. Raises ValidationError for a name that is taken, and beyond `MOST_SAVED` of one's
    own.
    """
    own = SavedFilter.objects.filter(organization_id=organization, membership_id=membership)
    if own.count() >= MOST_SAVED:
        text = f"You keep {MOST_SAVED} filters. Delete one before you save another."
        raise ValidationError(text, code="too_many")
    kept = SavedFilter(
        organization_id=organization,
        membership_id=membership,
        name=name,
        query=dict(query),
        shared=shared,
    )
    try:
        with transaction.atomic():
            kept.save(force_insert=True)
    except IntegrityError as error:
        if "saved_filter_one_name_a_person" not in str(error):
            raise
        raise ValidationError("You have a filter of this name.", code="name_taken") from error
    _record(Event.AUDIT_FILTER_SAVED, kept, actor, is_new=True)
    return kept


@transaction.atomic
def filter_delete(*, kept: SavedFilter, actor: Actor) -> None:
    """Delete it for everybody. Who may is for the caller to ask; a second time nothing happens."""
    number, _ = SavedFilter.objects.filter(
        organization_id=kept.organization_id, pk=kept.pk
    ).delete()
    if number:
        _record(Event.AUDIT_FILTER_DELETED, kept, actor, is_new=False)


def _record(event: Event, kept: SavedFilter, actor: Actor, *, is_new: bool) -> None:
    def side(value: object) -> tuple[object, object]:
        return (None, value) if is_new else (value, None)

    ledger.record(
        event,
        organization=kept.organization_id,
        actor=actor,
        target=Target("filter", kept.pk, kept.name),
        changes={"filter": side(urlencode(kept.query)), "shared": side(kept.shared)},
    )
