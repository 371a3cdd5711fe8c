"""Reads of an organization's model providers, never their tokens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, TextField, Value, When

from config.keyset import Page, keyset_page
from projects.models import ModelProvider, Project, ProjectProvider
from projects.providers import PROVIDERS

PAGE_SIZE = 50
MOST_OF_A_PROJECT = 200


def provider_list(org: UUID, *, cursor: str | None) -> Page[ModelProvider]:
    """Providers by name; `label` is the provider in words. One query."""
    return keyset_page(_named(org), order=("sort_name", "id"), cursor=cursor, size=PAGE_SIZE)


def providers_of(project: Project) -> list[ModelProvider]:
    """Those that a project asks: what it chose, or all, as far as they are in use. One query."""
    rows = _named(project.organization_id).filter(is_enabled=True)
    chosen = ProjectProvider.objects.in_org(project.organization_id).filter(project=project)
    rows = rows.filter(Q(pk__in=chosen.values("provider")) | ~Exists(chosen))
    return list(rows.order_by("sort_name", "id")[:MOST_OF_A_PROJECT])


def providers_to_choose(project: Project) -> list[tuple[ModelProvider, bool]]:
    """Every provider of the organization, and whether this project chose it. One query."""
    chosen = ProjectProvider.objects.in_org(project.organization_id).filter(
        project=project, provider=OuterRef("pk")
    )
    rows = _named(project.organization_id).annotate(chosen=Exists(chosen))
    return [(row, row.chosen) for row in rows.order_by("sort_name", "id")[:MOST_OF_A_PROJECT]]


def provider_label() -> Case:
    """The provider of a row in words."""
    return Case(
        *(When(provider=each.value, then=Value(each.label)) for each in PROVIDERS.values()),
        default=F("provider"),
        output_field=TextField(),
    )


def _named(org: UUID) -> QuerySet[Any]:
    """Without what is sealed; `label` is the provider in words."""
    rows = ModelProvider.objects.in_org(org).select_related("changed_by").defer("ciphertext")
    return rows.annotate(label=provider_label())
