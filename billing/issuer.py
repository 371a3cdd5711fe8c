"""Who issues invoices here, from the settings; as an invoice keeps it, and as taxes ask for it."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings


def seller() -> Mapping[str, str]:
    """Name, address and tax number of the issuer, and the rate (`rate`) that it charges at home."""
    return {**settings.ISSUER, "rate": settings.TAX_RATE}


def issues_invoices() -> bool:
    """Without a name nobody issues anything, and nothing can be subscribed to."""
    return bool(settings.ISSUER["name"])
