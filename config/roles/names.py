"""The roles: name, scope, icon and the sentence that a customer reads about each.

What a role may do is in book.py.
"""

from enum import StrEnum

from config.roles.permissions import Scope


class Role(StrEnum):
    """A named set of permissions at one scope. Roles are not a ladder: none contains another.

    The label is the full name; the short label is enough where the scope is plain to see.
    """

    _value_: str
    label: str
    short_label: str
    scope: Scope
    icon: str
    description: str

    # Type checkers read `Role("owner")` as this call: hence the defaults.
    def __new__(
        cls,
        value: str,
        label: str = "",
        scope: Scope = Scope.ORGANIZATION,
        icon: str = "",
        description: str = "",
    ) -> "Role":
        member = str.__new__(cls, value)
        member._value_ = value
        member.label, member.scope = label, scope
        member.icon, member.description = icon, description
        within = scope in (Scope.WORKSPACE, Scope.PROJECT, Scope.RESOURCE)
        member.short_label = label.removeprefix(f"{scope.capitalize()} ") if within else label
        return member

    SUPERADMIN = (
        "superadmin",
        "Superadmin",
        Scope.PLATFORM,
        "globe-alt",
        "Runs the platform and its organizations, and cannot see what is inside them.",
    )

    OWNER = (
        "owner",
        "Owner",
        Scope.ORGANIZATION,
        "key",
        "Answers for the whole organization: people, roles, policies, billing and every project.",
    )
    ADMIN = (
        "admin",
        "Admin",
        Scope.ORGANIZATION,
        "shield-check",
        "Looks after keys, usage and support cases; roles, plan and policies stay with Owners.",
    )
    MEMBER = (
        "member",
        "Member",
        Scope.ORGANIZATION,
        "user",
        "Builds and tests in assigned projects, with the tasks, models and keys that are approved.",
    )
    VIEWER = (
        "viewer",
        "Viewer",
        Scope.ORGANIZATION,
        "eye",
        "Reads dashboards, invoices, execution records and the audit log, and changes nothing.",
    )
    END_USER = (
        "end_user",
        "End User",
        Scope.ORGANIZATION,
        "cursor-arrow-rays",
        "Works in the Hub: uses what is published and completes the tasks assigned to them.",
    )

    RUNNERS_ADMIN = (
        "runners_admin",
        "Runners Admin",
        Scope.ORGANIZATION,
        "server-stack",
        "Creates, configures and shares every runner, with its logs and integrations.",
    )
    PROJECTS_ADMIN = (
        "projects_admin",
        "Projects Admin",
        Scope.ORGANIZATION,
        "folder",
        "Creates and administers every project: settings, secrets, members and sharing.",
    )
    GROUPS_ADMIN = (
        "groups_admin",
        "Groups Admin",
        Scope.ORGANIZATION,
        "user-group",
        "Keeps groups and who is in them, but not the roles that groups carry.",
    )
    AUTOMATIONS_ADMIN = (
        "automations_admin",
        "Automations Admin",
        Scope.ORGANIZATION,
        "bolt",
        "Creates, changes and shares every automation and reads its history; no webhooks.",
    )
    INSIGHTS_VIEWER = (
        "insights_viewer",
        "Insights Viewer",
        Scope.ORGANIZATION,
        "chart-bar",
        "Reads usage and the insights of projects for which an Owner has turned them on.",
    )
    AUDIT_LOG_READER = (
        "audit_log_reader",
        "Audit Log Reader",
        Scope.ORGANIZATION,
        "clipboard-document-list",
        "Reads, queries and exports the audit log, and changes nothing.",
    )
    BILLING_VIEWER = (
        "billing_viewer",
        "Billing Viewer",
        Scope.ORGANIZATION,
        "credit-card",
        "Reads billing, invoices, usage and costs, and cannot spend or change anything.",
    )

    WORKSPACE_ADMIN = (
        "workspace_admin",
        "Workspace Admin",
        Scope.WORKSPACE,
        "shield-check",
        "Decides who is in the workspace and which projects belong to it.",
    )
    WORKSPACE_COLLABORATOR = (
        "workspace_collaborator",
        "Workspace Collaborator",
        Scope.WORKSPACE,
        "pencil-square",
        "Views the workspace and assigns products and projects to it.",
    )
    WORKSPACE_VIEWER = (
        "workspace_viewer",
        "Workspace Viewer",
        Scope.WORKSPACE,
        "eye",
        "Views the workspace and its projects.",
    )

    PROJECT_OWNER = (
        "project_owner",
        "Project Owner",
        Scope.PROJECT,
        "key",
        "Answers for one project: its members, settings, keys, costs and what it publishes.",
    )
    PROJECT_MEMBER = (
        "project_member",
        "Project Member",
        Scope.PROJECT,
        "user",
        "Builds, tests and runs what the project holds; settings and members stay with its owner.",
    )
    PROJECT_VIEWER = (
        "project_viewer",
        "Project Viewer",
        Scope.PROJECT,
        "eye",
        "Views the project and what it holds.",
    )

    RESOURCE_ADMIN = (
        "resource_admin",
        "Resource Admin",
        Scope.RESOURCE,
        "wrench-screwdriver",
        "Uses and configures one agent, workflow, tool, knowledge base, runner or automation.",
    )
    RESOURCE_USER = (
        "resource_user",
        "Resource User",
        Scope.RESOURCE,
        "cursor-arrow-rays",
        "Sees and uses the one thing that was shared, and nothing around it.",
    )


ORGANIZATION_ROLES: tuple[Role, ...] = (
    Role.OWNER,
    Role.ADMIN,
    Role.MEMBER,
    Role.VIEWER,
    Role.END_USER,
)
GROUP_ROLES: tuple[Role, ...] = (
    Role.RUNNERS_ADMIN,
    Role.PROJECTS_ADMIN,
    Role.GROUPS_ADMIN,
    Role.AUTOMATIONS_ADMIN,
    Role.INSIGHTS_VIEWER,
    Role.AUDIT_LOG_READER,
    Role.BILLING_VIEWER,
)
WORKSPACE_ROLES: tuple[Role, ...] = tuple(r for r in Role if r.scope is Scope.WORKSPACE)
PROJECT_ROLES: tuple[Role, ...] = tuple(r for r in Role if r.scope is Scope.PROJECT)
RESOURCE_ROLES: tuple[Role, ...] = tuple(r for r in Role if r.scope is Scope.RESOURCE)

# Of the roles that groups carry, those that only look.
READING_ROLES: frozenset[Role] = frozenset(
    {Role.INSIGHTS_VIEWER, Role.AUDIT_LOG_READER, Role.BILLING_VIEWER}
)
# On a workspace, a project or a resource: the role that hands out the others.
MANAGING_ROLES: frozenset[Role] = frozenset(
    {Role.WORKSPACE_ADMIN, Role.PROJECT_OWNER, Role.RESOURCE_ADMIN}
)
