"""How much there is of each kind, and how much there may be."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from orgs.models import Quota

COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Use:
    """One kind: how many there are, and the most there may be; None for no limit."""

    kind: Quota.Kind
    used: int
    most: int | None

    @property
    def used_words(self) -> str:
        return f"{COUNTED:,}+" if self.most is None and self.used > COUNTED else f"{self.used:,}"

    @property
    def share(self) -> int:
        """Per cent of the quota in use, at most 100."""
        if not self.most:
            return 100 if self.most == 0 else 0
        return min(100, self.used * 100 // self.most)

    @property
    def is_full(self) -> bool:
        return self.most is not None and self.used >= self.most


def quota_list() -> list[Use]:
    """Every kind of the bound organization, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.kind, q.used, q.most FROM unnest(%s::text[]) WITH ORDINALITY AS k (kind, n),"
            " LATERAL quota_of(k.kind) q ORDER BY k.n",
            [list(Quota.Kind.values)],
        )
        return [Use(Quota.Kind(kind), used, most) for kind, used, most in cursor.fetchall()]
