"""Who asks: the service token of a request, and the access that it opens for what is no decision.

Decisions, verifications and reports read the token in the very call that answers them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest

from audit.ledger import Actor
from config.prepared import prepared_row
from config.requests import client_ip
from config.roles import Policy
from orgs.access import Access, Bound
from orgs.rules.keeping import keeping_rules
from projects.api.problems import ProblemError, token_invalid, token_scope
from projects.keys import digest

_BIND = "SELECT * FROM bind_token(%s)"


@dataclass(frozen=True, slots=True)
class Service:
    """A service account at work: its token's id, and what the ledger calls it."""

    token: UUID
    account: UUID
    access: Access


def bearer(request: HttpRequest) -> bytes:
    """The digest of the token in `Authorization`. Raises ProblemError 401 without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise token_invalid()
    return digest(token.strip())


@contextmanager
def service(request: HttpRequest, scope: str) -> Iterator[Service]:
    """A transaction bound to the token's organization. Raises ProblemError 401, 403.

    The account holds no role: what its scope allows is for the endpoint, and nothing else is.
    """
    with transaction.atomic():
        row = prepared_row(_BIND, [bearer(request)])
        if row is None:
            raise token_invalid()
        *organization, token, account, name, scopes = row
        if scope not in scopes:
            raise token_scope(scope)
        said = dict(zip(Bound.__slots__, organization, strict=True))
        said["policies"] = frozenset(map(Policy, said["policies"]))
        said["entitlements"] = frozenset(said["entitlements"])
        org = Bound(**said)
        if org.state != "open":
            raise ProblemError(403, "organization_closed", f"{org.name} is not open.")
        identity = Actor(
            kind="service",
            id=account,
            label=name,
            ip=client_ip(request),
            user_agent=request.headers.get("User-Agent", ""),
            request_id=request.id,  # type: ignore[attr-defined]
        )
        access = Access(organization=org, roles=frozenset(), identity=identity)
        with keeping_rules():
            yield Service(token, account, access)
