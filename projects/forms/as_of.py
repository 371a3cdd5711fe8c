"""What is asked of the past: when, about whom or what, and which permission. Parsing only."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from config.roles import Permission, Scope
from orgs.queries.members import LONGEST_SEARCH
from projects.forms.explain import LONGEST_CURSOR, Question, text

_WRITTEN = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class AsOf:
    """As the address asks it; `at` is None for the present, and for what cannot be read."""

    at: datetime.datetime | None
    written: str
    misread: bool
    member: UUID | None
    permission: Permission | None
    scope: Scope | None
    place: UUID | None
    search: str
    cursor: str

    @classmethod
    def read(cls, asked: Mapping[str, Any]) -> AsOf:
        """Raises NotUnderstoodError for ids and permissions that cannot exist."""
        question = Question.read(asked)
        written = text(asked, "at", 40)
        at = moment_written(written)
        return cls(
            at=at,
            written=written if at else "",
            misread=bool(written) and at is None,
            member=question.member,
            permission=question.permission,
            scope=question.scope,
            place=question.place,
            search=text(asked, "q", LONGEST_SEARCH),
            cursor=text(asked, "page", LONGEST_CURSOR),
        )


def moment_written(said: str) -> datetime.datetime | None:
    """A local date or minute, and of either its end: the whole of it counts. None for no moment."""
    match = _WRITTEN.fullmatch(said)
    if match is None:
        return None
    day, hour, minute, second = match.groups()
    last = f"{hour or '23'}:{minute or '59'}:{second or '59'}.999999"
    try:
        moment = datetime.datetime.fromisoformat(f"{day}T{last}")
    except ValueError:
        return None
    # A day more or less must still be a date, in any time zone.
    if not 1900 <= moment.year <= 9998:
        return None
    return moment.replace(tzinfo=timezone.get_current_timezone())
