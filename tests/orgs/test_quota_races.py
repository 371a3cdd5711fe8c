"""The last place under a quota, on real connections."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from orgs.actions.groups import group_create
from orgs.actions.quotas import quota_change
from orgs.models import Group
from orgs.tenancy import bound
from tests.factories import access_of, make_organization, make_person
from tests.races import together

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed")]


def test_the_last_place_is_taken_once() -> None:
    owner = make_person()
    organization = make_organization(owner, "Race")
    with transaction.atomic():
        access = access_of(organization, owner)
        quota_change(quotas={"groups": 2}, seen={}, actor=access)

    def make(name: str) -> Any:
        with transaction.atomic():
            access = access_of(organization, owner)
            return group_create(name=name, description="", parent=None, secret=False, actor=access)

    done = together(*(partial(make, f"Group {n}") for n in range(6)))
    refused = [one for one in done if isinstance(one, ValidationError)]
    assert [one.code for one in refused] == ["quota"] * 4, done
    with bound(organization.id):
        assert Group.objects.in_org(organization.id).count() == 2
