"""The vocabulary of the rule book: every permission, with its words, its scope and its condition.

Which role holds which is in book.py.
"""

from enum import StrEnum


class Scope(StrEnum):
    """What a permission is asked about, and what a role sits on."""

    PLATFORM = "platform"
    ORGANIZATION = "organization"
    WORKSPACE = "workspace"
    PROJECT = "project"
    RESOURCE = "resource"


AREAS: dict[str, str] = {
    "platform": "Platform",
    "org": "Organization",
    "members": "Members",
    "groups": "Groups",
    "keys": "API keys",
    "features": "Features",
    "tasks": "Tasks",
    "executions": "Executions",
    "hub": "Hub",
    "human_tasks": "Human tasks",
    "billing": "Billing and usage",
    "insights": "Insights",
    "audit": "Audit log",
    "workspaces": "Workspaces",
    "projects": "Projects",
    "studio": "Studio",
    "agents": "Agents",
    "workflows": "Workflows",
    "tools": "Tools",
    "knowledge_bases": "Knowledge bases",
    "runners": "Runners",
    "automations": "Automations",
}


class Permission(StrEnum):
    """One thing that can be allowed, `area.verb`.

    A note is a condition that narrows a yes; the code that asks keeps it beyond the answer.
    """

    _value_: str
    label: str
    scope: Scope
    note: str

    # Type checkers read `Permission("members.view")` as this call: hence the defaults.
    def __new__(
        cls, value: str, label: str = "", scope: Scope = Scope.ORGANIZATION, note: str = ""
    ) -> "Permission":
        member = str.__new__(cls, value)
        member._value_ = value
        member.label, member.scope, member.note = label, scope, note
        return member

    @property
    def area(self) -> str:
        return self.partition(".")[0]

    PLATFORM_MANAGE_ORGANIZATIONS = (
        "platform.manage_organizations",
        "Manage organizations: rename, suspend, archive, delete",
        Scope.PLATFORM,
    )
    PLATFORM_CREATE_ORGANIZATIONS = (
        "platform.create_organizations",
        "Create organizations",
        Scope.PLATFORM,
    )
    PLATFORM_ASSIGN_FIRST_OWNER = (
        "platform.assign_first_owner",
        "Name the owner of an organization that has none",
        Scope.PLATFORM,
        "never oneself; the person accepts; the organization's own log shows it",
    )
    PLATFORM_MANAGE_USERS = "platform.manage_users", "Manage user accounts", Scope.PLATFORM
    PLATFORM_CONFIGURE_PROVIDERS = (
        "platform.configure_providers",
        "Configure the platform's model providers",
        Scope.PLATFORM,
    )
    PLATFORM_MANAGE_SETTINGS = (
        "platform.manage_settings",
        "Change platform settings",
        Scope.PLATFORM,
    )
    PLATFORM_VIEW_METRICS = (
        "platform.view_metrics",
        "View platform usage metrics",
        Scope.PLATFORM,
        "counters only",
    )
    PLATFORM_VIEW_AUDIT_LOG = (
        "platform.view_audit_log",
        "View the platform audit log",
        Scope.PLATFORM,
    )
    PLATFORM_ACCESS_ADMIN_PORTAL = (
        "platform.access_admin_portal",
        "Enter the admin portal",
        Scope.PLATFORM,
    )

    ORG_VIEW = "org.view", "See the organization, its plan and one's own role"
    ORG_VIEW_DASHBOARD = "org.view_dashboard", "Read the dashboard"
    ORG_VIEW_TEAM_SECTIONS = "org.view_team_sections", "See team and billing on the dashboard"
    ORG_ACCESS_SETTINGS = (
        "org.access_settings",
        "Open organization settings",
        Scope.ORGANIZATION,
        "only the sections that one's other permissions open",
    )
    ORG_MANAGE_SETTINGS = "org.manage_settings", "Change settings, policies and quotas"
    ORG_CONFIGURE_PROVIDERS = "org.configure_providers", "Configure model providers"
    ORG_VIEW_SSH_KEY = "org.view_ssh_key", "View the worker SSH public key"
    ORG_MANAGE_WEBHOOKS = "org.manage_webhooks", "Create and manage webhooks"
    ORG_TRANSFER_OWNERSHIP = "org.transfer_ownership", "Offer ownership to another member"
    ORG_DELETE = "org.delete", "Delete the organization"
    ORG_APPROVE_PRODUCTION = "org.approve_production", "Give final approval for production access"
    ORG_REVIEW_PROOFS = "org.review_proofs", "Review execution proofs"
    ORG_HANDLE_SUPPORT = "org.handle_support", "Open and handle support cases"
    ORG_OPEN_SUPPORT_ACCESS = "org.open_support_access", "Let support in for a limited time"
    ORG_REVIEW_ACCESS = "org.review_access", "Run access reviews"

    MEMBERS_VIEW = "members.view", "View members"
    MEMBERS_INVITE = "members.invite", "Invite members"
    MEMBERS_REMOVE = "members.remove", "Remove members, with their grants, keys and tokens"
    MEMBERS_CHANGE_ROLE = "members.change_role", "Change member roles"

    GROUPS_VIEW = "groups.view", "View groups"
    GROUPS_CREATE = "groups.create", "Create groups"
    GROUPS_CHANGE = (
        "groups.change",
        "Change group settings",
        Scope.ORGANIZATION,
        "not the roles it carries",
    )
    GROUPS_DELETE = (
        "groups.delete",
        "Delete groups",
        Scope.ORGANIZATION,
        "a group that carries roles: owners only",
    )
    GROUPS_MANAGE_MEMBERS = (
        "groups.manage_members",
        "Add and remove group members",
        Scope.ORGANIZATION,
        "only into groups whose roles one could assign",
    )
    GROUPS_ASSIGN_ROLES = "groups.assign_roles", "Assign organization roles to groups"

    KEYS_CREATE = "keys.create", "Create, rotate and revoke organization API keys"
    KEYS_SET_POLICIES = "keys.set_policies", "Set key budgets, rates and allowlists"

    FEATURES_DISCOVER = "features.discover", "Discover: chat, agent and RAG"
    FEATURES_DEFINE_WORKFLOW = "features.define_workflow", "Define workflow"
    FEATURES_DESIGN_WORKFLOW = "features.design_workflow", "Design workflow"
    FEATURES_BUILD = "features.build", "Build: Kanban and agent queue"

    TASKS_RUN_COMMERCIAL = "tasks.run_commercial", "Run commercial tasks"

    EXECUTIONS_VIEW = (
        "executions.view",
        "Read execution records",
        Scope.ORGANIZATION,
        "members read those of their projects",
    )

    HUB_ACCESS = "hub.access", "Open the Hub"
    HUB_PUBLISH = "hub.publish", "Publish agents to the Hub", Scope.PROJECT
    HUB_REQUEST_PUBLISH = "hub.request_publish", "Ask for an agent to be published", Scope.PROJECT

    HUMAN_TASKS_COMPLETE = "human_tasks.complete", "Complete human tasks assigned to oneself"

    BILLING_VIEW = "billing.view", "View billing"
    BILLING_VIEW_INVOICES = "billing.view_invoices", "View invoices"
    BILLING_CHANGE_PLAN = "billing.change_plan", "Subscribe, change the plan, cancel"
    BILLING_EDIT_DETAILS = "billing.edit_details", "Edit billing details"
    BILLING_MANAGE_PAYMENT_METHODS = "billing.manage_payment_methods", "Change payment methods"
    BILLING_BUY_CREDITS = "billing.buy_credits", "Buy credits"
    BILLING_MANAGE_BUDGETS = "billing.manage_budgets", "Manage team budgets"
    BILLING_VIEW_USAGE = "billing.view_usage", "View usage"
    BILLING_VIEW_COSTS = "billing.view_costs", "View costs"
    BILLING_EXPORT_USAGE = "billing.export_usage", "Export usage reports"

    INSIGHTS_VIEW = "insights.view", "View velocity and AI adoption of enabled projects"
    INSIGHTS_ENABLE = "insights.enable", "Turn project insights on or off"

    AUDIT_VIEW = "audit.view", "View the audit log, here and from the command line"
    AUDIT_EXPORT = "audit.export", "Export the audit log"

    WORKSPACES_VIEW_ALL = "workspaces.view_all", "See every workspace"
    WORKSPACES_CREATE = "workspaces.create", "Create workspaces"
    WORKSPACES_DELETE = "workspaces.delete", "Delete workspaces", Scope.WORKSPACE
    WORKSPACES_VIEW = "workspaces.view", "View what a workspace holds", Scope.WORKSPACE
    WORKSPACES_ASSIGN_PROJECTS = (
        "workspaces.assign_projects",
        "Assign products and projects to a workspace",
        Scope.WORKSPACE,
    )
    WORKSPACES_MANAGE_MEMBERS = (
        "workspaces.manage_members",
        "Manage a workspace's members",
        Scope.WORKSPACE,
    )

    PROJECTS_VIEW_ALL = "projects.view_all", "See every project"
    PROJECTS_CREATE = "projects.create", "Create projects"
    PROJECTS_REQUEST = "projects.request", "Request a new project"
    PROJECTS_VIEW = (
        "projects.view",
        "View a project",
        Scope.PROJECT,
        "a workspace role views the projects of its workspace",
    )
    PROJECTS_CHANGE = "projects.change", "Change project settings", Scope.PROJECT
    PROJECTS_SET_POLICIES = "projects.set_policies", "Set project policies", Scope.PROJECT
    PROJECTS_MANAGE_MEMBERS = (
        "projects.manage_members",
        "Manage project members and share the project",
        Scope.PROJECT,
    )
    PROJECTS_DELETE = "projects.delete", "Archive or delete the project", Scope.PROJECT
    PROJECTS_MANAGE_SECRETS = "projects.manage_secrets", "Manage project secrets", Scope.PROJECT
    PROJECTS_CONFIGURE_ENVIRONMENTS = (
        "projects.configure_environments",
        "Choose environment classes",
        Scope.PROJECT,
    )
    PROJECTS_MANAGE_PREBUILDS = "projects.manage_prebuilds", "Manage prebuilds", Scope.PROJECT
    PROJECTS_VIEW_AUDIT = "projects.view_audit", "View the project audit log", Scope.PROJECT
    PROJECTS_VIEW_USAGE = "projects.view_usage", "View project usage", Scope.PROJECT
    PROJECTS_VIEW_COSTS = "projects.view_costs", "View project costs", Scope.PROJECT
    PROJECTS_CREATE_KEYS = "projects.create_keys", "Create project API keys", Scope.PROJECT

    STUDIO_ACCESS = "studio.access", "Open the Studio", Scope.PROJECT
    AGENTS_CREATE = "agents.create", "Create and edit agents", Scope.PROJECT
    AGENTS_CHAT = (
        "agents.chat",
        "Chat with agents",
        Scope.PROJECT,
        "end users: published agents shared with them",
    )
    WORKFLOWS_CREATE = "workflows.create", "Create and edit workflows", Scope.PROJECT
    WORKFLOWS_EXECUTE = (
        "workflows.execute",
        "Run workflows",
        Scope.PROJECT,
        "end users: published workflows shared with them",
    )
    TOOLS_CREATE = "tools.create", "Create and edit tools (MCP)", Scope.PROJECT
    KNOWLEDGE_BASES_CREATE = (
        "knowledge_bases.create",
        "Create and edit knowledge bases",
        Scope.PROJECT,
    )

    RUNNERS_VIEW_ALL = "runners.view_all", "View all runners"
    RUNNERS_CREATE = "runners.create", "Create runners"
    RUNNERS_CHANGE = "runners.change", "Change runner settings"
    RUNNERS_DELETE = "runners.delete", "Delete runners"
    RUNNERS_SHARE = "runners.share", "Share runners with people and groups"
    RUNNERS_MANAGE_ENVIRONMENT_CLASSES = (
        "runners.manage_environment_classes",
        "Manage environment classes",
    )
    RUNNERS_MANAGE_INTEGRATIONS = "runners.manage_integrations", "Manage SCM and LLM integrations"
    RUNNERS_VIEW_LOGS = "runners.view_logs", "Read runner logs"

    AUTOMATIONS_VIEW_ALL = "automations.view_all", "View all automations"
    AUTOMATIONS_CREATE = "automations.create", "Create automations"
    AUTOMATIONS_CHANGE = "automations.change", "Change automation settings"
    AUTOMATIONS_DELETE = "automations.delete", "Delete automations"
    AUTOMATIONS_SHARE = "automations.share", "Share automations with people and groups"
    AUTOMATIONS_VIEW_HISTORY = "automations.view_history", "View all execution history"


def permissions_in(area: str) -> tuple[Permission, ...]:
    """The permissions of one area, in display order."""
    return tuple(permission for permission in Permission if permission.area == area)
