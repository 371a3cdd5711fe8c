"""The rule book: every permission, role, policy and preset, and which role may do what.

Plain data that imports no app, so that everyone may read it. Nothing else in the project lists
roles. Who *holds* a role is decided in orgs/access.py, who may hand one out in orgs/ceiling.py.
"""

from config.roles.book import (
    ROLE_PERMISSIONS,
    ROLE_POLICY_PERMISSIONS,
    cell,
    permissions_of,
    roles_with,
)
from config.roles.names import (
    GROUP_ROLES,
    MANAGING_ROLES,
    ORGANIZATION_ROLES,
    PROJECT_ROLES,
    READING_ROLES,
    RESOURCE_ROLES,
    WORKSPACE_ROLES,
    Role,
)
from config.roles.permissions import AREAS, Permission, Scope, permissions_in
from config.roles.policies import DEFAULT_POLICIES, PRESET_POLICIES, Policy, Preset

__all__ = [
    "AREAS",
    "DEFAULT_POLICIES",
    "GROUP_ROLES",
    "MANAGING_ROLES",
    "ORGANIZATION_ROLES",
    "PRESET_POLICIES",
    "PROJECT_ROLES",
    "READING_ROLES",
    "RESOURCE_ROLES",
    "ROLE_PERMISSIONS",
    "ROLE_POLICY_PERMISSIONS",
    "WORKSPACE_ROLES",
    "Permission",
    "Policy",
    "Preset",
    "Role",
    "Scope",
    "cell",
    "permissions_in",
    "permissions_of",
    "roles_with",
]
