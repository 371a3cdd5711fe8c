"""Letting somebody off a rule for a while, and what the clock does to rules.

Rules themselves are in rules.py.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Actor
from config.roles import Permission, Role
from orgs.access import Access, require
from orgs.actions.notices import notify
from orgs.actions.rules import locked, target_of
from orgs.models import Membership, Organization, Rule, RuleException, RuleViolation
from orgs.models.rules import LONGEST_EXCEPTION
from orgs.rules.keeping import refresh
from orgs.rules.language import parse


@transaction.atomic
def rule_exception_give(
    *,
    rule: Rule,
    membership: Membership | None,
    reason: str,
    until: datetime.datetime,
    actor: Access,
) -> RuleException:
    """Let one member off one rule until a day, a year at most; nobody else is let off.

    A second one for the same member takes the place of the first. Without a member it is a number
    that may be off. Raises ValidationError: `past`, `too_long`, `whom`.
    """
    require(actor, Permission.ORG_MANAGE_SETTINGS)
    rule = locked(rule)
    if (membership is None) != parse(rule.text).is_of_a_number:
        raise ValidationError("Choose whom to let off.", code="whom")
    now = timezone.now()
    if until <= now:
        raise ValidationError("This is in the past.", code="past")
    if until > now + LONGEST_EXCEPTION:
        raise ValidationError("An exception lasts a year at most.", code="too_long")
    given = RuleException.objects.in_org(rule.organization_id).select_for_update()
    before = given.filter(rule=rule, membership=membership).first()
    if before is not None:
        given.filter(pk=before.pk).delete()
    made = RuleException.objects.create(
        organization_id=rule.organization_id,
        rule=rule,
        membership=membership,
        reason=reason,
        until=until,
        given_by_id=actor.membership_id,
    )
    # Let off by name and by day, not by having been there first.
    RuleViolation.objects.in_org(rule.organization_id).filter(
        rule=rule, membership=membership
    ).delete()
    ledger.record(
        Event.RULE_EXCEPTION_GIVEN,
        organization=rule.organization_id,
        actor=actor.identity,
        target=target_of(rule),
        changes={
            "to": (None, _whom(membership)),
            "expires_at": (before.until if before else None, until),
        },
        reason=reason,
    )
    return made


@transaction.atomic
def rule_exception_end(*, exception: RuleException, actor: Actor, reason: str = "") -> None:
    """End an exception before its day, or clear away one that is over.

    Whoever still breaks the rule is known to from then on. For owners and the job alike: who may
    was asked. Does nothing where somebody was first.
    """
    org = exception.organization_id
    rows = RuleException.objects.in_org(org).select_for_update()
    found = rows.filter(pk=exception.pk).first()
    if found is None:
        return
    member = found.membership_id and Membership.objects.in_org(org).get(pk=found.membership_id)
    rule = Rule.objects.in_org(org).get(pk=found.rule_id)
    rows.filter(pk=found.pk).delete()
    refresh(org)
    ledger.record(
        Event.RULE_EXCEPTION_ENDED,
        organization=org,
        actor=actor,
        target=target_of(rule),
        changes={"to": (_whom(member or None), None), "expires_at": (found.until, None)},
        reason=reason,
    )


@transaction.atomic
def rules_settle(*, organization: UUID, actor: Actor) -> int:
    """By the clock: clear away exceptions that are over, store what breaks a rule since, and tell
    the owners once of each rule. Returns how many rules they were told of."""
    over = RuleException.objects.in_org(organization).filter(until__lte=timezone.now())
    for exception in over:
        rule_exception_end(exception=exception, actor=actor, reason="Its day has come.")
    refresh(organization)
    untold = RuleViolation.objects.in_org(organization).filter(told=False).select_related("rule")
    by_rule: dict[UUID, list[RuleViolation]] = {}
    for row in untold:
        by_rule.setdefault(row.rule_id, []).append(row)
    if by_rule:
        _tell(organization, list(by_rule.values()))
    return len(by_rule)


def _tell(organization: UUID, broken: Sequence[list[RuleViolation]]) -> None:
    place = Organization.objects.get(pk=organization)
    owners = list(
        Membership.objects.in_org(organization).filter(role=Role.OWNER, person__isnull=False)[:20]
    )
    for rows in broken:
        notify(
            organization=organization,
            members=owners,
            text=f"A rule does not hold any more: {rows[0].rule.text}",
            path=reverse("rule_list", args=[place.slug]),
            key=f"rule:{rows[0].pk}",
        )
        told = [row.pk for row in rows]
        RuleViolation.objects.in_org(organization).filter(pk__in=told).update(told=True)


def _whom(membership: Membership | None) -> str:
    return membership.name if membership else "the organization"
