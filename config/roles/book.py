"""The table: which role may do what, what a policy adds, and the questions asked of both.

Deny by default: what no line gives, no one may.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Literal

from config.roles.names import Role
from config.roles.permissions import Permission, permissions_in
from config.roles.policies import Policy

P = Permission

# An Owner may do what is done in the organization; a request is for those who must ask.
_OWNER = frozenset(Permission) - {
    *permissions_in("platform"),
    P.PROJECTS_REQUEST,
    P.HUB_REQUEST_PUBLISH,
}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.SUPERADMIN: frozenset(permissions_in("platform")),
    Role.OWNER: _OWNER,
    Role.ADMIN: frozenset(
        {
            *(P.ORG_VIEW, P.ORG_VIEW_DASHBOARD, P.ORG_ACCESS_SETTINGS),
            *(P.ORG_REVIEW_PROOFS, P.ORG_HANDLE_SUPPORT),
            *(P.MEMBERS_VIEW, P.GROUPS_VIEW, P.PROJECTS_REQUEST),
            *permissions_in("keys"),
            *permissions_in("features"),
            *(P.TASKS_RUN_COMMERCIAL, P.EXECUTIONS_VIEW, P.HUB_ACCESS, P.HUMAN_TASKS_COMPLETE),
            *(P.BILLING_VIEW, P.BILLING_VIEW_INVOICES),
            *(P.BILLING_VIEW_USAGE, P.BILLING_VIEW_COSTS, P.BILLING_EXPORT_USAGE),
            *(P.INSIGHTS_VIEW, P.AUDIT_VIEW, P.AUDIT_EXPORT),
        }
    ),
    Role.MEMBER: frozenset(
        {
            *(P.ORG_VIEW, P.ORG_VIEW_DASHBOARD),
            *(P.MEMBERS_VIEW, P.GROUPS_VIEW, P.PROJECTS_REQUEST),
            *permissions_in("features"),
            *(P.TASKS_RUN_COMMERCIAL, P.HUB_ACCESS, P.HUMAN_TASKS_COMPLETE),
            P.BILLING_VIEW_USAGE,
        }
    ),
    Role.VIEWER: frozenset(
        {
            *(P.ORG_VIEW, P.ORG_VIEW_DASHBOARD, P.MEMBERS_VIEW, P.GROUPS_VIEW),
            *(P.BILLING_VIEW, P.BILLING_VIEW_INVOICES, P.BILLING_VIEW_USAGE, P.BILLING_VIEW_COSTS),
            *(P.EXECUTIONS_VIEW, P.AUDIT_VIEW),
        }
    ),
    Role.END_USER: frozenset(
        {P.ORG_VIEW, P.HUB_ACCESS, P.HUMAN_TASKS_COMPLETE, P.AGENTS_CHAT, P.WORKFLOWS_EXECUTE}
    ),
    Role.RUNNERS_ADMIN: frozenset(permissions_in("runners")),
    Role.PROJECTS_ADMIN: frozenset(
        {
            *(P.PROJECTS_VIEW_ALL, P.PROJECTS_CREATE, P.PROJECTS_VIEW, P.PROJECTS_CHANGE),
            *(P.PROJECTS_SET_POLICIES, P.PROJECTS_MANAGE_MEMBERS, P.PROJECTS_DELETE),
            *(P.PROJECTS_MANAGE_SECRETS, P.PROJECTS_CONFIGURE_ENVIRONMENTS),
            P.PROJECTS_MANAGE_PREBUILDS,
        }
    ),
    Role.GROUPS_ADMIN: frozenset(
        {
            *(P.MEMBERS_VIEW, P.GROUPS_VIEW, P.GROUPS_CREATE, P.GROUPS_CHANGE, P.GROUPS_DELETE),
            P.GROUPS_MANAGE_MEMBERS,
        }
    ),
    Role.AUTOMATIONS_ADMIN: frozenset(permissions_in("automations")),
    Role.INSIGHTS_VIEWER: frozenset({P.INSIGHTS_VIEW, P.BILLING_VIEW_USAGE}),
    Role.AUDIT_LOG_READER: frozenset({P.AUDIT_VIEW, P.AUDIT_EXPORT}),
    Role.BILLING_VIEWER: frozenset(
        {
            *(P.BILLING_VIEW, P.BILLING_VIEW_INVOICES),
            *(P.BILLING_VIEW_USAGE, P.BILLING_VIEW_COSTS, P.BILLING_EXPORT_USAGE),
        }
    ),
    Role.WORKSPACE_ADMIN: frozenset(
        {
            *(P.WORKSPACES_VIEW, P.WORKSPACES_ASSIGN_PROJECTS, P.WORKSPACES_MANAGE_MEMBERS),
            P.PROJECTS_VIEW,
        }
    ),
    Role.WORKSPACE_COLLABORATOR: frozenset(
        {P.WORKSPACES_VIEW, P.WORKSPACES_ASSIGN_PROJECTS, P.PROJECTS_VIEW}
    ),
    Role.WORKSPACE_VIEWER: frozenset({P.WORKSPACES_VIEW, P.PROJECTS_VIEW}),
    Role.PROJECT_OWNER: frozenset(
        {
            *(P.PROJECTS_VIEW, P.PROJECTS_CHANGE, P.PROJECTS_SET_POLICIES),
            *(P.PROJECTS_MANAGE_MEMBERS, P.PROJECTS_MANAGE_SECRETS),
            *(P.PROJECTS_CONFIGURE_ENVIRONMENTS, P.PROJECTS_MANAGE_PREBUILDS),
            *(P.PROJECTS_VIEW_AUDIT, P.PROJECTS_VIEW_USAGE, P.PROJECTS_VIEW_COSTS),
            *(P.PROJECTS_CREATE_KEYS, P.STUDIO_ACCESS, P.HUB_PUBLISH),
            *(P.AGENTS_CREATE, P.WORKFLOWS_CREATE, P.TOOLS_CREATE, P.KNOWLEDGE_BASES_CREATE),
            *(P.AGENTS_CHAT, P.WORKFLOWS_EXECUTE),
        }
    ),
    Role.PROJECT_MEMBER: frozenset(
        {
            *(P.PROJECTS_VIEW, P.PROJECTS_VIEW_AUDIT, P.PROJECTS_VIEW_USAGE),
            *(P.STUDIO_ACCESS, P.HUB_REQUEST_PUBLISH),
            *(P.AGENTS_CREATE, P.WORKFLOWS_CREATE, P.TOOLS_CREATE, P.KNOWLEDGE_BASES_CREATE),
            *(P.AGENTS_CHAT, P.WORKFLOWS_EXECUTE),
        }
    ),
    Role.PROJECT_VIEWER: frozenset({P.PROJECTS_VIEW}),
    # Asked of the one resource that the role sits on, whatever the permission says of others.
    Role.RESOURCE_ADMIN: frozenset(
        {
            *(P.PROJECTS_VIEW, P.AGENTS_CHAT, P.WORKFLOWS_EXECUTE),
            *(P.AGENTS_CREATE, P.WORKFLOWS_CREATE, P.TOOLS_CREATE, P.KNOWLEDGE_BASES_CREATE),
            *(P.RUNNERS_VIEW_ALL, P.RUNNERS_CHANGE, P.RUNNERS_SHARE, P.RUNNERS_VIEW_LOGS),
            *(P.AUTOMATIONS_VIEW_ALL, P.AUTOMATIONS_CHANGE, P.AUTOMATIONS_SHARE),
            P.AUTOMATIONS_VIEW_HISTORY,
        }
    ),
    Role.RESOURCE_USER: frozenset(
        {
            *(P.PROJECTS_VIEW, P.AGENTS_CHAT, P.WORKFLOWS_EXECUTE),
            *(P.RUNNERS_VIEW_ALL, P.AUTOMATIONS_VIEW_ALL),
        }
    ),
}

# What a role holds besides, while the organization's policy is on.
ROLE_POLICY_PERMISSIONS: dict[tuple[Role, Permission], Policy] = {
    (Role.ADMIN, P.MEMBERS_INVITE): Policy.ADMINS_INVITE,
    (Role.MEMBER, P.BILLING_VIEW): Policy.MEMBERS_READ_BILLING,
    (Role.MEMBER, P.BILLING_VIEW_INVOICES): Policy.MEMBERS_READ_BILLING,
    (Role.MEMBER, P.BILLING_VIEW_COSTS): Policy.MEMBERS_READ_COSTS,
    (Role.MEMBER, P.INSIGHTS_VIEW): Policy.MEMBERS_READ_INSIGHTS,
    (Role.VIEWER, P.INSIGHTS_VIEW): Policy.MEMBERS_READ_INSIGHTS,
    (Role.PROJECT_OWNER, P.PROJECTS_DELETE): Policy.PROJECT_OWNERS_DELETE,
}


def cell(role: Role, permission: Permission) -> Literal["yes", "no"] | Policy:
    """What the table says of a role and a permission: yes, no, or the policy that decides."""
    if permission in ROLE_PERMISSIONS[role]:
        return "yes"
    return ROLE_POLICY_PERMISSIONS.get((role, permission), "no")


def permissions_of(roles: Iterable[Role], policies: Collection[Policy]) -> frozenset[Permission]:
    """Everything that someone who holds these roles may do, while these policies are on."""
    return _union(frozenset(roles), frozenset(policies))


@lru_cache(maxsize=4096)
def _union(roles: frozenset[Role], policies: frozenset[Policy]) -> frozenset[Permission]:
    held = frozenset[Permission]().union(*(ROLE_PERMISSIONS[role] for role in roles))
    return held | {
        permission
        for (role, permission), policy in ROLE_POLICY_PERMISSIONS.items()
        if role in roles and policy in policies
    }


def roles_with(permission: Permission, policies: Collection[Policy]) -> tuple[Role, ...]:
    """The roles that may do this while these policies are on, in the order of the book."""
    return tuple(role for role in Role if permission in permissions_of({role}, policies))
