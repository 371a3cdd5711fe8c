"""Deeds on quotas: how many of each kind an organization lets itself have (S2-029).

The database holds a quota on every path, by trigger; `require_room` is how a deed says so first.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.prepared import prepared_row
from orgs.access import Access
from orgs.models import Organization, Quota

_QUOTA = "SELECT used, most FROM quota_of(%s, true)"


@transaction.atomic
def quota_change(
    *, quotas: Mapping[str, int], seen: Mapping[str, int], actor: Access
) -> dict[str, int]:
    """Set the quotas; a kind that is left out has none. What is there already stays.

    `seen` are the quotas as the page showed them. Raises ValidationError: `stale` when somebody
    changed them meanwhile.
    """
    org = actor.org
    # Two who save at the same time meet at the organization's row.
    Organization.objects.select_for_update(no_key=True).get(id=org.id)
    rows = {row.kind: row for row in Quota.objects.in_org(org.id)}
    before = {kind: row.most for kind, row in rows.items()}
    if dict(quotas) == before:
        return before
    if dict(seen) != before:
        raise ValidationError(
            "Somebody else changed the quotas while this page was open. Look at them and save"
            " again.",
            code="stale",
        )
    Quota.objects.in_org(org.id).filter(kind__in=before.keys() - quotas.keys()).delete()
    for kind, most in quotas.items():
        row = rows.get(kind) or Quota(organization_id=org.id, kind=kind)
        row.most = most
        row.save()
    ledger.record(
        Event.QUOTA_CHANGED,
        organization=org.id,
        actor=actor.identity,
        target=Target("organization", org.id, org.name),
        changes={"quotas": (before, dict(quotas))},
    )
    return dict(quotas)


def require_room(kind: Quota.Kind, more: int = 1) -> None:
    """Is there room for so many more in the bound organization? Nobody takes it meanwhile.

    Raises ValidationError: `quota`.
    """
    row = prepared_row(_QUOTA, [kind.value])
    used, most = row or (0, None)
    if most is not None and used + more > most:
        raise ValidationError(
            "The organization’s quota is %(most)s %(kind)s, and %(used)s are in use. Remove one,"
            " or ask an Owner to raise it under Settings, Quotas.",
            code="quota",
            params={"most": f"{most:,}", "kind": _noun(kind), "used": f"{used:,}"},
        )


def _noun(kind: Quota.Kind) -> str:
    label = str(kind.label)
    return label if label.startswith("API") else label.lower()
