"""Keys, limits, service accounts and tokens for tests: rows that are simply there, recorded."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

from django.http import HttpResponse
from django.test import Client

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.roles import Permission
from orgs.models import Group, Membership, Organization
from orgs.tenancy import bound
from projects import keys
from projects.models import (
    Key,
    KeySecret,
    Limit,
    Project,
    ServiceAccount,
    ServiceAccountProject,
    ServiceToken,
)
from tests.factories import TEST

_numbers = itertools.count(time.time_ns() // 10**6 % 10**10)


def make_key(
    where: Project | Organization,
    holder: Membership | ServiceAccount,
    name: str = "",
    **fields: Any,
) -> tuple[Key, str]:
    """A key with one secret, and its text. `kind` follows from where it is."""
    organization_id = where.organization_id if isinstance(where, Project) else where.pk
    is_project = isinstance(where, Project)
    values = {
        "kind": "project" if is_project else "organization",
        "project": where if is_project else None,
        "name": name or f"Key {next(_numbers)}",
        "creator": holder if isinstance(holder, Membership) else None,
        "account": holder if isinstance(holder, ServiceAccount) else None,
        "created_by": holder.name,
        "executes": True,
        "chats": True,
    }
    with bound(organization_id):
        key = Key.objects.create(organization_id=organization_id, **(values | fields))
        text = make_secret(key)
    return key, text


def make_secret(key: Key, **fields: Any) -> str:
    made = keys.make()
    with bound(key.organization_id):
        KeySecret.objects.create(
            organization_id=key.organization_id,
            key=key,
            digest=made.digest,
            prefix=made.prefix,
            suffix=made.suffix,
            created_by=key.created_by,
            **fields,
        )
        _record(key.organization_id, Target("key", key.pk, key.name))
    return made.text


def make_limit(
    subject: Key | Project | Group | Membership | Organization, layer: str = "", **fields: Any
) -> Limit:
    """A limit of whatever it is given; an organization's own unless `layer` says `plan`."""
    names = {Key: "key", Project: "project", Group: "group", Membership: "creator"}
    name = names.get(type(subject), "")
    organization_id = subject.organization_id if name else subject.pk
    values = {name: subject} if name else {}
    with bound(organization_id):
        limit = Limit.objects.create(
            organization_id=organization_id,
            layer=layer or name or "organization",
            **(values | fields),
        )
        _record(organization_id, Target("limit", limit.pk, str(limit)))
    return limit


def make_account(
    organization: Organization, name: str = "", projects: tuple[Project, ...] = (), **fields: Any
) -> ServiceAccount:
    with bound(organization.pk):
        account = ServiceAccount.objects.create(
            organization=organization, name=name or f"Service {next(_numbers)}", **fields
        )
        for project in projects:
            ServiceAccountProject.objects.create(
                organization=organization, account=account, project=project
            )
        _record(organization.pk, Target("service_account", account.pk, account.name))
    return account


def make_token(
    account: ServiceAccount | Organization, *scopes: str, **fields: Any
) -> tuple[ServiceToken, str]:
    """A service token, and its text; of a new account where an organization is given."""
    if isinstance(account, Organization):
        account = make_account(account)
    made = keys.make(keys.TOKEN)
    with bound(account.organization_id):
        token = ServiceToken.objects.create(
            organization_id=account.organization_id,
            account=account,
            name=f"Token {next(_numbers)}",
            scopes=list(scopes or ServiceToken.Scope.values),
            digest=made.digest,
            prefix=made.prefix,
            suffix=made.suffix,
            created_by="Test",
            **fields,
        )
        _record(account.organization_id, Target("service_token", token.pk, token.name))
    return token, made.text


class Platform:
    """The platform beside the console: it asks with a token of its own."""

    def __init__(self, organization: Organization, *scopes: str) -> None:
        self.token, self.text = make_token(organization, *scopes)
        self.client = Client()

    def post(self, path: str, said: Any, **headers: str) -> HttpResponse:
        sent = said if isinstance(said, str | bytes) else json.dumps(said)
        headers = {"Authorization": f"Bearer {self.text}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.client.post(path, sent, content_type="application/json", headers=headers)

    def verify(self, key: str, **said: Any) -> HttpResponse:
        asked = {"key": key, "action": Permission.WORKFLOWS_EXECUTE.value} | said
        return self.post("/v1/keys/verify", asked)


def _record(organization: Any, target: Target) -> None:
    ledger.record(
        Event.ORGANIZATION_CHANGED,
        organization=organization,
        actor=TEST,
        target=target,
        changes={"name": (None, None)},
    )
