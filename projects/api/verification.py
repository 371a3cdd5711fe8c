"""`POST /v1/keys/verify`: may this key do this now? One call of the database, `key_verify`.

What it answers is in `verdicts.py`.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from pydantic import Field
from uuid6 import uuid7

from config.requests import client_ip
from config.roles import Permission
from projects.api import verdicts
from projects.api.fields import Address, Money, Name, Used, Uuid, plain_address
from projects.api.one_call import row_of
from projects.api.problems import key_invalid, token_invalid, token_scope
from projects.api.tokens import bearer
from projects.keys import ACTIONS, ROLES, digest
from projects.limits import HELD_FOR

SCOPE = "decide"

_VERIFY = (
    "SELECT status, reason, layer, limit_id, key_id, key_name, reserved, limits, at"
    " FROM key_verify(%s, %s, %s, %s, %s, %s::text[], %s, %s, %s, %s, %s::inet, %s::bigint,"
    " %s::jsonb, %s::interval)"
)


class Verify(Used):
    key: str = Field(max_length=200, description="As it was sent by whoever wants something.")
    action: Name = Field(description="The code of a permission, like workflows.execute.")
    project: Uuid | None = Field(None, description="Where, if the key is not a project's.")
    resource: Uuid | None = Field(None, description="What is run or talked to.")
    model: Name = ""
    task: Name = ""
    ip: Address | None = Field(None, description="Of the caller; without it, of this request.")
    estimated_cost: Money | None = Field(
        None, description="Set aside as it is; without it, what the units cost by the price list."
    )


def key_verify(request: HttpRequest, said: Verify) -> HttpResponse:
    call = uuid7()
    row = row_of(_VERIFY, [bearer(request), digest(said.key), call, *_asked(request, said)])
    answer = verdicts.Row(call, *row)
    if answer.status == "token":
        raise token_invalid()
    if answer.status == "scope":
        raise token_scope(SCOPE)
    if answer.status == "key":
        raise key_invalid()
    return verdicts.answered(answer)


def _asked(request: HttpRequest, said: Verify) -> list[object]:
    try:
        action = Permission(said.action)
    except ValueError:
        action = None
    here = client_ip(request)
    return [
        said.action,
        ACTIONS.get(action, "") if action else "",
        [role.value for role in ROLES.get(action, ())] if action else [],
        said.project,
        said.resource,
        said.model,
        said.task,
        said.ip or (here and plain_address(here)),
        said.estimated_cost,
        said.as_units(),
        HELD_FOR,
    ]


ENDPOINTS = (
    (
        "/v1/keys/verify",
        SCOPE,
        key_verify,
        verdicts.DOCUMENTED,
    ),
)
