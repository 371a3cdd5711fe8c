"""Erasing somebody from the words of a log, for data protection. The chain holds without them.

What was typed as a reason is in the hashed text: no erasing changes it, and the page says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from audit import ledger, proof
from audit.events import Event
from audit.ledger import Actor, Target
from audit.mentions import filters_naming
from audit.models import SavedFilter
from audit.sentences import ERASED
from audit.telling import address_invited, forget, member_named
from config.moments import format_local


@transaction.atomic
def audit_person_erase(*, organization: UUID, person: UUID, names: bool, actor: Actor) -> int:
    """Empty the words of every entry that names somebody who has left, or who never joined.

    Returns how many. With `names` a bare name is enough, and namesakes go with it. Addresses,
    agents and what a form said of them go with the words, and so do invitations and saved filters
    that name them; ids stay, and what was typed as a reason. Raises ValidationError: `held`,
    `member`, `invited`, `unknown`.
    """
    # Read before the words go by which everything else is found.
    labels = proof.labels_of(organization, person)
    stopped = refusal(organization=organization, person=person, labels=labels)
    if stopped is not None:
        raise stopped
    gone = proof.person_gone(organization, person)
    if gone is None:
        raise ValidationError(
            "The log names nobody who left under this id. Nothing was erased.", code="unknown"
        )
    filters = filters_naming(organization, labels, names=names)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_erase(%s, %s, %s)", [organization, person, names])
        row = cursor.fetchone()
    erased = int(row[0]) if row else 0
    SavedFilter.objects.filter(organization_id=organization, pk__in=filters).delete()
    forget(organization=organization, addresses=proof.addresses_among(labels))
    ledger.record(
        Event.AUDIT_PERSON_ERASED,
        organization=organization,
        actor=actor,
        target=Target("invitation" if gone.never_joined else "member", person, ERASED),
        changes={"entries": (None, erased)},
    )
    return erased


def refusal(
    *, organization: UUID, person: UUID, labels: Sequence[tuple[str, str]]
) -> ValidationError | None:
    """What stands in the way: a hold, or that they are a member, or invited, by any address."""
    keeping = proof.keeping_of(organization)
    if keeping.held_at is not None:
        return ValidationError(
            "%(who)s placed a legal hold on %(when)s. Nothing is erased while it stands.",
            code="held",
            params={
                "who": keeping.held_by_label or "Somebody",
                "when": format_local(keeping.held_at, "j M Y"),
            },
        )
    addresses = proof.addresses_among(labels)
    name = member_named(organization=organization, person=person, addresses=addresses)
    if name:
        return ValidationError(
            "%(name)s is a member. Remove them from the organization first.",
            code="member",
            params={"name": name},
        )
    address = address_invited(organization=organization, addresses=addresses)
    if address:
        return ValidationError(
            "An invitation to %(address)s is open. Revoke it first.",
            code="invited",
            params={"address": address},
        )
    return None
