"""The two shapes of a reference between tenant tables.

Django's own constraint is off: the wall adds the composite one, `(organization_id, x_id)`.
"""

from __future__ import annotations

from typing import Any

from django.db import models


def organization_key() -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        "orgs.Organization", on_delete=models.CASCADE, related_name="+", db_index=False
    )


def organization_of_record() -> models.ForeignKey[Any, Any]:
    """Of what the web role may not delete: it goes with what it is about, or by a trigger."""
    return models.ForeignKey(
        "orgs.Organization", on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )


def key(to: str, *, name: str = "+", null: bool = False, index: bool = False) -> Any:
    """A reference that the wall constrains and follows on delete."""
    return models.ForeignKey(
        to,
        on_delete=models.DO_NOTHING,
        null=null,
        blank=null,
        related_name=name,
        db_constraint=False,
        db_index=index,
    )
