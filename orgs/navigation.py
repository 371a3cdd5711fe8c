"""Where the console leads: its navigation, the tabs of the settings and the palette, as data.

Routes of apps above this one stand here by name. Who sees which line is asked in `shell.py`.
"""

from __future__ import annotations

from config.roles import Permission
from orgs.models import Entitlement

Line = tuple[str, str, str, Permission]
"""Label, route, icon, and the permission that opens it."""

NAV: tuple[tuple[str, tuple[Line, ...]], ...] = (
    ("", (("Dashboard", "dashboard", "home", Permission.ORG_VIEW_DASHBOARD),)),
    (
        "People",
        (
            ("Members", "member_list", "users", Permission.MEMBERS_VIEW),
            ("Groups", "group_list", "user-group", Permission.GROUPS_VIEW),
        ),
    ),
    (
        "Work",
        (
            ("Workspaces", "workspace_list", "rectangle-stack", Permission.ORG_VIEW_DASHBOARD),
            ("Projects", "project_list", "folder", Permission.ORG_VIEW_DASHBOARD),
            ("Runners", "runner_list", "server-stack", Permission.ORG_VIEW_DASHBOARD),
            ("Automations", "automation_list", "bolt", Permission.ORG_VIEW_DASHBOARD),
            ("Executions", "execution_list", "queue-list", Permission.EXECUTIONS_VIEW),
            ("Hub", "hub", "squares-2x2", Permission.HUB_ACCESS),
            ("Inbox", "inbox", "inbox", Permission.ORG_VIEW),
        ),
    ),
    (
        "Measure",
        (
            ("Usage", "usage", "chart-bar", Permission.BILLING_VIEW_USAGE),
            ("Insights", "insights", "presentation-chart-line", Permission.INSIGHTS_VIEW),
        ),
    ),
    (
        "Reference",
        (
            ("Permissions", "permission_matrix", "table-cells", Permission.ORG_VIEW),
            ("Docs", "docs", "book-open", Permission.ORG_VIEW),
            ("Security", "security", "shield-check", Permission.ORG_VIEW),
        ),
    ),
)
ORGANIZATION: tuple[Line, ...] = (
    ("Settings", "organization_settings", "cog-6-tooth", Permission.ORG_ACCESS_SETTINGS),
    ("Billing", "billing_overview", "credit-card", Permission.BILLING_VIEW),
    ("Audit log", "event_list", "clipboard-document-list", Permission.AUDIT_VIEW),
)

# What a plan has to include for its line to be there; the gate asks the same of its route.
INCLUDED = {"insights": Entitlement.INSIGHTS}

# The pages of the settings: label, route, permission. A page of one lights up its tab.
SETTINGS = (
    ("General", "organization_settings", Permission.ORG_ACCESS_SETTINGS),
    ("API keys", "key_list", Permission.KEYS_CREATE),
    ("Limits", "limit_list", Permission.KEYS_SET_POLICIES),
    ("Service accounts", "service_account_list", Permission.KEYS_CREATE),
    ("Model providers", "provider_list", Permission.ORG_CONFIGURE_PROVIDERS),
    ("Requests", "call_list", Permission.KEYS_SET_POLICIES),
    ("Quotas", "quota_change", Permission.ORG_MANAGE_SETTINGS),
    ("Rules", "rule_list", Permission.ORG_MANAGE_SETTINGS),
    ("Webhooks", "webhook_list", Permission.ORG_MANAGE_WEBHOOKS),
    ("Domains", "domain_list", Permission.ORG_MANAGE_SETTINGS),
    ("Support", "support_list", Permission.ORG_HANDLE_SUPPORT),
)

