"""Deeds on support cases: opening one, writing on it, solving it. Windows are in `support.py`.

What is written goes out as a letter when it is committed, and nothing else of the organization.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Change, Target
from config.roles import Permission
from config.text import NAME_LENGTH
from orgs.access import Access, require
from orgs.letters import post, support_letter
from orgs.models import Organization, SupportCase, SupportNote

State = SupportCase.State


@transaction.atomic
def support_case_create(
    *, subject: str, text: str, urgency: str, reply_to: str, actor: Access
) -> SupportCase:
    """Open a case (S1-020): support gets a letter that it may answer to `reply_to`.

    Raises ValidationError: `forbidden`.
    """
    require(actor, Permission.ORG_HANDLE_SUPPORT)
    # Numbers have no gaps and no doubles: who counts holds the organization's row.
    Organization.objects.select_for_update(no_key=True).get(pk=actor.org.id)
    last = SupportCase.objects.in_org(actor.org.id).aggregate(last=Max("number"))["last"]
    case = SupportCase.objects.create(
        organization_id=actor.org.id,
        number=(last or 0) + 1,
        subject=subject,
        text=text,
        urgency=urgency,
        opened_by_id=actor.membership_id,
        opened_by_name=actor.identity.label[:NAME_LENGTH],
    )
    urgent = {"urgency": (None, case.get_urgency_display())}
    _record(Event.SUPPORT_CASE_CREATED, case, actor, urgent)
    _send(case, text, reply_to)
    return case


@transaction.atomic
def support_case_answer(
    *, case: SupportCase, text: str, state: str, reply_to: str, actor: Access
) -> SupportNote:
    """Write on a case; on one that was solved it opens it again (S1-020).

    `state` says whose turn it is then: with `waiting` support gets the text as a letter, with
    `open` it stays in the organization. Raises ValidationError: `forbidden`, `gone`, `state`.
    """
    require(actor, Permission.ORG_HANDLE_SUPPORT)
    if state not in (State.WAITING, State.OPEN):
        raise ValidationError("Say who is next.", code="state")
    case = _locked(case)
    note = SupportNote.objects.create(
        organization_id=actor.org.id,
        case=case,
        written_by_id=actor.membership_id,
        written_by_name=actor.identity.label[:NAME_LENGTH],
        text=text,
    )
    _turn(Event.SUPPORT_CASE_ANSWERED, case, State(state), actor)
    if state == State.WAITING:
        _send(case, text, reply_to)
    return note


@transaction.atomic
def support_case_solve(*, case: SupportCase, actor: Access) -> SupportCase:
    """Say that a case is solved; one that is stays so.

    Raises ValidationError: `forbidden`, `gone`.
    """
    require(actor, Permission.ORG_HANDLE_SUPPORT)
    case = _locked(case)
    if not case.is_solved:
        _turn(Event.SUPPORT_CASE_SOLVED, case, State.SOLVED, actor)
    return case


def _turn(event: Event, case: SupportCase, state: State, actor: Access) -> None:
    old = case.get_state_display()
    case.state, case.changed_at = state.value, timezone.now()
    case.save(update_fields=["state", "changed_at"])
    _record(event, case, actor, {"state": (old, state.label)})


def _send(case: SupportCase, text: str, reply_to: str) -> None:
    if settings.SUPPORT_EMAIL:
        post([support_letter(case, text=text, to=settings.SUPPORT_EMAIL, reply_to=reply_to)])


def _locked(case: SupportCase) -> SupportCase:
    rows = SupportCase.objects.in_org(case.organization_id).select_for_update(no_key=True)
    found = rows.filter(pk=case.pk).first()
    if found is None:
        raise ValidationError("This case is gone.", code="gone")
    return found


def _record(event: Event, case: SupportCase, actor: Access, changes: dict[str, Change]) -> None:
    ledger.record(
        event,
        organization=case.organization_id,
        actor=actor.identity,
        target=Target("support_case", case.pk, str(case)),
        changes=changes,
    )
