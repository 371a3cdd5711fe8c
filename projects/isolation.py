"""What the isolation self-test lends an organization: a token, a key, and reports sent before.

Rows alone, and no entry in the log: it is undone, and an entry would keep the whole organization
waiting for as long as the check runs.
"""

from __future__ import annotations

from uuid import UUID, uuid4

from django.db import connection

from orgs.isolation.lending import Lent
from orgs.tenancy import bound
from projects import keys
from projects.models import Key, KeySecret, ServiceAccount, ServiceToken

# What a report is kept under begins with its endpoint.
_REPORTS = ("usage", "executions", "members/invitations")


def lend(organization: UUID) -> Lent:
    token, key, report = keys.make(keys.TOKEN), keys.make(), uuid4().hex[:20]
    with bound(organization):
        account = ServiceAccount.objects.create(organization_id=organization, name=uuid4().hex)
        ServiceToken.objects.create(
            organization_id=organization,
            account=account,
            name=account.name,
            scopes=ServiceToken.Scope.values,
            **_known_by(token),
        )
        made = Key.objects.create(
            organization_id=organization, kind="organization", name=account.name, account=account
        )
        KeySecret.objects.create(organization_id=organization, key=made, **_known_by(key))
        with connection.cursor() as cursor:
            for endpoint in _REPORTS:
                kept = f"{endpoint} {report}"
                cursor.execute("SELECT receipt_kept(%s, '-'::bytea, '{}'::jsonb)", [kept])
    return Lent(token=token.text, key=key.text, report=report)


def _known_by(made: keys.Made) -> dict[str, object]:
    return {"digest": made.digest, "prefix": made.prefix, "suffix": made.suffix}
