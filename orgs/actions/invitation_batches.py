"""Inviting many people: a dry run and the deed, by the same checks in the same order.

Nothing is stored between the two. One invitation is in invitations.py; reading a list that
somebody typed is in orgs/forms/addresses.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.db import transaction

from orgs.access import Access
from orgs.actions.invitations import (
    Ask,
    insert_invitation,
    lock_organization,
    record_sent,
    require_invitable,
)
from orgs.models import Invitation
from orgs.queries.invitations import Roll, roll_of
from orgs.seats import seats


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a list: somebody to invite, or why it names nobody."""

    number: int
    shown: str
    ask: Ask | None = None
    refusal: ValidationError | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What would become, or became, of a line. `code` is `new`, `fills` or a refusal's."""

    line: Line
    code: str
    sentence: str
    invitation: Invitation | None = None
    token: str = ""

    @property
    def ok(self) -> bool:
        return self.code in ("new", "fills")

    @property
    def is_harmless(self) -> bool:
        """Left out because nothing is left to do."""
        return self.code in ("already_member", "already_pending", "duplicate")


def invitation_check(*, lines: Sequence[Line], actor: Access) -> list[Verdict]:
    """The dry run: changes nothing and takes no lock."""
    roll = roll_of(actor, _emails(lines))
    left = seats(actor.org).free
    verdicts = []
    for line, verdict in _judged(lines, roll=roll, actor=actor):
        if verdict.ok and left == 0:
            full = ValidationError("No seat is left for this one.", code="no_seat")
            verdicts.append(_refused(line, full))
            continue
        if verdict.ok and left is not None:
            left -= 1
        verdicts.append(verdict)
    return verdicts


@transaction.atomic
def invitation_create_many(*, lines: Sequence[Line], actor: Access) -> list[Verdict]:
    """Invite everyone who may be invited; each line stands or falls alone.

    The entries of the ledger come after all the rows: its lock is the last to be taken.
    """
    lock_organization(actor)
    roll = roll_of(actor, _emails(lines))
    verdicts = [
        _invited(line.ask, verdict, roll=roll, actor=actor) if line.ask and verdict.ok else verdict
        for line, verdict in _judged(lines, roll=roll, actor=actor)
    ]
    for verdict in verdicts:
        if verdict.invitation is not None:
            record_sent(verdict.invitation, actor=actor)
    return verdicts


def _judged(lines: Sequence[Line], *, roll: Roll, actor: Access) -> list[tuple[Line, Verdict]]:
    seen: set[str] = set()
    judged = []
    for line in lines:
        judged.append((line, _judge(line, seen=seen, roll=roll, actor=actor)))
        if line.ask is not None:
            seen.add(line.ask.email)
    return judged


def _judge(line: Line, *, seen: set[str], roll: Roll, actor: Access) -> Verdict:
    if line.ask is None:
        return _refused(line, line.refusal or ValidationError("Not an address.", "invalid_email"))
    if line.ask.email in seen:
        return _refused(line, ValidationError("Twice in this list.", code="duplicate"))
    try:
        require_invitable(line.ask, roll=roll, actor=actor)
    except ValidationError as refusal:
        return _refused(line, refusal)
    if placeholder := line.ask.placeholder or roll.members.get(line.ask.email):
        return Verdict(
            line=line, code="fills", sentence=f"New, takes the place of {placeholder.name}"
        )
    return Verdict(line=line, code="new", sentence="New")


def _invited(ask: Ask, verdict: Verdict, *, roll: Roll, actor: Access) -> Verdict:
    try:
        invitation, token = insert_invitation(ask, roll=roll, actor=actor)
    except ValidationError as refusal:
        return _refused(verdict.line, refusal)
    return replace(verdict, sentence="Invited", invitation=invitation, token=token)


def _refused(line: Line, refusal: ValidationError) -> Verdict:
    sentence = refusal.messages[0].rstrip(".")
    return Verdict(line=line, code=refusal.code or "invalid", sentence=sentence)


def _emails(lines: Sequence[Line]) -> set[str]:
    return {line.ask.email for line in lines if line.ask is not None}
