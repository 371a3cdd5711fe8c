"""The members page and the log page, small and large, at the start and in the depth."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.db.models import Model

from accounts.models import User
from audit.models import Event
from audit.queries import EventFilter, event_list, first_flaw
from config import keyset
from orgs.models import Membership
from orgs.tenancy import bound
from tests.bench import floor
from tests.bench.seed import Scale
from tests.bench.timing import Line, in_turn, side_by_side
from tests.bench.visitor import Visitor, applications, queries_of

LARGE_MEMBERS, DEEP_LOG = 1.3, 1.2
MOST_QUERIES = 6
VERIFIED = 200_000


@dataclass(frozen=True)
class House:
    """An owner of the fifty, an owner of the large organization, and the floor's bare view."""

    scale: Scale
    fifty: Visitor
    large: Visitor
    bare: Callable[[], bytes]


def house(scale: Scale) -> House:
    served, bare = applications()
    fifty, large = (
        Visitor(served, _owner(organization)) for organization in (scale.fifty, scale.large)
    )
    return House(scale, fifty, large, Visitor(bare).page("/bare/"))


def members(house: House) -> list[Line]:
    small = house.fifty.page("/o/fifty/members/")
    seconds, bare = side_by_side(small, house.bare)
    lines = [
        Line(
            work="Members page",
            size="50 members",
            seconds=seconds,
            floor=bare,
            floor_is=floor.BARE_PAGE,
            most=MOST_QUERIES,
            queries=queries_of(small),
        )
    ]
    middle = _member_in_the_middle(house.scale)
    for work, query in (
        ("Members page, first", ""),
        ("Members page, from the middle", f"page={middle}"),
        ("Members page, one role", "role=member"),
        ("Members page, who cannot sign in", "status=placeholder"),
        ("Members page, newest first", "sort=-joined"),
        ("Members page, search for “an”", "q=an"),
        ("Members page, search for a name", "q=ana+andersen"),
    ):
        page = house.large.page("/o/large/members/", query)
        seconds, base = side_by_side(page, small)
        lines.append(
            Line(
                work=work,
                size=f"{house.scale.members:,} members",
                seconds=seconds,
                floor=base,
                floor_is="the page at 50",
                limit=LARGE_MEMBERS,
                most=MOST_QUERIES,
                queries=queries_of(page),
            )
        )
    return lines


def groups(house: House) -> list[Line]:
    """Nothing is promised of these; they are what else a large organization opens every day."""
    seat = f"/o/large/groups/{_largest_group(house.scale.large)}/"
    lines = []
    for work, path in (("Groups page", "/o/large/groups/"), ("A group of thousands", seat)):
        page = house.large.page(path)
        seconds, bare = side_by_side(page, house.bare)
        size = f"{house.scale.groups:,} groups"
        if path == seat:
            size = f"{house.scale.members // 10:,} people in it"
        lines.append(
            Line(
                work=work,
                size=size,
                seconds=seconds,
                floor=bare,
                floor_is=floor.BARE_PAGE,
                queries=queries_of(page),
            )
        )
    return lines


def log(house: House) -> list[Line]:
    scale = house.scale
    small = house.fifty.page("/o/fifty/audit-log/")
    seconds, bare = side_by_side(small, house.bare)
    lines = [
        Line(
            work="Log page",
            size=f"{scale.short:,} entries",
            seconds=seconds,
            floor=bare,
            floor_is=floor.BARE_PAGE,
            queries=queries_of(small),
        )
    ]
    for work, query in _asked_of_the_log(scale):
        page = house.large.page("/o/large/audit-log/", query)
        seconds, base = side_by_side(page, small)
        lines.append(
            Line(
                work=f"Log page, {work}",
                size=f"{scale.events:,} entries",
                seconds=seconds,
                floor=base,
                floor_is=f"its first page at {scale.short:,}",
                limit=DEEP_LOG,
                queries=queries_of(page),
            )
        )
    return lines


