"""Reads of the portal: how many containers there are, and in what state. Nothing inside them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.db.models import Count

from accounts.models import User
from orgs.models import Organization


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How many there are in one state."""

    state: str
    label: str
    number: int


def organizations_by_state() -> list[Standing]:
    return _standings(Organization, Organization.State)


def accounts_by_state() -> list[Standing]:
    return _standings(User, User.State)


def _standings(model: type[models.Model], states: type[models.TextChoices]) -> list[Standing]:
    """Every state in the order of its choices, those that nobody is in as well."""
    counted = dict(
        model._default_manager.values_list("state").annotate(number=Count("pk")).order_by()
    )
    return [
        Standing(state=state.value, label=state.label, number=counted.get(state.value, 0))
        for state in states
    ]
