"""Requests when people act at the same moment: real connections, real commits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from audit.ledger import Actor
from config.roles import Role
from orgs.access import Access
from orgs.models import Notice
from orgs.tenancy import bind_member, bound
from projects.actions.request_answers import request_approve, request_refuse
from projects.actions.requests import project_request, request_withdraw
from projects.models import Project, Request
from tests.factories import make_member, make_organization, make_person
from tests.races import together

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed")]
ROUNDS = 8


class House:
    """An organization of its own, with two owners and somebody who asks."""

    def __init__(self) -> None:
        self.owner, self.second, self.asker = make_person(), make_person(), make_person()
        self.organization = make_organization(self.owner, "Race")
        make_member(self.organization, Role.OWNER, self.second)
        make_member(self.organization, Role.MEMBER, self.asker)

    def by(self, person: User, deed: Callable[[Access], Any]) -> Callable[[], Any]:
        def run() -> Any:
            with transaction.atomic():
                identity = Actor("person", person.pk, "")
                access = bind_member(self.organization.slug, person.pk, identity=identity)
                assert access
                return deed(access)

        return run

    def ask(self, name: str) -> Callable[[], Request]:
        return self.by(
            self.asker,
            lambda access: project_request(
                name=name, description="", workspace=None, reason="Needed", actor=access
            ),
        )

    def count(self, model: Any) -> int:
        with bound(self.organization.id):
            return int(model.objects.in_org(self.organization).count())


def test_one_of_two_answers_counts() -> None:
    house = House()
    for number in range(ROUNDS):
        asked = house.ask(f"Project {number}")()
        results = together(
            house.by(house.owner, lambda a, r=asked: request_approve(request=r, actor=a)),
            house.by(
                house.second, lambda a, r=asked: request_refuse(request=r, answer="No", actor=a)
            ),
            house.by(house.asker, lambda a, r=asked: request_withdraw(request=r, actor=a)),
        )
        won = [one for one in results if isinstance(one, Request)]
        lost = [one for one in results if isinstance(one, ValidationError)]
        assert (len(won), len(lost)) == (1, 2), results
        assert {one.code for one in lost} == {"answered"}
        made = Project.objects.in_org(house.organization).filter(name=f"Project {number}")
        with bound(house.organization.id):
            assert made.exists() == (won[0].state == Request.State.APPROVED)


def test_two_owners_make_one_project() -> None:
    house = House()
    for number in range(ROUNDS):
        asked = house.ask(f"Project {number}")()
        results = together(
            *(
                house.by(person, lambda a, r=asked: request_approve(request=r, actor=a))
                for person in (house.owner, house.second)
            )
        )
        assert sum(isinstance(one, Request) for one in results) == 1
    assert house.count(Project) == ROUNDS


def test_a_double_submit_asks_once() -> None:
    house = House()
    results = together(*(house.ask("The same") for _ in range(4)))
    refused = [one for one in results if isinstance(one, ValidationError)]
    assert {one.code for one in refused} == {"already"}
    assert house.count(Request) == 1
    assert house.count(Notice) == 2


def test_twenty_wait_at_most_in_however_many_tabs() -> None:
    house = House()
    for number in range(18):
        house.ask(f"Project {number}")()
    results = together(*(house.ask(f"More {number}") for number in range(5)))
    assert sum(isinstance(one, Request) for one in results) == 2
    assert house.count(Request) == 20
