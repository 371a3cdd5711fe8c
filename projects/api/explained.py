"""An evaluation that is explained: asked for with `"context": {"explain": true}`, for more time.

What the console's page says to the person in question about themselves, and not a word more.
"""

from __future__ import annotations

import json
from typing import Any

from config.roles import Permission, Scope
from orgs.models import Membership
from orgs.tenancy import bound
from projects.api.decisions import Decision, decide, permission_named
from projects.api.facts import Facts, Question, facts_for
from projects.explain import Explanation, brief, explain
from projects.models import Project, Resource, Workspace

_ROWS: dict[Scope, Any] = {
    Scope.WORKSPACE: Workspace.objects.all(),
    Scope.PROJECT: Project.objects.select_related("workspace"),
    Scope.RESOURCE: Resource.objects.select_related("project__workspace"),
}


def explained(token: bytes, question: Question, action: str) -> str:
    """The body of the answer. Raises ProblemError 401, 403."""
    facts = facts_for(token, question)
    permission = permission_named(action)
    decision = decide(facts, permission, question.place_type)
    # A key's holder is explained by the key's page; what is not there is not explained at all.
    if permission is None or facts.is_key or facts.place_id is None or not facts.known:
        return decision.body
    with bound(facts.org.id):
        said = _said(facts, permission)
    if said is None:
        return decision.body
    context = json.loads(decision.context) | {"explanation": said}
    return Decision(decision.allowed, json.dumps(context)).body


def _said(facts: Facts, permission: Permission) -> dict[str, Any] | None:
    """None of a place that this person may not see: to them it does not exist."""
    place = None
    if facts.scope is not None and facts.scope is not Scope.ORGANIZATION:
        place = facts.access.visible(_ROWS[facts.scope]).filter(pk=facts.place_id).first()
        if place is None:
            return None
    members = Membership.objects.in_org(facts.org.id).select_related("person")
    member = members.filter(pk=facts.membership_id).first() if facts.membership_id else None
    if member is None:
        return None
    return _plain(
        explain(
            org=facts.org, member=member, permission=permission, place=place, asker=facts.access
        )
    )


def _plain(answer: Explanation) -> dict[str, Any]:
    return {
        "sentence": answer.sentence,
        "detail": answer.detail,
        "paths": [brief(path) for path in answer.paths],
        "suggestions": [
            {"title": one.title, "note": one.note, "by": one.by} for one in answer.suggestions
        ],
    }
