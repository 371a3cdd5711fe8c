"""The same long life of access as test_access_machine.py, remembered by the ledger alone.

After each deed the effects up to the head, folded, are the rows of the access tables, column by
column; and at the end every earlier moment still answers as it was answered then.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.ledger import Target
from audit.queries import newest_sequence
from config.roles import ORGANIZATION_ROLES, Permission, Role
from orgs.access import Access
from orgs.tenancy import bound
from projects.history.fold import whole
from projects.history.judge import organization_then, person_then
from projects.history.moments import Moment
from projects.history.organization import counts_then
from projects.history.people import is_here
from projects.history.places import levels_of, place_then, standing_then
from tests.factories import TEST
from tests.projects.access_life import PEOPLE
from tests.projects.access_oracle import Place
from tests.projects.standing import folded, live_rows
from tests.projects.test_access_machine import OrganizationLife

ASKED = tuple(Permission)
Question = tuple[UUID, UUID | None]
Answers = dict[Question, frozenset[Permission]]


class RememberedLife(OrganizationLife):
    """What was answered at each head of the chain, and what the ledger says of it later."""

    def begin(self) -> None:
        super().begin()
        self.remembered: list[tuple[Moment, Answers, Any]] = []

    @invariant()
    def the_ledger_has_every_row(self) -> None:
        if not hasattr(self, "remembered"):
            return
        with bound(self.org.id):
            self.claim()
            moment = Moment(timezone.now(), newest_sequence(self.org.id))
            if self.remembered and self.remembered[-1][0].sequence == moment.sequence:
                return
            assert folded(self.org.id, moment) == live_rows(self.org.id)
            assert counts_then(self.org.id, moment).roles == counted(self.org.id, moment)
            keys = dict(self.keys)
            answers = self.answers_now(keys)
            assert self.answers_then(moment, answers) == answers
            self.remembered.append((moment, answers, live_rows(self.org.id)))
            if len(self.remembered) % 6 == 0:
                self.switch_somebody(answers)

    def switch_somebody(self, answers: Answers) -> None:
        """Off and on again, of which no entry of the organization tells."""
        reader = self.oracle.owners()[0]
        others = [who for who in range(PEOPLE) if self.oracle.acts(who) and who != reader]
        if not others:
            return
        who = others[len(self.remembered) % len(others)]
        pk, accounts = self.member(who).pk, User.objects.filter(pk=self.people[who].pk)
        without = {key: frozenset() if key[0] == pk else said for key, said in answers.items()}
        for is_active, state, wanted in (
            (False, User.State.SUSPENDED, without),
            (True, User.State.ACTIVE, answers),
        ):
            accounts.update(is_active=is_active, state=state)
            moment = Moment(timezone.now(), newest_sequence(self.org.id))
            assert self.answers_then(moment, wanted) == wanted
            self.remembered.append((moment, wanted, live_rows(self.org.id)))

    def claim(self) -> None:
        """The machine lets time pass by hand, which no deed records."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.effects', true)")
            if cursor.fetchone()[0] != "on":
                return
        ledger.record(
            Event.ACCESS_STATED,
            organization=self.org.id,
            actor=TEST,
            target=Target("organization", self.org.id, self.org.name),
        )

    def answers_now(self, keys: dict[Place, UUID]) -> Answers:
        """What each of the people who can come in may do, everywhere."""
        found: Answers = {}
        for who in range(PEOPLE):
            if not self.oracle.acts(who):
                continue
            with transaction.atomic():
                access, pk = self.access(who), self.member(who).pk
                found[pk, None] = _allowed(access, None)
                for place in self.oracle.places():
                    found[pk, keys[place]] = _allowed(access, self.row(place))
        return found

    def answers_then(self, moment: Moment, asked: Answers) -> Answers:
        with bound(self.org.id):
            access = self.access(self.oracle.owners()[0])
            organization, _ = organization_then(access.org, moment)
            people = {pk: person_then(organization, moment, pk) for pk, _ in asked}
            places = {place for _, place in asked if place}
            standings = standing_then(self.org.id, moment, places)
            found: Answers = {}
            for pk, place in asked:
                row = place_then(self.org.id, standings, {}, place) if place else None
                levels = levels_of(standings, place) if place else []
                standing = people[pk].standing(row, levels)
                found[pk, place] = frozenset(one for one in ASKED if standing.allows(one))
            return found

    def teardown(self) -> None:
        if not hasattr(self, "remembered"):
            return
        for moment, answers, live in self.remembered:
            with bound(self.org.id):
                assert folded(self.org.id, moment) == live
            assert self.answers_then(moment, answers) == answers
        with bound(self.org.id):
            self.claim()
        super().teardown()


def counted(organization: UUID, moment: Moment) -> dict[Role, int]:
    """People by role, from every row there was."""
    members = [fact for fact in whole(organization, moment) if fact.kind == "membership"]
    here = Counter(fact.role for fact in members if is_here(fact, moment))
    return {role: here[role] for role in ORGANIZATION_ROLES}


def _allowed(access: Access, place: Any) -> frozenset[Permission]:
    return frozenset(one for one in ASKED if access.can(one, place))


def live(*, examples: int, steps: int) -> None:
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        print_blob=True,
    )
    run_state_machine_as_test(RememberedLife, settings=profile)


def test_every_moment_of_a_life_is_answered_as_it_was_then(db: None) -> None:
    live(examples=3, steps=20)


@pytest.mark.nightly
def test_every_moment_of_a_long_life_is_answered_as_it_was_then(db: None) -> None:
    live(examples=60, steps=50)
