"""Reads about rules: how each stands, who breaks it, who is let off, and the packs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from config.roles import Policy, Preset
from orgs.models import Membership, Rule, RuleException
from orgs.rules.judge import Witness, witnesses
from orgs.rules.keeping import found_now, policies_of
from orgs.rules.language import Sentence
from orgs.rules.packs import TWO_TO_THREE_OWNERS, pack
from orgs.rules.words import explain

MOST_NAMED = 10
MOST_COUNTED = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """One rule as it stands now. `more` is how many break it beyond those who are named."""

    rule: Rule
    broken: int = 0
    is_capped: bool = False
    people: tuple[Membership, ...] = ()
    number: str = ""
    exceptions: tuple[RuleException, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.broken

    @property
    def more(self) -> int:
        return self.broken - len(self.people) if self.people else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class PackCard:
    """A preset's pack, and how its rules stand here."""

    preset: Preset
    size: int
    standings: tuple[Standing, ...]

    @property
    def is_on(self) -> bool:
        return bool(self.standings)

    @property
    def broken(self) -> int:
        return sum(one.rule.active and not one.holds for one in self.standings)

    @property
    def in_order(self) -> list[Standing]:
        """What does not hold comes first."""
        return sorted(self.standings, key=lambda one: one.holds or not one.rule.active)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """Who breaks a rule that is not there yet."""

    sentence: Sentence
    broken: int
    is_capped: bool
    people: tuple[tuple[str, str], ...]


def rule_standings(organization: UUID) -> list[Standing]:
    """Every rule of the bound organization with how it stands; what is switched off just stands."""
    rules = list(
        Rule.objects.in_org(organization).select_related("created_by").order_by("pack", "id")
    )
    found = {one.rule.pk: one for one in found_now(organization, limit=MOST_COUNTED + 1)}
    shown = [w for one in found.values() for w in one.witnesses[:MOST_NAMED]]
    names = _members(organization, (w.membership for w in shown if w.membership))
    exceptions: dict[UUID, list[RuleException]] = {}
    given = RuleException.objects.in_org(organization).select_related("membership", "given_by")
    for exception in given.order_by("until"):
        exceptions.setdefault(exception.rule_id, []).append(exception)
    policies = policies_of(organization) if shown else frozenset()
    return [
        _standing(
            rule,
            found[rule.pk].witnesses if rule.pk in found else (),
            found[rule.pk].sentence if rule.pk in found else None,
            policies,
            names,
            tuple(exceptions.get(rule.pk, ())),
        )
        for rule in rules
    ]


def _standing(
    rule: Rule,
    found: tuple[Witness, ...],
    sentence: Sentence | None,
    policies: frozenset[Policy],
    names: dict[UUID, Membership],
    exceptions: tuple[RuleException, ...],
) -> Standing:
    number = ""
    if sentence is not None and sentence.is_of_a_number and found:
        number = explain(sentence, policies, frozenset(), found[0].number)[0]
    people = [names[w.membership] for w in found[:MOST_NAMED] if w.membership in names]
    return Standing(
        rule=rule,
        broken=min(len(found), MOST_COUNTED),
        is_capped=len(found) > MOST_COUNTED,
        people=tuple(sorted(people, key=lambda one: one.sort_name)),
        number=number,
        exceptions=exceptions,
    )


def pack_cards(standings: Collection[Standing]) -> list[PackCard]:
    return [
        PackCard(
            preset=preset,
            size=len(pack(preset)) + 1,
            standings=tuple(one for one in standings if one.rule.pack == preset),
        )
        for preset in Preset
    ]


def rule_outlook(organization: UUID, sentences: Iterable[Sentence]) -> list[Outlook]:
    """Who would break these rules, were they in force now; those that hold are left out."""
    asked = {UUID(int=number): one for number, one in enumerate(sentences)}
    policies = policies_of(organization)
    by_rule: dict[UUID, list[Witness]] = {}
    for witness in witnesses(asked.items(), policies, limit=MOST_COUNTED + 1, known=True):
        by_rule.setdefault(witness.rule, []).append(witness)
    named = [w.membership for found in by_rule.values() for w in found[:MOST_NAMED]]
    names = _members(organization, (one for one in named if one))
    return [_outlook(asked[key], found, policies, names) for key, found in sorted(by_rule.items())]


def _outlook(
    sentence: Sentence,
    found: list[Witness],
    policies: frozenset[Policy],
    names: dict[UUID, Membership],
) -> Outlook:
    if sentence.is_of_a_number:
        people = [(explain(sentence, policies, frozenset(), found[0].number)[0], "")]
    else:
        members = [names[w.membership] for w in found[:MOST_NAMED] if w.membership in names]
        members.sort(key=lambda one: one.sort_name)
        people = [(one.name, one.role_label) for one in members]
    return Outlook(
        sentence=sentence,
        broken=min(len(found), MOST_COUNTED),
        is_capped=len(found) > MOST_COUNTED,
        people=tuple(people),
    )


def pack_sentences(preset: Preset, *, but: Collection[str] = ()) -> list[Sentence]:
    """What adding the pack would add: what is there already is left out."""
    every = (*pack(preset), TWO_TO_THREE_OWNERS)
    return [sentence for sentence in every if str(sentence) not in but]


def organizations_with_rules() -> list[UUID]:
    """For the job that looks at them by the clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organizations_with_rules()")
        return [row[0] for row in cursor.fetchall()]


def _members(organization: UUID, ids: Iterable[UUID]) -> dict[UUID, Membership]:
    wanted = set(ids)
    if not wanted:
        return {}
    return {one.pk: one for one in Membership.objects.in_org(organization).filter(pk__in=wanted)}
