"""A long, random life of keys in one organization against a plain oracle.

Whatever people do with keys, limits and each other, and however time passes: each call of each key
is answered as the oracle says, and every meter, row, entry and line of the log agrees with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from projects.actions.projects import project_change_policies
from projects.policies import ProjectPolicy
from tests.projects import key_machine_clock
from tests.projects.access_oracle import NEVER
from tests.projects.api.owner import make_price
from tests.projects.key_machine_calls import CallDeeds, allowances
from tests.projects.key_machine_facts import PRICED, RATE

BOTH = (True, True)


class LifeOfKeys(CallDeeds):
    """All of it, from a first day on which some keys are there."""

    @initialize(data=st.data())
    def found(self, data: st.DataObject) -> None:
        super().found(data=data)
        place = next(one for one in self.oracle.places() if one[0] == "project")
        project = self.oracle.projects[place[1]]
        if project.policies != {"personal_keys"}:
            self.let_people_have_keys(place)
        owner = data.draw(st.integers(1, 3), "owner")
        if (place, ("person", owner)) not in self.oracle.grants:
            self.give(0, place, ("person", owner), "project_member", NEVER)
        self.make_account(0, "member")
        group = min(self.oracle.groups, default=None)
        self.make_key(0, "organization", None, BOTH, group, None)
        self.make_key(0, "project", place, BOTH, group, None)
        for who in (owner, 4):
            self.make_key(who, "personal", place, BOTH, None, None)
        for _ in range(3):
            self.limit_set(data=data, said=data.draw(allowances, "limit"), days=None)

    def let_people_have_keys(self, place: Any) -> None:
        self.tries(
            0,
            True,
            lambda access: project_change_policies(
                project=self.row(place),
                policies=frozenset({ProjectPolicy.PERSONAL_KEYS}),
                seen=frozenset(),
                actor=access,
            ),
        )
        self.oracle.projects[place[1]].policies = {"personal_keys"}


@pytest.fixture(autouse=True)
def _clock(db: None) -> Iterator[None]:
    with key_machine_clock.standing_still():
        yield


@pytest.fixture(scope="module", autouse=True)
def _world(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        key_machine_clock.build()
        make_price(PRICED, input_token=RATE)


def live(*, examples: int, steps: int) -> None:
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        print_blob=True,
    )
    run_state_machine_as_test(LifeOfKeys, settings=profile)


@pytest.mark.requirement("S2-141")
@pytest.mark.requirement("S1-050")
def test_a_life_of_many_keys(db: None) -> None:
    live(examples=15, steps=30)


@pytest.mark.nightly
def test_a_long_life_of_very_many_keys(db: None) -> None:
    live(examples=150, steps=60)
