"""How an organization reaches whoever runs this platform: the address its letters come from."""

from __future__ import annotations

from email.utils import parseaddr
from urllib.parse import quote

from django.conf import settings


def sales_link(about: str, *, org: str) -> str:
    """A letter to the operator about what a plan includes, begun with the subject."""
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return f"mailto:{address}?subject={quote(f'{about} for {org}')}"
