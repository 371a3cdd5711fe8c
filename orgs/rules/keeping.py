"""Rules are kept: judged once, before what was done is committed, and undone where it breaks one.

A change is judged by what it did to whose access, as the ledger noted it, so only a witness that
was not there before stops it. Changes of one organization follow one another: each holds the head
of the ledger from its entry to its commit, so the judge sees all that was committed before.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from audit import ledger
from config.prepared import prepared_row
from config.roles import Policy, Role
from orgs.effective import effective_access
from orgs.models import Membership, Organization, Rule, RuleViolation
from orgs.rules.judge import Witness, off_by, witnesses
from orgs.rules.language import Sentence, parse
from orgs.rules.words import explain, to_you

_ASKED = "SELECT * FROM rules_asked(%s, %s)"
_BIND = "SELECT bind_organization(%s)"

MOST_KNOWN = 1000
"""So many may break a rule that is switched on; beyond, it is to be mended first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """The first rule that a change would break, and by whom: `because` goes on after a name."""

    organization: UUID
    rule: UUID
    text: str
    membership: UUID | None
    name: str
    because: str
    mend: str

    def told(self, *, named: bool, own: UUID | None = None) -> str:
        """The witness and the reason in one sentence, as far as the reader may see names."""
        if self.membership is None:
            said = self.because[0].lower() + self.because[1:]
        elif own is not None and own == self.membership:
            said = f"you {to_you(self.because)}"
        else:
            said = f"{self.name if named else 'somebody'} {self.because}"
        return f"With this change, {said}."


class RuleBrokenError(ValidationError):
    """What was done would break a rule, so it was undone. Its words name nobody."""

    def __init__(self, broken: Broken) -> None:
        self.broken = broken
        super().__init__(
            f"This would break a rule: {broken.text}. {broken.told(named=False)} {broken.mend}",
            code="rule",
        )


@contextmanager
def keeping_rules() -> Iterator[None]:
    """Judge at the end what was done within, in its own transaction. Raises RuleBrokenError.

    Within another such block it is the outermost that judges.
    """
    with ledger.noting() as noted:
        yield
        if noted and not transaction.get_rollback():
            keep(noted)


@contextmanager
def unjudged() -> Iterator[None]:
    """The platform's own deeds: whoever runs containers reads no rule and is stopped by none."""
    with ledger.noting(apart=True):
        yield


def keep(noted: Mapping[UUID, int]) -> None:
    """Judge what was recorded here from these entries on. Raises RuleBrokenError."""
    for organization, since in noted.items():
        row = prepared_row(_ASKED, [organization, since])
        if row is None:
            continue
        before = prepared_row(_BIND, [organization])
        if row[0] is None:
            # Something else was bound until now, to which nothing was said.
            row = prepared_row(_ASKED, [organization, since])
        if row is not None:
            rules = [(UUID(key), parse(text)) for key, text in json.loads(row[0])]
            policies = frozenset(map(Policy, row[1]))
            _judge(organization, rules, policies, people=row[2])
        prepared_row(_BIND, [before[0] if before else None])


def _judge(
    organization: UUID,
    rules: list[tuple[UUID, Sentence]],
    policies: frozenset[Policy],
    *,
    people: Collection[UUID] | None,
) -> None:
    found = witnesses(rules, policies, people=people)
    if found:
        raise RuleBrokenError(_explained(organization, dict(rules), policies, found[0]))
    _forget_mended(organization, rules, policies, people=people)


def _forget_mended(
    organization: UUID,
    rules: list[tuple[UUID, Sentence]],
    policies: frozenset[Policy],
    *,
    people: Collection[UUID] | None,
) -> None:
    """Who was known to break a rule and does so no longer may not begin again."""
    known = RuleViolation.objects.in_org(organization).filter(rule__in=[key for key, _ in rules])
    if people is not None:
        known = known.filter(Q(membership__in=people) | Q(membership=None))
    rows = {(row.rule_id, row.membership_id): row for row in known}
    if not rows:
        return
    who = {member for _, member in rows if member is not None}
    asked = {rule for rule, _ in rows}
    still = witnesses(
        [one for one in rules if one[0] in asked],
        policies,
        people=who,
        limit=len(rows),
        excepted=True,
        known=True,
    )
    sentences = dict(rules)
    for witness in still:
        row = rows.pop((witness.rule, witness.membership), None)
        off = off_by(sentences[witness.rule], witness.number)
        if row is not None and off < row.off_by:
            RuleViolation.objects.in_org(organization).filter(pk=row.pk).update(off_by=off)
    if rows:
        gone = [row.pk for row in rows.values()]
        RuleViolation.objects.in_org(organization).filter(pk__in=gone).delete()


