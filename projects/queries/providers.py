"""Reads of an organization's model providers, never their tokens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Case, F, QuerySet, TextField, Value, When

from config.keyset import Page, keyset_page
from projects.models import ModelProvider
from projects.providers import PROVIDERS

PAGE_SIZE = 50


def provider_list(org: UUID, *, cursor: str | None) -> Page[ModelProvider]:
    """Providers by name; `label` is the provider in words. One query."""
    labels = Case(
        *(When(provider=each.value, then=Value(each.label)) for each in PROVIDERS.values()),
        default=F("provider"),
        output_field=TextField(),
    )
    rows: QuerySet[Any] = (
        ModelProvider.objects.in_org(org)
        .select_related("changed_by")
        .defer("ciphertext")
        .annotate(label=labels)
    )
    return keyset_page(rows, order=("sort_name", "id"), cursor=cursor, size=PAGE_SIZE)