# Routes of one page family light up the same line of the navigation.
ROOMS = {
    "member": "member_list",
    "invitation": "member_list",
    "ownership": "member_list",
    "access": "member_list",
    "roster": "member_list",
    "expiry": "member_list",
    "owner": "member_list",
    "group": "group_list",
    "event": "event_list",
    "as_of": "event_list",
    "filter": "event_list",
    "checkpoint": "event_list",
    "audit": "event_list",
    "organization": "organization_settings",
    "rule": "organization_settings",
    "pack": "organization_settings",
    "key": "organization_settings",
    "limit": "organization_settings",
    "call": "organization_settings",
    "quota": "organization_settings",
    "worker": "organization_settings",
    "service": "organization_settings",
    "provider": "organization_settings",
    "webhook": "organization_settings",
    "domain": "organization_settings",
    "support": "organization_settings",
    "permission": "permission_matrix",
    "explain": "permission_matrix",
    "billing": "billing_overview",
    "plan": "billing_overview",
    "subscription": "billing_overview",
    "payment": "billing_overview",
    "invoice": "billing_overview",
    "credit": "billing_overview",
    "budget": "billing_overview",
    "insights": "insights",
    "project_insights": "insights",
    "project_insights_enable": "insights",
    "project_insights_disable": "insights",
    "organization_access": "permission_matrix",
    "workspace": "workspace_list",
    "project": "project_list",
    "secret": "project_list",
    "personal": "project_list",
    "agent": "project_list",
    "workflow": "project_list",
    "tool": "project_list",
    "knowledge": "project_list",
    "resource": "project_list",
    "runner": "runner_list",
    "environment": "runner_list",
    "integration": "runner_list",
    "automation": "automation_list",
    "request": "inbox",
    "notices": "inbox",
    "publish": "inbox",
    "hub": "hub",
    "task": "hub",
}

# In the palette a name stands without its section.
PALETTE_NAMES = {"Settings": "Organization settings"}

# What Cmd/Ctrl+K finds besides the pages of the navigation; a fragment leads to a section.
DEEDS: tuple[tuple[str, str, str, str, Permission], ...] = (
    ("Invite member", "invitation_create", "", "user-plus", Permission.MEMBERS_INVITE),
    ("Create group", "group_create", "", "plus", Permission.GROUPS_CREATE),
    ("Create workspace", "workspace_create", "", "plus", Permission.WORKSPACES_CREATE),
    ("Create project", "project_create", "", "plus", Permission.PROJECTS_CREATE),
    ("Request a project", "project_request", "", "hand-raised", Permission.PROJECTS_REQUEST),
    ("Explain access", "explain", "", "magnifying-glass-circle", Permission.ORG_VIEW),
    ("Who may do what", "organization_access", "", "identification", Permission.MEMBERS_VIEW),
    ("Who could do what, as of a day", "as_of", "", "clock", Permission.AUDIT_VIEW),
    ("Support", "support_list", "", "lifebuoy", Permission.ORG_HANDLE_SUPPORT),
    ("Domains", "domain_list", "", "globe-alt", Permission.ORG_MANAGE_SETTINGS),
    ("Recover ownership", "owner_claim_list", "", "key", Permission.ORG_HANDLE_SUPPORT),
    ("Import a roster", "roster_import", "", "arrow-up-tray", Permission.MEMBERS_CHANGE_ROLE),
    ("Create API key", "key_create", "", "key", Permission.KEYS_CREATE),
    ("API keys", "key_list", "", "key", Permission.KEYS_CREATE),
    ("Limits of keys", "limit_list", "", "scale", Permission.KEYS_SET_POLICIES),
    ("Model providers", "provider_list", "", "sparkles", Permission.ORG_CONFIGURE_PROVIDERS),
    ("Invoices", "invoice_list", "", "document-text", Permission.BILLING_VIEW_INVOICES),
    ("Budgets", "budget_list", "", "scale", Permission.BILLING_VIEW_COSTS),
    ("Webhooks", "webhook_list", "", "arrow-up-right", Permission.ORG_MANAGE_WEBHOOKS),
    ("Rules", "rule_list", "", "scale", Permission.ORG_MANAGE_SETTINGS),
    ("Requests of keys", "call_list", "", "queue-list", Permission.KEYS_SET_POLICIES),
    (
        "Service accounts",
        "service_account_list",
        "",
        "cpu-chip",
        Permission.KEYS_CREATE,
    ),
    (
        "Change policies",
        "organization_settings",
        "#policies",
        "adjustments-horizontal",
        Permission.ORG_MANAGE_SETTINGS,
    ),
    ("Quotas", "quota_change", "", "chart-pie", Permission.ORG_MANAGE_SETTINGS),
    (
        "Worker SSH key",
        "organization_settings",
        "#ssh-key",
        "command-line",
        Permission.ORG_VIEW_SSH_KEY,
    ),
)