# --- what breaks it already ----------------------------------------------------------------------


def found_now(organization: UUID, *, limit: int, of: Collection[UUID] | None = None) -> list[Found]:
    """Every rule in force in the bound organization with who breaks it now, known or not."""
    rules = Rule.objects.in_org(organization).filter(active=True)
    rules = rules if of is None else rules.filter(pk__in=of)
    kept = [(rule, parse(rule.text)) for rule in rules]
    if not kept:
        return []
    policies = policies_of(organization)
    by_rule: dict[UUID, list[Witness]] = {rule.pk: [] for rule, _ in kept}
    asked = [(rule.pk, sentence) for rule, sentence in kept]
    for witness in witnesses(asked, policies, limit=limit, known=True):
        by_rule[witness.rule].append(witness)
    return [Found(rule, sentence, tuple(by_rule[rule.pk])) for rule, sentence in kept]


@dataclass(frozen=True, slots=True)
class Found:
    """A rule, and who breaks it and has no exception."""

    rule: Rule
    sentence: Sentence
    witnesses: tuple[Witness, ...]


def refresh(organization: UUID) -> list[RuleViolation]:
    """Store what breaks the rules of the bound organization now, and forget what does not any
    more. Returns what is new: it came with the clock, and stops nobody's unrelated change."""
    rows = {
        (row.rule_id, row.membership_id): row for row in RuleViolation.objects.in_org(organization)
    }
    new: list[RuleViolation] = []
    for found in found_now(organization, limit=MOST_KNOWN):
        for witness in found.witnesses:
            off = off_by(found.sentence, witness.number)
            row = rows.pop((witness.rule, witness.membership), None)
            if row is None:
                new.append(violation(organization, witness, off))
            elif row.off_by != off:
                RuleViolation.objects.in_org(organization).filter(pk=row.pk).update(off_by=off)
    RuleViolation.objects.in_org(organization).filter(pk__in=[r.pk for r in rows.values()]).delete()
    RuleViolation.objects.bulk_create(new, ignore_conflicts=True)
    return new


def stood_before(broken: Broken) -> bool:
    """Is it broken in the bound organization without the change that was undone?"""
    refresh(broken.organization)
    known = RuleViolation.objects.in_org(broken.organization).filter(rule=broken.rule)
    return known.filter(membership=broken.membership).exists()


def violation(
    organization: UUID, witness: Witness, off: int, *, told: bool = False
) -> RuleViolation:
    return RuleViolation(
        organization_id=organization,
        rule_id=witness.rule,
        membership_id=witness.membership,
        off_by=off,
        told=told,
    )


def policies_of(organization: UUID) -> frozenset[Policy]:
    """As they stand in the database: a request may have changed them a moment ago."""
    said = Organization.objects.values_list("policies", flat=True).get(pk=organization)
    return frozenset(map(Policy, said))


# --- in words ------------------------------------------------------------------------------------


def _explained(
    organization: UUID,
    sentences: Mapping[UUID, Sentence],
    policies: frozenset[Policy],
    witness: Witness,
) -> Broken:
    sentence = sentences[witness.rule]
    name, held = "", frozenset[Role]()
    if witness.membership is not None:
        members = Membership.objects.in_org(organization)
        name = members.values_list("name", flat=True).get(pk=witness.membership)
        held = roles_held(organization, witness.membership, policies)
    because, mend = explain(sentence, policies, held, witness.number)
    return Broken(
        organization=organization,
        rule=witness.rule,
        text=str(sentence),
        membership=witness.membership,
        name=name,
        because=because,
        mend=mend,
    )


def roles_held(
    organization: UUID, membership: UUID, policies: frozenset[Policy]
) -> frozenset[Role]:
    """Every role that counts for a member, wherever it sits."""
    measured = effective_access(
        organization=organization, name="", policies=policies, people=[membership]
    )
    held = measured.people.get(str(membership), {})
    return frozenset[Role]().union(*held.values())
