"""What a change would change: the deed is done, measured and undone, so nothing is foretold.

Who holds what is measured by effective.py, before and after; the words are consequences.py's, and
templates/orgs/_preview.html shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from audit import ledger
from config.roles import Permission
from orgs.access import Access
from orgs.consequences import Change, Line, Told, told
from orgs.effective import Effective, Permissions, Roles, effective_access
from orgs.rules.keeping import RuleBrokenError, keep

# What a form leaves open while it is being filled in, where the deed insists on it.
UNSAID = "Not said yet"


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """Who gains and loses what, or why the deed would be refused."""

    changes: tuple[Change, ...] = ()
    told: Told = field(default_factory=Told)
    refused: str = ""
    code: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.changes

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.told.lines

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.told.warnings

    @property
    def difference(self) -> dict[tuple[UUID, UUID], tuple[Permissions, Permissions]]:
        """The same, flat: (membership, place) to what is gained and what is lost."""
        return {
            (UUID(one.person), UUID(one.spot.id)): (one.gained, one.lost) for one in self.changes
        }


def rehearse(
    access: Access,
    deed: Callable[[], object],
    *,
    people: Iterable[UUID] | None = None,
    places: Iterable[UUID] = (),
) -> Preview:
    """Do it, measure who holds what before and after, and undo it.

    `people` are the memberships that it may touch; None measures everyone, which costs most in a
    large organization. `places` are measured besides those where one of them holds a role: a
    project that moves, say. Nothing remains: no row, no entry in the ledger, no letter.
    """
    who = None if people is None else list(dict.fromkeys(people))
    also = frozenset(map(str, places))
    known = dict(access._held)
    refusal: ValidationError | None = None
    with transaction.atomic():
        before = after = _measure(access, who, also)
        try:
            with ledger.noting(apart=True) as noted:
                deed()
            # As at the end of the real one: what would break a rule is refused.
            keep(noted or {})
        except ValidationError as error:
            refusal = error
        else:
            after = _measure(access, who, also | before.spots.keys() - {before.organization})
        transaction.set_rollback(True)
    # What the deed learnt of a world that has just been undone.
    access._held.clear()
    access._held.update(known)
    if isinstance(refusal, RuleBrokenError):
        return Preview(refused=_told(access, refusal), code="rule")
    if refusal is not None:
        return Preview(refused=" ".join(refusal.messages), code=code_of(refusal))
    changes = tuple(_differences(before, after, also))
    return Preview(changes=changes, told=told(access, changes, before, after, people=who))


def _told(access: Access, refusal: RuleBrokenError) -> str:
    """With the witness's name where this reader may see it."""
    broken = refusal.broken
    named = access.can(Permission.MEMBERS_VIEW)
    witness = broken.told(named=named, own=access.membership_id)
    return f"This would break a rule: {broken.text}. {witness} {broken.mend}"


def code_of(error: ValidationError) -> str:
    """The code of the first refusal in it."""
    if hasattr(error, "error_dict"):
        error = next(iter(error.error_dict.values()))[0]
    return str(error.error_list[0].code or "")


def _measure(access: Access, people: Collection[UUID] | None, places: Iterable[str]) -> Effective:
    return effective_access(
        organization=access.org.id,
        name=access.org.name,
        policies=access.policies,
        people=people,
        places=[UUID(place) for place in places],
    )


def _differences(before: Effective, after: Effective, places: frozenset[str]) -> Iterator[Change]:
    """Many hold and lose the very same: what is found for one pair of roles serves the next."""
    always = dict.fromkeys([before.organization, *places])
    known: dict[tuple[Roles | None, Roles | None], tuple[Permissions, Permissions]] = {}
    # A place that the deed makes or deletes is asked about where it stands at the other time.
    first, last = {**after.spots, **before.spots}, {**before.spots, **after.spots}
    for person in {**before.people, **after.people}:
        held = {**before.people.get(person, {}), **after.people.get(person, {}), **always}
        for place in held:
            if place not in last:
                continue
            spot = last[place]
            pair = before.counting(person, first[place]), after.counting(person, spot)
            if pair[0] == pair[1]:
                continue
            if pair not in known:
                had, has = before.permissions(pair[0]), after.permissions(pair[1])
                known[pair] = has - had, had - has
            gained, lost = known[pair]
            if gained or lost:
                yield Change(person, spot, gained, lost)
