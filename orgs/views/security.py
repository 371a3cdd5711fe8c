"""How this organization is protected, as far as the reader may see it. HTTP only."""

from __future__ import annotations

from typing import cast

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.queries import means_of
from config.gate import gate
from config.roles import GROUP_ROLES, ORGANIZATION_ROLES, Permission, Policy, roles_with
from orgs.access import Access
from orgs.queries.organizations import owner_names
from orgs.rollout import rollout
from orgs.tenancy import OrgRequest


@gate(Permission.ORG_VIEW)
@require_safe
def security(request: OrgRequest, slug: str) -> HttpResponse:
    access = request.access
    context = {
        "means": means_of(cast(User, request.user)),
        "policies": [(policy, policy in access.policies) for policy in Policy],
        "owners": owner_names(access.org.id),
        "readers": _who(access, Permission.AUDIT_VIEW),
        "limiters": _who(access, Permission.KEYS_SET_POLICIES),
        "rollout": rollout(access),
        "may": {
            "change_policies": access.can(Permission.ORG_MANAGE_SETTINGS),
            "see_people": access.can(Permission.MEMBERS_VIEW),
            "read_log": access.can(Permission.AUDIT_VIEW),
            "see_keys": access.can(Permission.KEYS_CREATE),
            "limit": access.can(Permission.KEYS_SET_POLICIES),
        },
    }
    return render(request, "orgs/security.html", context)


def _who(access: Access, permission: Permission) -> str:
    """Which roles may: "Owners, Admins and groups with Audit Log Reader"."""
    roles = roles_with(permission, access.policies)
    here = [f"{role.label}s" for role in ORGANIZATION_ROLES if role in roles]
    here += [f"groups with {role.label}" for role in GROUP_ROLES if role in roles]
    return " and ".join([", ".join(here[:-1]), here[-1]] if len(here) > 1 else here)
