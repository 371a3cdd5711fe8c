"""The four presets as packs of rules: each source's matrix, one sentence for each of its rows.

A pack names the permissions that its source speaks of; who may is read from the rule book under
the preset's policies. Of the roles that groups carry, a source that does not know them lets none
in; roles of the organization and on single things stand as the book has them.
"""

from __future__ import annotations

from config.roles import (
    GROUP_ROLES,
    ORGANIZATION_ROLES,
    PRESET_POLICIES,
    Permission,
    Preset,
    Role,
    Scope,
    permissions_in,
    roles_with,
)
from orgs.rules.language import Form, Sentence

P = Permission

PERMISSIONS: dict[Preset, tuple[Permission, ...]] = {
    Preset.S1: (
        *(P.KEYS_CREATE, P.KEYS_SET_POLICIES, P.BILLING_CHANGE_PLAN, P.BILLING_VIEW_INVOICES),
        *(P.BILLING_VIEW_USAGE, P.BILLING_VIEW_COSTS, P.TASKS_RUN_COMMERCIAL),
        *(P.ORG_REVIEW_PROOFS, P.MEMBERS_CHANGE_ROLE),
    ),
    Preset.S2: (
        *(P.PLATFORM_MANAGE_ORGANIZATIONS, P.PLATFORM_CREATE_ORGANIZATIONS),
        *(P.PLATFORM_MANAGE_USERS, P.PLATFORM_CONFIGURE_PROVIDERS, P.PLATFORM_VIEW_AUDIT_LOG),
        *(P.PLATFORM_ACCESS_ADMIN_PORTAL, P.ORG_CONFIGURE_PROVIDERS),
        *(P.MEMBERS_INVITE, P.MEMBERS_REMOVE, P.MEMBERS_CHANGE_ROLE),
        *(P.HUB_ACCESS, P.HUB_PUBLISH, P.HUMAN_TASKS_COMPLETE, P.AUDIT_VIEW),
        *(P.PROJECTS_VIEW_ALL, P.PROJECTS_CREATE, P.PROJECTS_CHANGE, P.PROJECTS_SET_POLICIES),
        *(P.PROJECTS_MANAGE_MEMBERS, P.PROJECTS_DELETE, P.PROJECTS_VIEW_AUDIT),
        *(P.STUDIO_ACCESS, P.AGENTS_CREATE, P.AGENTS_CHAT, P.WORKFLOWS_CREATE),
        *(P.WORKFLOWS_EXECUTE, P.TOOLS_CREATE, P.KNOWLEDGE_BASES_CREATE),
    ),
    Preset.S3: (
        *(P.ORG_MANAGE_SETTINGS, P.ORG_MANAGE_WEBHOOKS),
        *(P.GROUPS_VIEW, P.GROUPS_CREATE, P.GROUPS_CHANGE, P.GROUPS_DELETE),
        *(P.GROUPS_MANAGE_MEMBERS, P.GROUPS_ASSIGN_ROLES),
        *(P.BILLING_VIEW, P.BILLING_CHANGE_PLAN, P.BILLING_MANAGE_PAYMENT_METHODS),
        *(P.BILLING_BUY_CREDITS, P.BILLING_MANAGE_BUDGETS, P.BILLING_VIEW_USAGE),
        *(P.BILLING_EXPORT_USAGE, P.INSIGHTS_VIEW, P.INSIGHTS_ENABLE, P.AUDIT_VIEW),
        *(P.PROJECTS_VIEW_ALL, P.PROJECTS_CREATE, P.PROJECTS_VIEW, P.PROJECTS_CHANGE),
        *(P.PROJECTS_MANAGE_MEMBERS, P.PROJECTS_DELETE, P.PROJECTS_MANAGE_SECRETS),
        *(P.PROJECTS_CONFIGURE_ENVIRONMENTS, P.PROJECTS_MANAGE_PREBUILDS),
        *permissions_in("runners"),
        *permissions_in("automations"),
    ),
    Preset.S4: (
        *permissions_in("features"),
        *(P.ORG_VIEW_DASHBOARD, P.ORG_VIEW_TEAM_SECTIONS, P.ORG_ACCESS_SETTINGS),
        *(P.ORG_VIEW_SSH_KEY, P.MEMBERS_INVITE, P.KEYS_CREATE),
        *(P.BILLING_VIEW, P.BILLING_VIEW_INVOICES, P.BILLING_CHANGE_PLAN),
        *(P.BILLING_EDIT_DETAILS, P.BILLING_VIEW_COSTS, P.INSIGHTS_VIEW, P.AUDIT_VIEW),
        *(P.WORKSPACES_VIEW_ALL, P.WORKSPACES_CREATE, P.WORKSPACES_DELETE),
        *(P.WORKSPACES_VIEW, P.WORKSPACES_ASSIGN_PROJECTS, P.WORKSPACES_MANAGE_MEMBERS),
    ),
}

# The only source whose matrix has columns for the roles of groups.
_KNOWS_GROUPS = frozenset({Preset.S3})

TWO_TO_THREE_OWNERS = Sentence(form=Form.COUNT, roles=(Role.OWNER,), low=2, high=3)
"""Good practice of every pack (S2-166): it warns, and never stops anybody."""


def pack(preset: Preset) -> tuple[Sentence, ...]:
    """The rules of this preset, in the order of its matrix."""
    return tuple(_row(preset, permission) for permission in PERMISSIONS[preset])


def allowed(preset: Preset, permission: Permission) -> tuple[Role, ...]:
    """Who may do it under this preset, as its pack says."""
    counting = set(Role) - (set() if preset in _KNOWS_GROUPS else set(GROUP_ROLES))
    if permission.scope is Scope.ORGANIZATION:
        # A role on one thing gives nothing on the whole organization.
        counting &= {*ORGANIZATION_ROLES, *GROUP_ROLES}
    return tuple(
        role for role in roles_with(permission, PRESET_POLICIES[preset]) if role in counting
    )


def _row(preset: Preset, permission: Permission) -> Sentence:
    return Sentence(form=Form.ALONE, roles=allowed(preset, permission), permissions=(permission,))
