"""Deeds on rules: adding, switching, removing, and whole packs; exceptions are next door.

That a rule is kept on every change is orgs/rules/keeping.py; who breaks one, orgs/rules/judge.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.roles import Permission, Preset
from orgs.access import Access, require
from orgs.models import Organization, Rule, RuleViolation
from orgs.models.tenant import TenantQuerySet
from orgs.rules.judge import Witness, off_by, witnesses
from orgs.rules.keeping import MOST_KNOWN, policies_of, violation
from orgs.rules.language import Sentence, parse
from orgs.rules.packs import TWO_TO_THREE_OWNERS, pack

MOST_RULES = 300
_BLOCKS, _WARNS = "Stops the change", "Warns"


@transaction.atomic
def rule_add(*, organization: UUID, text: str, blocks: bool, known: bool, actor: Access) -> Rule:
    """Add a rule that holds from now on.

    Whoever breaks it already is named first: only with `known` is it added all the same, and they
    are let be until it holds for them. Raises ValidationError: `language`, `exists`, `violated`,
    `too_many`, `too_many_rules`, `forbidden`.
    """
    require(actor, Permission.ORG_MANAGE_SETTINGS)
    sentence = parse(text)
    rules = _locked_rules(organization)
    if rules.filter(text=str(sentence)).exists():
        raise ValidationError("This rule is there already.", code="exists")
    _leave_room(organization, 1)
    rule = Rule(
        organization_id=organization,
        text=str(sentence),
        blocks=blocks,
        created_by_id=actor.membership_id,
    )
    found = _already(organization, [(rule, sentence)], known=known)
    rule.save(force_insert=True)
    _store(organization, found)
    ledger.record(
        Event.RULE_ADDED,
        organization=organization,
        actor=actor.identity,
        target=target_of(rule),
        changes={
            "rule": (None, rule.text),
            "blocks": (None, _mode(blocks)),
            "known": (None, len(found)),
        },
    )
    return rule


@transaction.atomic
def rule_change(
    *, rule: Rule, active: bool, blocks: bool, known: bool = False, actor: Access
) -> Rule:
    """Switch a rule on or off, or let it stop changes instead of warning.

    Switching on asks as adding does. Raises ValidationError: `violated`, `too_many`.
    """
    require(actor, Permission.ORG_MANAGE_SETTINGS)
    rule = locked(rule)
    if (rule.active, rule.blocks) == (active, blocks):
        return rule
    before = rule.active, rule.blocks
    found: list[tuple[Witness, int]] = []
    if active and (not rule.active or (blocks and not rule.blocks)):
        found = _already(rule.organization_id, [(rule, parse(rule.text))], known=known)
    rule.active, rule.blocks = active, blocks
    rule.save(update_fields=["active", "blocks"])
    if not active:
        RuleViolation.objects.in_org(rule.organization_id).filter(rule=rule).delete()
    _store(rule.organization_id, found)
    ledger.record(
        Event.RULE_CHANGED,
        organization=rule.organization_id,
        actor=actor.identity,
        target=target_of(rule),
        changes={
            "state": (_state(before[0]), _state(active)),
            "blocks": (_mode(before[1]), _mode(blocks)),
        },
    )
    return rule


@transaction.atomic
def rule_remove(*, rule: Rule, actor: Access) -> None:
    """Remove a rule with its exceptions."""
    require(actor, Permission.ORG_MANAGE_SETTINGS)
    rule = locked(rule)
    Rule.objects.in_org(rule.organization_id).filter(pk=rule.pk).delete()
    ledger.record(
        Event.RULE_REMOVED,
        organization=rule.organization_id,
        actor=actor.identity,
        target=target_of(rule),
        changes={"rule": (rule.text, None)},
    )


@transaction.atomic
def pack_add(*, organization: UUID, preset: Preset, known: bool, actor: Access) -> int:
    """Add the rules of a preset that are not there yet, all or none; the last of them only warns.

    Raises ValidationError: `violated` unless `known`, `too_many`, `too_many_rules`, `exists`.
    """
    require(actor, Permission.ORG_MANAGE_SETTINGS)
    there = set(_locked_rules(organization).values_list("text", flat=True))
    new = [
        (_of_pack(organization, preset, sentence, actor), sentence)
        for sentence in (*pack(preset), TWO_TO_THREE_OWNERS)
        if str(sentence) not in there
    ]
    if not new:
        raise ValidationError("Every rule of it is there already.", code="exists")
    _leave_room(organization, len(new))
    found = _already(organization, new, known=known)
    Rule.objects.bulk_create([rule for rule, _ in new])
    _store(organization, found)
    ledger.record(
        Event.PACK_ADDED,
        organization=organization,
        actor=actor.identity,
        target=pack_target(preset),
        changes={"rules": (None, len(new)), "known": (None, len(found))},
    )
    return len(new)


@transaction.atomic
def pack_remove(*, organization: UUID, preset: Preset, actor: Access) -> int:
    """Remove the rules that came with a preset, with their exceptions. Raises: `gone`."""
    require(actor, Permission.ORG_MANAGE_SETTINGS)
    rules = _locked_rules(organization).filter(pack=preset.value)
    gone = list(rules.values_list("pk", flat=True))
    if not gone:
        raise ValidationError("None of its rules is here any more.", code="gone")
    Rule.objects.in_org(organization).filter(pk__in=gone).delete()
    ledger.record(
        Event.PACK_REMOVED,
        organization=organization,
        actor=actor.identity,
        target=pack_target(preset),
        changes={"rules": (len(gone), None)},
    )
    return len(gone)


def _already(
    organization: UUID, rules: Sequence[tuple[Rule, Sentence]], *, known: bool
) -> list[tuple[Witness, int]]:
    """Who breaks these rules at this moment. Raises ValidationError: `violated`, `too_many`."""
    sentences = {rule.pk: sentence for rule, sentence in rules}
    found = witnesses(
        sentences.items(), policies_of(organization), limit=MOST_KNOWN + 1, known=True
    )
    if found and not known:
        raise ValidationError(
            "This does not hold now. Mend it, or say that you know.", code="violated"
        )
    if len(found) > MOST_KNOWN:
        raise ValidationError(
            "More than %(most)s people break this now. Mend it first.",
            code="too_many",
            params={"most": f"{MOST_KNOWN:,}"},
        )
    return [(one, off_by(sentences[one.rule], one.number)) for one in found]


def _store(organization: UUID, found: Sequence[tuple[Witness, int]]) -> None:
    """They are known from now on, and whoever confirmed it needs no notice of it."""
    RuleViolation.objects.bulk_create(
        [violation(organization, witness, off, told=True) for witness, off in found],
        ignore_conflicts=True,
    )


def _of_pack(organization: UUID, preset: Preset, sentence: Sentence, actor: Access) -> Rule:
    return Rule(
        organization_id=organization,
        text=str(sentence),
        pack=preset.value,
        blocks=sentence is not TWO_TO_THREE_OWNERS,
        created_by_id=actor.membership_id,
    )


def _leave_room(organization: UUID, number: int) -> None:
    if Rule.objects.in_org(organization).count() + number > MOST_RULES:
        raise ValidationError(
            "An organization has %(most)s rules at most.",
            code="too_many_rules",
            params={"most": MOST_RULES},
        )


def _locked_rules(organization: UUID) -> TenantQuerySet[Rule]:
    """All rules; whoever else adds or removes some waits."""
    Organization.objects.select_for_update(no_key=True).get(pk=organization)
    return Rule.objects.in_org(organization)


def locked(rule: Rule) -> Rule:
    """As it is now; one that somebody has just removed raises DoesNotExist, which is a 409."""
    return Rule.objects.in_org(rule.organization_id).select_for_update().get(pk=rule.pk)


def _mode(blocks: bool) -> str:
    return _BLOCKS if blocks else _WARNS


def _state(active: bool) -> str:
    return "On" if active else "Off"


def target_of(rule: Rule) -> Target:
    return Target("rule", rule.pk, rule.text)


def pack_target(preset: Preset) -> Target:
    return Target("pack", None, preset.label)
