"""A plan in lines of text, for a terminal: how much comes, changes and goes, noun by noun.

What a page shows of it is in `orgs/queries/roster_page.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orgs.roster.plan import Kind, Plan

COLUMNS: tuple[tuple[str, tuple[tuple[Kind, ...], ...]], ...] = (
    ("people", ((Kind.PERSON_ADD,), (Kind.PERSON_CHANGE_ROLE,), (Kind.PERSON_REMOVE,))),
    ("groups", ((Kind.GROUP_ADD,), (Kind.GROUP_RENAME, Kind.GROUP_CHANGE), (Kind.GROUP_REMOVE,))),
    ("places in groups", ((Kind.SEAT_ADD,), (Kind.SEAT_CHANGE,), (Kind.SEAT_REMOVE,))),
    ("projects", ((Kind.PROJECT_ADD,), (Kind.PROJECT_CHANGE,), ())),
    ("shares", ((Kind.SHARE_ADD,), (Kind.SHARE_CHANGE,), (Kind.SHARE_REMOVE,))),
)


def table(rows: Sequence[tuple[str, bool, Plan]]) -> Iterator[str]:
    """The heads, a line for each address (is it new?) with its plan, and the sums of several."""
    width = max(len(slug) for slug, _, _ in rows)
    heads = "".join(f"{noun:>18}" for noun, _ in COLUMNS)
    yield f"{'':{width}}     {heads}"
    for slug, is_new, plan in rows:
        yield f"{slug:{width}}  {'new' if is_new else '':3}{_cells([plan])}"
    if len(rows) > 1:
        yield f"{'':{width}}     {_cells([plan for _, _, plan in rows])}"


def _cells(plans: Sequence[Plan]) -> str:
    """How much comes (+), changes (~) and goes (−), a column for each noun."""
    cells = ""
    for _, kinds in COLUMNS:
        sums = (sum(plan.counts[kind] for plan in plans for kind in some) for some in kinds)
        parts = [f"{sign}{number:,}" for sign, number in zip("+~−", sums, strict=True) if number]
        cells += f"{' '.join(parts) or '=':>18}"
    return cells


def bar(done: int, total: int) -> str:
    filled = 30 * done // total
    return f"{'█' * filled}{'░' * (30 - filled)}  {done:,} of {total:,}"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """A file may hold anything; a terminal obeys some of it."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
