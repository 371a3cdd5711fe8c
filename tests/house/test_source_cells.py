"""The rule book says what its sources say: 583 cells, each asked under its preset.

The oracle is three files beside this one. A cell is read the way the sources mean it: a project
role sits on the membership of a Member, and a Member does project work in assigned projects.
"""

import csv
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from config.roles import (
    DEFAULT_POLICIES,
    PRESET_POLICIES,
    PROJECT_ROLES,
    RESOURCE_ROLES,
    Permission,
    Policy,
    Preset,
    Role,
    Scope,
    cell,
    permissions_of,
)

HERE = Path(__file__).parent


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


SOURCE_CELLS = rows("source-cells.csv")
PERMISSIONS = rows("permissions.csv")
POLICIES = rows("policies.csv")


def source_cell_params() -> list[ParameterSet]:
    return [
        pytest.param(
            row,
            id=f"{row['requirement']}-{row['source_role']}-{row['permission']}",
            marks=pytest.mark.decided(row["requirement"]),
        )
        for row in SOURCE_CELLS
    ]


def roles_meant(*, preset: Preset, role: Role, permission: Permission) -> frozenset[Role]:
    """The roles that a person of the source's role holds here."""
    if role in PROJECT_ROLES:
        return frozenset({Role.MEMBER, role})
    if preset is Preset.S2 and role is Role.MEMBER and permission.scope is Scope.PROJECT:
        return frozenset({Role.MEMBER, Role.PROJECT_MEMBER})
    return frozenset({role})


@pytest.mark.parametrize("row", source_cell_params())
def test_source_cell(row: dict[str, str]) -> None:
    preset, permission = Preset(row["preset"]), Permission(row["permission"])
    roles = roles_meant(preset=preset, role=Role(row["role"]), permission=permission)
    allowed = permission in permissions_of(roles, PRESET_POLICIES[preset])
    assert allowed == (row["expected"] == "yes")


@pytest.mark.parametrize("row", PERMISSIONS, ids=lambda row: row["permission"])
def test_permission_row(row: dict[str, str]) -> None:
    permission = Permission(row["permission"])
    assert permission.scope == row["scope"]
    assert bool(permission.note) == (row["condition"] == "yes")
    for role in set(Role) - set(RESOURCE_ROLES):  # Of those two the sources say nothing.
        found = cell(role, permission)
        written = f"policy:{found}" if isinstance(found, Policy) else found
        assert written == row[role], role


@pytest.mark.parametrize("row", POLICIES, ids=lambda row: row["policy"])
def test_policy_row(row: dict[str, str]) -> None:
    policy = Policy(row["policy"])
    assert policy.default == (row["default"] == "on") == (policy in DEFAULT_POLICIES)
    for preset in Preset:
        assert (policy in PRESET_POLICIES[preset]) == (row[preset] == "on"), preset


def test_nothing_is_missing_and_nothing_is_added() -> None:
    assert len(SOURCE_CELLS) == 583
    assert {row["permission"] for row in PERMISSIONS} == set(Permission)
    assert {row["policy"] for row in POLICIES} == set(Policy)
    assert (len(Permission), len(Role), len(Policy), len(Preset)) == (102, 19 + 2, 5, 4)
