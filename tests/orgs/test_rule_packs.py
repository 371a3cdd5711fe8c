"""The four packs say what their sources say, cell by cell, and see each cell that is turned."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from config.roles import PRESET_POLICIES, Permission, Preset, Role, Scope, permissions_of
from orgs.rules.judge import cases
from orgs.rules.language import Form, Sentence, parse
from orgs.rules.packs import PERMISSIONS, TWO_TO_THREE_OWNERS, pack
from tests.house.test_source_cells import roles_meant

CELLS = list(
    csv.DictReader(
        (Path(__file__).parents[1] / "house" / "source-cells.csv").open(encoding="utf-8")
    )
)


def stated(preset: Preset, permission: Permission) -> Sentence:
    """The one rule of the pack that speaks of it."""
    (found,) = (one for one in pack(preset) if one.permissions == (permission,))
    return found


@pytest.mark.parametrize("preset", Preset)
def test_each_cell_of_a_source_is_stated_by_a_rule_of_its_pack(preset: Preset) -> None:
    """S1 8 × 4, S2 25 × 6, S3 35 + 7, S4 20 × 2 + 3 × 3: every one of the 583."""
    cells = [row for row in CELLS if row["preset"] == preset]
    assert {Permission(row["permission"]) for row in cells} == set(PERMISSIONS[preset])
    for row in cells:
        permission = Permission(row["permission"])
        rule = stated(preset, permission)
        person = roles_meant(preset=preset, role=Role(row["role"]), permission=permission)
        assert rule.form is Form.ALONE
        assert bool(person & set(rule.roles)) == (row["expected"] == "yes"), row


@pytest.mark.parametrize("preset", Preset)
def test_a_person_of_each_cell_keeps_the_pack_and_breaks_it_once_the_cell_is_turned(
    preset: Preset,
) -> None:
    """Not asked are what an End User may do with what is shared with them, and the platform's."""
    turned = 0
    for row in (row for row in CELLS if row["preset"] == preset):
        permission, role = Permission(row["permission"]), Role(row["role"])
        person = roles_meant(preset=preset, role=role, permission=permission)
        rule = stated(preset, permission)
        may = permission in permissions_of(person, PRESET_POLICIES[preset])
        assert not breaks(rule, person, may=may), row
        lent = role is Role.END_USER and permission.scope is Scope.PROJECT
        if role is Role.SUPERADMIN or (may and lent):
            continue
        assert breaks(rule, person, may=not may), row
        turned += 1
    assert turned > 30


def breaks(rule: Sentence, person: frozenset[Role], *, may: bool) -> bool:
    """What “A, B and nobody else may” means for one person, said in two lines of our own."""
    if may:
        return not person & set(rule.roles) and Role.SUPERADMIN not in person
    below = rule.permissions[0].scope not in (Scope.ORGANIZATION, Scope.PLATFORM)
    lent = {Role.END_USER} if below else set()
    return bool(person & (set(rule.roles) - lent - {Role.SUPERADMIN}))


@pytest.mark.parametrize("preset", Preset)
def test_under_its_own_preset_only_the_roles_of_groups_can_break_a_pack(preset: Preset) -> None:
    """So nearly every rule of it holds by the book, and costs the database no question."""
    for rule in pack(preset):
        for case in cases(rule, PRESET_POLICIES[preset]):
            held = frozenset().union(*case.needs)
            assert held, (rule, case)
            assert not held & set(rule.roles), (rule, case)
            assert all(role.scope is Scope.ORGANIZATION for role in held), (rule, case)


@pytest.mark.requirement("S2-166")
def test_every_pack_is_plain_text_and_advises_two_to_three_owners() -> None:
    assert str(TWO_TO_THREE_OWNERS) == "between 2 and 3 Owners"
    for preset in Preset:
        for rule in pack(preset):
            assert parse(str(rule)) == rule
            assert len(str(rule)) <= 600
