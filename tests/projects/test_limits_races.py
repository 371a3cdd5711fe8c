"""Limits under two at once: telling of them, setting them, and setting them while they count."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from config.money import NANO
from config.roles import Role
from orgs.tenancy import bound
from projects.actions.alerts import tell_of_limit
from projects.actions.limits import limit_set
from projects.allowance import Allowance
from projects.models import Limit, Meter
from projects.queries.limits import Due, limits_due
from tests.factories import access_of, make_member, make_organization, make_person
from tests.projects.calls import build_clock
from tests.projects.keys import make_limit
from tests.projects.test_limits_tell import Meters, recorded, told
from tests.races import together

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(scope="module", autouse=True)
def _clock(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        build_clock()


def test_two_workers_tell_once() -> None:
    owner = make_person("Olga Winter")
    organization = make_organization(owner, "Twofold")
    meters = Meters(organization, make_member(organization, Role.MEMBER))
    for subject in (meters.key, meters.project, organization):
        make_limit(subject, budget=NANO)
    with transaction.atomic():
        meters.spend(NANO)
    due = [each for each in limits_due() if each.organization == organization.pk]
    assert len(due) == 3
    results = together(*(partial(tell, each) for each in [*due, *due]))
    # The key's holder is told beside the owner.
    assert sorted(results) == [0, 0, 0, 1, 1, 2]
    assert recorded(organization) == ["100 %"] * 3
    assert len(told(organization)) == 4


def tell(due: Due) -> int:
    with bound(due.organization):
        return tell_of_limit(due)


def test_of_two_who_set_the_first_limits_one_is_told() -> None:
    owner = make_person("Olga Winter")
    organization = make_organization(owner, "Twofold")
    meters = Meters(organization, make_member(organization, Role.MEMBER))

    def save(rpm: int) -> Limit | None:
        with bound(organization.pk):
            return limit_set(
                subject=meters.key,
                layer="key",
                said=Allowance(rpm=rpm),
                actor=access_of(organization, owner),
                seen=Allowance().mark,
            )

    results = together(partial(save, 5), partial(save, 7))
    refused = [each for each in results if isinstance(each, ValidationError)]
    assert [error.code for error in refused] == ["changed"]
    with bound(organization.pk):
        (limit,) = Limit.objects.in_org(organization)
    saved = next(each for each in results if isinstance(each, Limit))
    assert limit.rpm == saved.rpm


def test_a_budget_that_begins_while_calls_are_settled_counts_each_of_them_once() -> None:
    owner = make_person("Olga Winter")
    organization = make_organization(owner, "Twofold")
    meters = Meters(organization, make_member(organization, Role.MEMBER))
    with transaction.atomic():
        calls = [meters.caller.verify(meters.text)[2] for _ in range(8)]

    def settle(call: Any) -> str:
        with transaction.atomic():
            return meters.caller.use(call, NANO)

    def begin() -> Limit | None:
        with bound(organization.pk):
            access, said = access_of(organization, owner), Allowance(budget=100 * NANO)
            return limit_set(subject=organization, layer="organization", said=said, actor=access)

    results = together(*(partial(settle, call) for call in calls[:4]), begin)
    assert results[:4] == ["settled"] * 4
    for call in calls[4:]:
        assert settle(call) == "settled"
    with bound(organization.pk):
        assert Meter.objects.in_org(organization).get().spent == 8 * NANO
