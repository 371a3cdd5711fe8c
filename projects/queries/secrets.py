"""Reads of a project's secrets: their names and who changed them, never their values."""

from __future__ import annotations

from django.db.models import Case, TextField, Value, When

from config.keyset import Page, keyset_page
from projects.models import Project, Secret

PAGE_SIZE = 50
# Wide enough that a length says nothing about which value it is.
_SIZES = Case(
    When(length__lte=64, then=Value("Up to 64 bytes")),
    When(length__lte=1024, then=Value("Up to 1 KiB")),
    When(length__lte=8 * 1024, then=Value("Up to 8 KiB")),
    default=Value("Up to 64 KiB"),
    output_field=TextField(),
)


def secret_list(*, project: Project, search: str = "", cursor: str | None = None) -> Page[Secret]:
    """Secrets by name, without their ciphertext, each with its `size` in words. One query."""
    secrets = (
        Secret.objects.in_org(project.organization_id)
        .filter(project=project)
        .select_related("changed_by")
        .defer("ciphertext", "length")
        .annotate(size=_SIZES)
    )
    if search:
        secrets = secrets.filter(name__icontains=search)
    return keyset_page(secrets, order=("name", "id"), cursor=cursor, size=PAGE_SIZE)
