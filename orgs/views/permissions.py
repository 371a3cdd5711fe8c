"""The permission matrix and the help page, both generated from the rule book.

HTTP only: get, ask, act, show.
"""

from __future__ import annotations

import csv
from functools import lru_cache

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from config.gate import gate
from config.roles import Permission, Policy, Role, Scope
from config.spreadsheets import harmless
from orgs.queries import permissions as queries
from orgs.tenancy import OrgRequest

SCOPES = (Scope.ORGANIZATION, Scope.WORKSPACE, Scope.PROJECT)


@gate(Permission.ORG_VIEW)
@require_safe
def permission_matrix(request: OrgRequest, slug: str) -> HttpResponse:
    access = request.access
    search = request.GET.get("q", "")[:100].strip()
    scope = next((one for one in Scope if one == request.GET.get("scope")), None)
    areas = queries.by_area(access.policies, search=search, scope=scope)
    cells = _cells(frozenset(access.roles), frozenset(access.policies))
    context = {
        "areas": [
            (area, [(line, cells[line.permission]) for line in lines]) for area, lines in areas
        ],
        "columns": queries.COLUMNS,
        "own": access.roles,
        "search": search,
        "scope": scope,
        "scopes": SCOPES,
        "total": len(Permission),
        "policies_on": len(access.policies),
        "may_change": access.can(Permission.ORG_MANAGE_SETTINGS),
    }
    part = "#part" if request.htmx else ""
    return render(request, f"orgs/permissions.html{part}", context)


@lru_cache(maxsize=128)
def _cells(own: frozenset[Role], policies: frozenset[Policy]) -> dict[Permission, SafeString]:
    """The nineteen cells of every line: 1,938 marks that change with the policies alone."""
    return {
        permission: render_to_string(
            "orgs/_permission_cells.html",
            {
                "cells": [
                    (queries.mark_of(role, permission, policies), role in own, role is roles[0])
                    for _, roles in queries.COLUMNS
                    for role in roles
                ]
            },
        )
        for permission in Permission
    }


@gate(Permission.ORG_VIEW)
@require_safe
def permission_matrix_csv(request: OrgRequest, slug: str) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="permissions-{slug}.csv"'
    writer = csv.writer(response)
    for row in queries.table(frozenset(request.access.policies)):
        writer.writerow([harmless(text) for text in row])
    return response


@gate(Permission.ORG_VIEW)
@require_safe
def docs(request: OrgRequest, slug: str) -> HttpResponse:
    policies = frozenset(request.access.policies)
    chapters = queries.chapters(policies)
    owner = next(
        chapter for _, roles in chapters for chapter in roles if chapter.role is Role.OWNER
    )
    context = {
        "chapters": chapters,
        "owner": owner,
        "owners_alone": queries.owners_alone(policies),
        "own": request.access.roles,
        "policies": [(policy, policy in policies) for policy in Policy],
    }
    return render(request, "orgs/docs.html", context)
