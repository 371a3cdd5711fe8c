"""The tabs of the runners' and the automations' pages, as far as this person may open them."""

from __future__ import annotations

from django.urls import reverse

from config.roles import Permission
from orgs.access import Access
from projects.queries.projects import Tab

_RUNNERS = (
    ("Runners", "runner_list", Permission.ORG_VIEW_DASHBOARD),
    (
        "Environment classes",
        "environment_class_list",
        Permission.RUNNERS_MANAGE_ENVIRONMENT_CLASSES,
    ),
    ("Integrations", "integration_list", Permission.RUNNERS_MANAGE_INTEGRATIONS),
    ("Logs", "runner_logs", Permission.RUNNERS_VIEW_LOGS),
)
_AUTOMATIONS = (
    ("Automations", "automation_list", Permission.ORG_VIEW_DASHBOARD),
    ("History", "automation_history", Permission.AUTOMATIONS_VIEW_HISTORY),
)


def runner_tabs(access: Access) -> list[Tab]:
    return _tabs(access, _RUNNERS)


def automation_tabs(access: Access) -> list[Tab]:
    return _tabs(access, _AUTOMATIONS)


def _tabs(access: Access, told: tuple[tuple[str, str, Permission], ...]) -> list[Tab]:
    return [
        Tab(label=label, url=reverse(route, args=[access.org.slug]), route=route)
        for label, route, permission in told
        if access.can(permission)
    ]
