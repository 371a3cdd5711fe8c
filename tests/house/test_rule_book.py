"""What holds of the rule book as a whole, and that it is the only list of roles.

Cell by cell it is held against its sources in test_source_cells.py.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.roles import (
    AREAS,
    GROUP_ROLES,
    ORGANIZATION_ROLES,
    PROJECT_ROLES,
    RESOURCE_ROLES,
    WORKSPACE_ROLES,
    Permission,
    Policy,
    Role,
    Scope,
    permissions_in,
    permissions_of,
    roles_with,
)

ROOT = Path(__file__).parents[2]
ALL_POLICIES = frozenset(Policy)
APPS = ("config", "audit", "accounts", "orgs", "projects", "billing")


def test_every_permission_and_role_has_words() -> None:
    assert all(permission.label for permission in Permission)
    assert {permission.area for permission in Permission} == set(AREAS)
    assert len({permission.label for permission in Permission}) == len(Permission)
    assert all(role.label and role.icon and role.description.endswith(".") for role in Role)
    assert all(policy.label and policy.meaning.endswith(".") for policy in Policy)


def test_permissions_stand_in_the_order_of_their_areas() -> None:
    assert [p for area in AREAS for p in permissions_in(area)] == list(Permission)


def test_role_groups_cover_every_role_of_an_organization() -> None:
    within = (*WORKSPACE_ROLES, *PROJECT_ROLES, *RESOURCE_ROLES)
    grouped = [*ORGANIZATION_ROLES, *GROUP_ROLES, *within]
    assert grouped == [role for role in Role if role is not Role.SUPERADMIN]
    assert Role.WORKSPACE_COLLABORATOR.short_label == "Collaborator"
    assert Role.BILLING_VIEWER.short_label == "Billing Viewer"


@pytest.mark.parametrize("policy", Policy)
def test_policy_adds_and_never_takes_away(policy: Policy) -> None:
    changes = [(permissions_of({role}, set()), permissions_of({role}, {policy})) for role in Role]
    assert all(without <= with_it for without, with_it in changes)
    assert any(without < with_it for without, with_it in changes)


def test_every_permission_is_held_by_some_role() -> None:
    assert [p for p in Permission if not roles_with(p, set())] == []


@pytest.mark.decided("S2-001", "S2-002", "S2-003", "S2-004")
def test_roles_stand_on_their_levels() -> None:
    assert Role.SUPERADMIN.scope is Scope.PLATFORM
    assert Role.OWNER.scope is Role.MEMBER.scope is Role.END_USER.scope is Scope.ORGANIZATION
    assert Role.PROJECT_OWNER.scope is Role.PROJECT_MEMBER.scope is Scope.PROJECT


@pytest.mark.decided("S2-005", "S2-006", "S2-034")
def test_platform_belongs_to_superadmins_and_nothing_else_does() -> None:
    platform = {p for p in Permission if p.scope is Scope.PLATFORM}
    assert permissions_of({Role.SUPERADMIN}, ALL_POLICIES) == platform
    for role in set(Role) - {Role.SUPERADMIN}:
        assert not permissions_of({role}, ALL_POLICIES) & platform, role


@pytest.mark.decided("S2-005", "S4-001", "S4-002")
def test_owner_may_whatever_anyone_in_the_organization_may() -> None:
    # An Owner need not request what an Owner decides.
    requests = {Permission.PROJECTS_REQUEST, Permission.HUB_REQUEST_PUBLISH}
    owner = permissions_of({Role.OWNER}, ALL_POLICIES)
    for role in set(Role) - {Role.SUPERADMIN}:
        assert permissions_of({role}, ALL_POLICIES) - requests <= owner, role


@pytest.mark.decided("S1-027")
def test_viewer_holds_only_permissions_to_view() -> None:
    verbs = {
        permission.partition(".")[2] for permission in permissions_of({Role.VIEWER}, ALL_POLICIES)
    }
    assert {verb for verb in verbs if not verb.startswith("view")} == set()


OWNERS_ALONE = {
    Permission.ORG_DELETE: ["S1-014"],
    Permission.ORG_TRANSFER_OWNERSHIP: ["S1-014"],
    Permission.BILLING_EDIT_DETAILS: ["S1-015", "S4-004"],
    Permission.BILLING_MANAGE_PAYMENT_METHODS: ["S1-015", "S4-004"],
    Permission.BILLING_CHANGE_PLAN: ["S1-016", "S4-004"],
    Permission.ORG_MANAGE_SETTINGS: ["S1-022", "S2-052", "S4-003"],
    Permission.MEMBERS_REMOVE: ["S2-053"],
    Permission.MEMBERS_CHANGE_ROLE: ["S2-053"],
    Permission.WORKSPACES_VIEW_ALL: ["S4-006"],
    Permission.WORKSPACES_DELETE: ["S4-006"],
}


@pytest.mark.parametrize(
    "permission",
    [pytest.param(p, marks=pytest.mark.decided(*ids)) for p, ids in OWNERS_ALONE.items()],
)
def test_under_no_policy_may_anyone_but_an_owner(permission: Permission) -> None:
    assert roles_with(permission, ALL_POLICIES) == (Role.OWNER,)


@pytest.mark.decided("S4-005")
def test_member_never_views_the_audit_log() -> None:
    assert Permission.AUDIT_VIEW in permissions_of({Role.OWNER}, ())
    assert Permission.AUDIT_VIEW not in permissions_of({Role.MEMBER}, ALL_POLICIES)


def test_roles_with_names_who_may() -> None:
    assert roles_with(Permission.MEMBERS_CHANGE_ROLE, ()) == (Role.OWNER,)
    assert roles_with(Permission.MEMBERS_INVITE, {Policy.ADMINS_INVITE}) == (Role.OWNER, Role.ADMIN)


ROLE_LITERAL = re.compile(rf"""["']({"|".join(Role)})["']""")


def names_role(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Constant):
        return node.value in set(Role)
    return node is not None and bool(re.fullmatch(r"(\w+\.)*Role\.[A-Z_]+", ast.unparse(node)))


def role_lists(path: Path) -> Iterator[int]:
    """Lines of a module that list three roles or more, in Python or in SQL."""
    source = path.read_text(encoding="utf-8")
    for number, line in enumerate(source.splitlines(), start=1):
        if len(ROLE_LITERAL.findall(line)) >= 3:
            yield number
    for node in ast.walk(ast.parse(source)):
        listed: list[ast.expr | None] = []
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            listed = [*node.elts]
        elif isinstance(node, ast.Dict):
            listed = node.keys
        if sum(names_role(element) for element in listed) >= 3:
            yield next(element.lineno for element in listed if element)


def test_only_the_rule_book_lists_roles() -> None:
    # A migration keeps the rule book as it was on its day, so it may hold the list.
    modules = [
        path
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts and not path.is_relative_to(ROOT / "config" / "roles")
    ]
    found = [f"{p.relative_to(ROOT)}:{line}" for p in modules for line in role_lists(p)]
    assert found == []


def test_a_list_of_roles_is_found_in_any_form(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    forms = (
        'R = [\n    "owner",\n    "admin",\n    "viewer",\n]',
        "R = {Role.OWNER, roles.Role.ADMIN, Role.VIEWER}",
        "R = {'owner': 1, 'admin': 2, 'end_user': 3}",
        "SQL = \"role IN ('owner', 'admin', 'member')\"",
    )
    for form in forms:
        module.write_text(form, encoding="utf-8")
        assert list(role_lists(module)), form
    module.write_text('R = ["owner", "admin"]', encoding="utf-8")
    assert list(role_lists(module)) == []
