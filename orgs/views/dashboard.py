"""Where a member and an End User arrive. HTTP only: get, ask, act, show."""

from __future__ import annotations

import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit.queries import recent
from config.gate import gate
from config.roles import Permission
from orgs.access import Access
from orgs.dashboard_parts import Fact, parts_for
from orgs.queries import dashboard as queries
from orgs.queries.organizations import people_by_role
from orgs.queries.team import my_groups
from orgs.tenancy import OrgRequest

LATELY = 6


@gate(Permission.ORG_VIEW_DASHBOARD)
@require_safe
def dashboard(request: OrgRequest, slug: str) -> HttpResponse:
    access = request.access
    invites = access.can(Permission.MEMBERS_INVITE)
    invited = queries.invited(access.org.id) if invites else None
    parts = parts_for(access)
    context = {
        "may_invite": invites,
        "parts": parts,
        "facts": [*parts.facts, *_own_facts(access)],
        "waiting": [*queries.waiting(access, invited), *parts.waiting],
        "pairs": queries.team_pairs(access, invited),
        "role": access.role,
    }
    if access.can(Permission.AUDIT_VIEW):
        context["lately"] = recent(access.org.id, LATELY)
        context["denied"] = _denied(access)
    if access.can(Permission.ORG_VIEW_TEAM_SECTIONS):
        context["team"] = _team(access)
    else:
        context["groups"] = my_groups(access)
    return render(request, "orgs/dashboard.html", context)


def _own_facts(access: Access) -> list[Fact]:
    return [queries.keys_fact(access)] if access.can(Permission.MEMBERS_VIEW) else []


def _denied(access: Access) -> str:
    since = timezone.now() - datetime.timedelta(days=1)
    return queries.capped(queries.denied_attempts(access.org.id, since=since))


def _team(access: Access) -> dict[str, Any]:
    org = access.org
    roles = [(f"{role.label}s", people) for role, people in people_by_role(org.id).items()]
    spoken = ", ".join(f"{people} {label}" for label, people in roles)
    return {
        "roles": roles,
        "spoken": f"{org.member_count} members: {spoken}",
        "free": None if org.seats is None else org.seats - org.seats_used,
    }
