"""Pages that cost the same at any depth: each starts after the last row of the one before."""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest

M = TypeVar("M", bound=Model)
LARGEST_PAGE = 200
# How a value is read that JSON has no type for.
_KINDS: dict[str, Callable[[str], Any]] = {
    "t": datetime.datetime.fromisoformat,
    "d": datetime.date.fromisoformat,
    "u": uuid.UUID,
}


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Rows, and the cursors of the pages on either side; None where there is none."""

    rows: list[M]
    newer: str | None
    older: str | None


def keyset_page(
    queryset: QuerySet[M], *, order: Sequence[str], cursor: str | None, size: int = 50
) -> Page[M]:
    """The page at `cursor` of the queryset in this order; the first one for no or a bad cursor.

    `order` names fields or annotations, all in one direction, the last one unique and none of
    them null. It should be the order of an index. One query, of `size` + 1 rows.
    """
    backwards, after = read_cursor(cursor, len(order))
    size = max(1, min(size, LARGEST_PAGE))
    names = [name.removeprefix("-") for name in order]
    descending = order[0].startswith("-")
    if after is not None:
        try:
            queryset = queryset.filter(_beyond(names, after, below=descending != backwards))
        except (ValueError, TypeError, ValidationError):
            # A cursor of another order: its values are not of these fields.
            backwards, after = False, None
    direction = descending != backwards
    ordering = [F(name).desc() if direction else F(name).asc() for name in names]
    rows = list(queryset.order_by(*ordering)[: size + 1])
    return page_of(rows, names, size=size, backwards=backwards, first=after is None)


def page_of(
    rows: list[Any], names: Sequence[str], *, size: int, backwards: bool, first: bool
) -> Page[Any]:
    """The page that `size` + 1 rows make, as they came: from the far end when read backwards."""
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
        newer = _cursor("<", names, rows[:1]) if more else None
        return Page(rows, newer, _cursor(">", names, rows[-1:]))
    newer = None if first else _cursor("<", names, rows[:1])
    return Page(rows, newer, _cursor(">", names, rows[-1:]) if more else None)


def page_links(request: HttpRequest, page: Page[Any]) -> dict[str, str | None]:
    """`newer_url` and `older_url` for `_pager.html`: this address with the other page's cursor."""
    return {"newer_url": _link(request, page.newer), "older_url": _link(request, page.older)}


def _link(request: HttpRequest, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = request.GET.copy()
    query["page"] = cursor
    return f"{request.path}?{query.urlencode()}"


def capped_count(queryset: QuerySet[Any], *, cap: int = 10_000) -> int:
    """How many rows, counting no further than one past the cap."""
    return queryset.order_by()[: cap + 1].count()


def _beyond(names: list[str], values: list[Any], *, below: bool) -> Q:
    """Past these values in the order: (a, b) < (x, y) as `a <= x and (a < x or b < y)`.

    The redundant first half lets the index start where the page does.
    """
    sign = "lt" if below else "gt"
    condition = Q(**{f"{names[-1]}__{sign}": values[-1]})
    for name, value in list(zip(names, values, strict=True))[-2::-1]:
        condition = Q(**{f"{name}__{sign}e": value}) & (Q(**{f"{name}__{sign}": value}) | condition)
    return condition


def _cursor(direction: str, names: Sequence[str], row: Sequence[Any]) -> str | None:
    if not row:
        return None
    values = [_plain(getattr(row[0], name)) for name in names]
    return base64.urlsafe_b64encode(json.dumps([direction, *values]).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, length: int) -> tuple[bool, list[Any] | None]:
    """Is it a cursor backwards, and the values it stands at."""
    try:
        padded = (cursor or "") + "=" * (-len(cursor or "") % 4)
        direction, *values = json.loads(base64.urlsafe_b64decode(padded))
        if len(values) != length or direction not in ("<", ">"):
            return False, None
        return direction == "<", [_rich(value) for value in values]
    except (ValueError, TypeError, KeyError, binascii.Error, RecursionError):
        return False, None


def _plain(value: Any) -> list[str] | str | int:
    """JSON for a value, with the name of its type."""
    if isinstance(value, datetime.datetime):
        return ["t", value.isoformat()]
    if isinstance(value, datetime.date):
        return ["d", value.isoformat()]
    if isinstance(value, uuid.UUID):
        return ["u", value.hex]
    if isinstance(value, str | int):
        return value
    raise TypeError(f"No page can start at a {type(value).__name__}.")


def _rich(value: Any) -> Any:
    if isinstance(value, list):
        kind, text = value
        return _KINDS[kind](str(text))
    # Half a character cannot be encoded, which is a ValueError too.
    if isinstance(value, str) and b"\x00" in value.encode():
        raise ValueError
    if isinstance(value, str | int):
        return value
    raise ValueError
