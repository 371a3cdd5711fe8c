"""`POST /access/v1/search/…`: who may do it, on what may it be done, what may be done.

AuthZEN 1.0. The database narrows to who could and what could; each result is then decided as an
evaluation of it would be, so that the two agree. A page may be shorter than asked for, even
empty, with more behind it: how many are decided for one request is bounded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from pydantic import BeforeValidator, Field

from config.roles import Permission
from orgs.models import Organization
from orgs.tenancy import bound
from projects.api import candidates, paging
from projects.api.asked import (
    Action,
    Context,
    Properties,
    Resource,
    ResourceType,
    Shape,
    Subject,
    SubjectType,
    question_of,
)
from projects.api.decisions import decide, permission_named
from projects.api.documented import documented
from projects.api.facts import SCOPE, Facts, Question, facts_for, facts_of
from projects.api.tokens import bearer

# How many candidates are decided at once, at first and at last, and how many for one page.
_FEW, _MANY, _MOST = 20, 500, 5_000


def _whole(said: Any) -> Any:
    return int(said) if isinstance(said, float) and said.is_integer() else said


class PageAsked(Shape):
    """How many results, and where the last page ended."""

    token: str | None = Field(default=None, description="`page.next_token` of the page before.")
    limit: Annotated[int, BeforeValidator(_whole)] | None = Field(
        default=None, ge=0, description="At most this many; beyond 1,000 as 1,000. 100 if left out."
    )
    properties: Properties = Field(default_factory=dict)


class SubjectSearch(Shape):
    subject: SubjectType
    action: Action
    resource: Resource
    context: Context = Field(default_factory=dict)
    page: PageAsked = Field(default_factory=PageAsked)


class ResourceSearch(Shape):
    subject: Subject
    action: Action
    resource: ResourceType
    context: Context = Field(default_factory=dict)
    page: PageAsked = Field(default_factory=PageAsked)


class ActionSearch(Shape):
    subject: Subject
    resource: Resource
    context: Context = Field(default_factory=dict)
    page: PageAsked = Field(default_factory=PageAsked)


def search_subject(request: HttpRequest, said: SubjectSearch) -> HttpResponse:
    """Raises ProblemError 400, 401, 403."""
    token, type_, place = bearer(request), said.subject.type, said.resource
    facts = facts_for(token, Question("", "", place.type, place.id))
    page = _page(facts, said.page, "subject", type_, said.action.name, place.type, place.id)
    permission = permission_named(said.action.name)

    def question(one: str) -> Question:
        return Question(type_, one, place.type, place.id)

    who = candidates.subjects(facts, type_, permission)
    return _listed(type_, *_found(token, facts, permission, who, page, question))


def search_resource(request: HttpRequest, said: ResourceSearch) -> HttpResponse:
    """Raises ProblemError 400, 401, 403."""
    token, type_, subject = bearer(request), said.resource.type, said.subject
    facts = facts_for(token, Question(subject.type, subject.id, "", ""))
    page = _page(facts, said.page, "resource", subject.type, subject.id, said.action.name, type_)
    permission = permission_named(said.action.name)

    def question(one: str) -> Question:
        return Question(subject.type, subject.id, type_, one)

    where = candidates.resources(facts, type_, permission)
    return _listed(type_, *_found(token, facts, permission, where, page, question))


def search_action(request: HttpRequest, said: ActionSearch) -> HttpResponse:
    """Raises ProblemError 400, 401, 403."""
    question = question_of(said.subject, said.resource)
    facts = facts_for(bearer(request), question)
    page = _page(facts, said.page, "action", *question)
    allowed = [one.value for one in Permission if decide(facts, one, question.place_type).allowed]
    later = [name for name in allowed if page.after is None or _is_later(name, page.after)]
    names = later[: page.limit]
    last = names[-1] if names else page.after
    token = page.token(last) if len(later) > page.limit else ""
    return _answer([{"name": name} for name in names], token)


_POSITIONS = {one.value: position for position, one in enumerate(Permission)}


def _is_later(name: str, after: str) -> bool:
    return _POSITIONS[name] > _POSITIONS.get(after, -1)


def _page(facts: Facts, said: PageAsked, *about: str) -> paging.Asked:
    return paging.read(said.token, said.limit, facts.org.id, about)


def _found(
    token: bytes,
    facts: Facts,
    permission: Permission | None,
    after: candidates.After | None,
    page: paging.Asked,
    question: Callable[[str], Question],
) -> tuple[list[str], str]:
    """The ids of a page, and the token of the next one; empty at the end."""
    found: list[str] = []
    if permission is None or after is None or facts.org.state != Organization.State.OPEN:
        return found, ""
    last = page.after
    with bound(facts.org.id):
        size = min(max(_FEW, page.limit + 1), _MANY)
        for one, allowed in _decided(token, permission, after, last, size, question):
            if one is None:
                return found, ""
            if allowed and len(found) == page.limit:
                break
            if allowed:
                found.append(one)
            last = one
    return found, page.token(last)


def _decided(
    token: bytes,
    permission: Permission,
    after: candidates.After,
    last: str | None,
    size: int,
    question: Callable[[str], Question],
) -> Iterator[tuple[str | None, bool]]:
    """The candidates behind `last`, each decided, at most `_MOST`; None at the end of them."""
    left = _MOST
    while left > 0:
        some = after(last, size)
        _, known = facts_of(token, [question(one) for one in some])
        for one, facts in zip(some, known, strict=True):
            yield one, decide(facts, permission, question(one).place_type).allowed
        if len(some) < size:
            yield None, False
            return
        last, left, size = some[-1], left - size, min(size * 2, _MANY)


def _listed(type_: str, found: list[str], next_token: str) -> HttpResponse:
    return _answer([{"type": type_, "id": one} for one in found], next_token)


def _answer(results: list[dict[str, str]], next_token: str) -> HttpResponse:
    page = {"next_token": next_token, "count": len(results)}
    body = json.dumps({"page": page, "results": results})
    return HttpResponse(body, content_type="application/json")


_RESULTS = {
    "type": "object",
    "required": ["page", "results"],
    "properties": {
        "page": {
            "type": "object",
            "required": ["next_token", "count"],
            "properties": {
                "next_token": {"type": "string", "description": "Empty on the last page."},
                "count": {"type": "integer", "minimum": 0},
            },
        },
        "results": {"type": "array", "items": {"type": "object"}},
    },
}


def _documented(summary: str, description: str, request: Any, results: Any) -> dict[str, Any]:
    about = f"{description} A page may be shorter than its limit, with more behind it."
    answer = {"page": {"next_token": "", "count": len(results)}, "results": results}
    return documented(summary, about, "AuthZEN", request, _RESULTS, answer)


_WHO = {"type": "user", "id": "0190a5c2-5b1e-7c41-9d3c-0d0a5b6c7d8e"}
_WHERE = {"type": "project", "id": "0190a5c2-7a90-7f0e-8a11-2f6d1c3b4a59"}
_VIEW = {"name": Permission.PROJECTS_VIEW.value}
ENDPOINTS = (
    (
        "/access/v1/search/subject",
        SCOPE,
        search_subject,
        _documented(
            "Who may do it",
            "The people (`user`) or keys (`key`) that may do the action on the resource.",
            {"subject": {"type": "user"}, "action": _VIEW, "resource": _WHERE},
            [_WHO],
        ),
    ),
    (
        "/access/v1/search/resource",
        SCOPE,
        search_resource,
        _documented(
            "Where it may be done",
            "The workspaces, projects or resources on which the subject may do the action.",
            {
                "subject": _WHO,
                "action": _VIEW,
                "resource": {"type": "project"},
                "page": {"limit": 50},
            },
            [_WHERE],
        ),
    ),
    (
        "/access/v1/search/action",
        SCOPE,
        search_action,
        _documented(
            "What may be done",
            "The permissions that the subject has on the resource.",
            {"subject": _WHO, "resource": _WHERE},
            [_VIEW, {"name": Permission.PROJECTS_VIEW_USAGE.value}],
        ),
    ),
)
