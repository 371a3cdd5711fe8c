"""The organization's worker keys that work, never their private halves."""

from __future__ import annotations

from uuid import UUID

from orgs.models import WorkerKey


def worker_keys(org: UUID) -> list[WorkerKey]:
    """The current key and, while it is not retired, the one before. One query."""
    rows = WorkerKey.objects.in_org(org).filter(retired_at__isnull=True)
    return list(rows.defer("ciphertext").select_related("created_by").order_by("-created_at"))
