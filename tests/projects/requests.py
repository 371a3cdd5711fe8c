"""What the tests of requests share: making one by the real deed, and answering it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.http import urlencode

from accounts.models import User
from audit.models import Event as Entry
from config.roles import Permission, Role
from orgs.models import Notice
from orgs.tenancy import bound
from projects.actions import requests as actions
from projects.actions.request_answers import request_approve, request_refuse
from projects.actions.shares import AnyPlace
from projects.models import Request
from tests.factories import Cast, sign_in


def ask_access(
    cast: Cast,
    by: User,
    *,
    permission: Permission | None = None,
    role: Role | None = None,
    place: AnyPlace | None = None,
    **fields: Any,
) -> Request:
    values: dict[str, Any] = {"until": None, "reason": "It is needed"} | fields
    return actions.access_request(
        permission=permission, role=role, place=place, actor=cast.access(by), **values
    )


def ask_project(cast: Cast, by: User, name: str = "Order intake", **fields: Any) -> Request:
    values: dict[str, Any] = {"description": "", "workspace": None, "reason": "It is needed"}
    return actions.project_request(name=name, actor=cast.access(by), **(values | fields))


def approve(cast: Cast, by: User, request: Request, **fields: Any) -> Request:
    return request_approve(request=request, actor=cast.access(by), **fields)


def refuse(cast: Cast, by: User, request: Request, answer: str = "Not now") -> Request:
    return request_refuse(request=request, actor=cast.access(by), answer=answer)


def code_of(error: ValidationError) -> str | None:
    if hasattr(error, "error_dict"):
        return next(iter(error.error_dict.values()))[0].code
    return error.code


def page(cast: Cast, by: User, path: str, **query: Any) -> Any:
    asked = f"?{urlencode(query)}" if query else ""
    return sign_in(by).get(cast.url(path) + asked)


def post(cast: Cast, by: User, path: str, data: Any = None, **query: Any) -> Any:
    asked = f"?{urlencode(query)}" if query else ""
    return sign_in(by).post(cast.url(path) + asked, data or {})


def actions_of(cast: Cast, outcome: str = "done") -> list[str]:
    with bound(cast.acme.id):
        rows = Entry.objects.filter(organization_id=cast.acme.id, outcome=outcome)
        return list(rows.order_by("sequence").values_list("action", flat=True))


def told(cast: Cast, person: User) -> list[str]:
    with bound(cast.acme.id):
        rows = Notice.objects.in_org(cast.acme).filter(membership=cast.member(person))
        return list(rows.order_by("created_at").values_list("text", flat=True))


def only_request(cast: Cast) -> Request:
    with bound(cast.acme.id):
        return Request.objects.in_org(cast.acme).get()
