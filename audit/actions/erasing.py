"""Erasing somebody from the words of a log, for data protection. The chain holds without them."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from audit import ledger, proof
from audit.events import Event
from audit.ledger import Actor, Target
from audit.telling import member_named
from config.moments import format_local

NOBODY_NAMED = "someone erased"


@transaction.atomic
def audit_person_erase(*, organization: UUID, person: UUID, names: bool, actor: Actor) -> int:
    """Empty the words of every entry that names somebody who has left; returns how many.

    With `names` a bare name is enough, and namesakes go with it. Addresses, agents and what a form
    said of them go with the words; ids stay, and what was typed as a reason. Raises
    ValidationError: `held`, `member`, `unknown`.
    """
    stopped = refusal(organization=organization, person=person)
    if stopped is not None:
        raise stopped
    if proof.person_gone(organization, person) is None:
        raise ValidationError(
            "The log names nobody who left under this id. Nothing was erased.", code="unknown"
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_erase(%s, %s, %s)", [organization, person, names])
        row = cursor.fetchone()
    erased = int(row[0]) if row else 0
    ledger.record(
        Event.AUDIT_PERSON_ERASED,
        organization=organization,
        actor=actor,
        target=Target("member", person, NOBODY_NAMED),
        changes={"entries": (None, erased)},
    )
    return erased


def refusal(*, organization: UUID, person: UUID) -> ValidationError | None:
    """What stands in the way: a hold, or that they are a member under this or another id."""
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
    addresses = proof.addresses_of(organization, person)
    name = member_named(organization=organization, person=person, addresses=addresses)
    if name:
        return ValidationError(
            "%(name)s is a member. Remove them from the organization first.",
            code="member",
            params={"name": name},
        )
    return None