def log_reads(house: House) -> list[Line]:
    """The same without HTTP and templates, which would hide what the database does."""
    scale, lines = house.scale, []
    middle = scale.events // 2
    entry = _entry(scale, middle)
    nothing = EventFilter()
    small = partial(_read, scale.fifty, nothing, None)
    for work, filters, cursor in (
        ("first", nothing, None),
        ("from the middle", nothing, _log_cursor(middle)),
        ("the oldest", nothing, _log_cursor(60)),
        ("one action, middle", EventFilter(action=entry.action), _log_cursor(middle)),
        ("one actor, middle", EventFilter(actor=entry.actor_id), _log_cursor(middle)),
    ):
        seconds, base = side_by_side(partial(_read, scale.large, filters, cursor), small)
        lines.append(
            Line(
                work=f"The rows of a log page, {work}",
                size=f"{scale.events:,} entries",
                seconds=seconds,
                floor=base,
                floor_is=f"its first page at {scale.short:,}",
                limit=DEEP_LOG,
            )
        )
    return [*lines, _verification(scale)]


def _verification(scale: Scale) -> Line:
    count = min(VERIFIED, scale.events)
    after = scale.events - count

    def verify() -> None:
        with bound(scale.large):
            assert first_flaw(scale.large, after=after, up_to=scale.events) is None

    def read() -> None:
        with bound(scale.large):
            rows = Event.objects.filter(organization_id=scale.large, sequence__gt=after)
            assert sum(len(body) for body in rows.values_list("body", flat=True).iterator())

    seconds, base = in_turn(verify, read, rounds=5)
    return Line(
        work="Verifying the chain",
        size=f"{count:,} entries",
        seconds=seconds,
        floor=base,
        floor_is="fetching the same entries",
    )


def _asked_of_the_log(scale: Scale) -> list[tuple[str, str]]:
    middle = scale.events // 2
    entry, page = _entry(scale, middle), f"page={_log_cursor(middle)}"
    since = (entry.at - datetime.timedelta(days=30)).date()
    return [
        ("first", ""),
        ("from the middle", page),
        ("the oldest", f"page={_log_cursor(60)}"),
        ("one action, middle", f"action=member.role_changed&{page}"),
        ("a rare action, middle", f"action=ownership.offered&{page}"),
        ("one busy actor, middle", f"actor={entry.actor_id}&{page}"),
        (
            "one actor and one action, middle",
            f"actor={entry.actor_id}&action={entry.action}&{page}",
        ),
        ("denied attempts, middle", f"outcome=denied&{page}"),
        ("what was done to one person", f"target={entry.target_id}"),
        ("thirty days, long ago", f"since={since}&until={entry.at.date()}"),
    ]


def _read(organization: UUID, filters: EventFilter, cursor: str | None) -> None:
    with bound(organization):
        assert event_list(organization=organization, filters=filters, cursor=cursor).rows


def _owner(organization: UUID) -> User:
    with bound(organization):
        return Membership.objects.in_org(organization).filter(origin="founded").get().person


def _member_in_the_middle(scale: Scale) -> str:
    with bound(scale.large):
        ordered = Membership.objects.in_org(scale.large).order_by("sort_name", "id")
        return _cursor(ordered[scale.members // 2], "sort_name", "id")


def _largest_group(organization: UUID) -> UUID:
    with bound(organization):
        seats = Membership.objects.in_org(organization).filter(origin="founded")
        return seats.get().seats.order_by("id").values_list("group_id", flat=True)[0]


def _entry(scale: Scale, sequence: int) -> Event:
    """The first busy actor's entry from here on; every fourth entry is by anybody."""
    with bound(scale.large):
        return Event.objects.get(
            organization_id=scale.large, sequence=sequence + (sequence % 4 == 0)
        )


def _log_cursor(sequence: int) -> str:
    return _cursor(Event(sequence=sequence), "sequence")


def _cursor(row: Model, *names: str) -> str:
    return keyset._cursor(">", list(names), [row]) or ""
