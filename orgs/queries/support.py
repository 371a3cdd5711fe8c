"""Reads about support: the windows, open and over, and the cases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils import timezone

from config.keyset import Page, keyset_page
from orgs.models import SupportCase, SupportWindow

PAGE = 25


def windows_open(org: UUID) -> list[SupportWindow]:
    """Those through which support may come now, the one that ends first at the top."""
    found = SupportWindow.objects.in_org(org).filter(closed_at=None, until__gt=timezone.now())
    return list(found.order_by("until", "id"))


def windows_past(org: UUID, *, cursor: str | None, size: int = PAGE) -> Page[SupportWindow]:
    """One page of all others, newest first: the clock decides, whether or not a job has run."""
    found = SupportWindow.objects.in_org(org).exclude(closed_at=None, until__gt=timezone.now())
    return keyset_page(found, order=("-opened_at", "-id"), cursor=cursor, size=size)


def case_list(org: UUID, *, cursor: str | None, size: int = PAGE) -> Page[SupportCase]:
    """One page of cases, what was touched last at the top."""
    found = SupportCase.objects.in_org(org)
    return keyset_page(found, order=("-changed_at", "-id"), cursor=cursor, size=size)


@dataclass(frozen=True, slots=True)
class Over:
    """A window whose time is up, somewhere."""

    organization: UUID
    window: UUID


def windows_over() -> Iterable[Over]:
    """Across the organizations, by their narrow path: for the job that clears them away."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM support_windows_over(%s)", [timezone.now()])
        return [Over(*row) for row in cursor.fetchall()]
