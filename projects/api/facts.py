"""What is known of a question before it is decided: who asks for whom, and what is held there.

One round trip, `decision_facts`, whatever the number of questions. What follows from the facts is
in `decisions.py`.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from audit.ledger import NOBODY
from config.prepared import prepared_rows_alone
from config.roles import Policy, Role, Scope
from orgs.access import Access, Bound
from projects.api.problems import token_invalid, token_scope
from projects.models import Project, Resource, Workspace

SCOPE = "decide"
# The subjects and resources of the rule book; a member is a user here.
USER, KEY = "user", "key"
SUBJECTS = {"user": USER, "member": USER, "key": KEY}
PLACES = {scope.value: scope for scope in Scope if scope is not Scope.PLATFORM}

_FACTS = "SELECT * FROM decision_facts(%s, %s::text[], %s::text[], %s::text[], %s::text[])"
# No id and no address is longer, and the database has no NUL in a text.
_LONGEST_ID = 320


class Question(NamedTuple):
    """Whom and what it is about, as the sender wrote it."""

    subject_type: str
    subject: str
    place_type: str
    place: str


@dataclass(frozen=True, eq=False)
class Facts:
    """The subject and the place of one question as they are now, if they are."""

    org: Bound
    is_key: bool
    scope: Scope | None
    known: bool
    membership_id: UUID | None
    person_id: UUID | None
    roles: frozenset[Role]
    key_id: UUID | None
    key_ended: str | None
    key_project: UUID | None
    executes: bool
    chats: bool
    account_id: UUID | None
    place_id: UUID | None
    place_state: str | None
    place_kind: str | None
    place_project: UUID | None
    place_published: datetime.datetime | None
    held: frozenset[Role]
    key_waits: bool
    window_ends: datetime.datetime | None

    @cached_property
    def place(self) -> Any:
        """The organization itself, or the row of the place without what no decision reads."""
        if self.scope is Scope.ORGANIZATION:
            return self.org
        return _place(
            self.scope,
            self.org.id,
            self.place_id,
            self.place_state,
            self.place_kind,
            self.place_project,
            self.place_published,
        )

    @cached_property
    def access(self) -> Access:
        """What binding this subject would give, with the roles held on the place already read."""
        held = self.held
        if self.scope is Scope.RESOURCE:
            held = self.place.in_force(held, self.roles)
        return Access(
            organization=self.org,
            roles=self.roles,
            identity=NOBODY,
            membership_id=self.membership_id,
            person_id=self.person_id,
            window_ends=self.window_ends,
            _held={} if self.place_id is None else {self.place_id: held},
        )


def facts_of(token: bytes, questions: Collection[Question]) -> tuple[Bound, list[Facts]]:
    """The token's organization, and the facts in the order asked. Raises ProblemError 401, 403."""
    asked = [
        (SUBJECTS.get(q.subject_type, ""), _text(q.subject), _kind(q.place_type), _text(q.place))
        for q in questions
    ]
    columns = [list(column) for column in zip(*asked, strict=True)] or [[], [], [], []]
    rows = prepared_rows_alone(_FACTS, [token, *columns])
    status = rows[0][0]
    if status == "token":
        raise token_invalid()
    if status == "scope":
        raise token_scope(SCOPE)
    org = _organization(rows[0][1])
    if not asked:
        return org, []
    return org, [_facts(org, one, row) for one, row in zip(asked, rows, strict=True)]


def facts_for(token: bytes, question: Question) -> Facts:
    """As `facts_of`, of one question."""
    return facts_of(token, (question,))[1][0]


def _facts(org: Bound, asked: Sequence[str], row: Sequence[Any]) -> Facts:
    place = row[15]
    return Facts(
        org=org,
        is_key=asked[0] == KEY,
        scope=PLACES[asked[2]] if place is not None else None,
        known=bool(row[3]),
        membership_id=row[4],
        person_id=row[5],
        roles=_roles(tuple(row[7] or ())),
        key_id=row[8],
        key_ended=row[10],
        key_project=row[11],
        executes=bool(row[12]),
        chats=bool(row[13]),
        account_id=row[14],
        place_id=place,
        place_state=row[16],
        place_kind=row[17],
        place_project=row[18],
        place_published=row[19],
        held=_roles(tuple(row[20] or ())),
        key_waits=bool(row[21]),
        window_ends=row[22],
    )


def _kind(said: str) -> str:
    return said if said in PLACES else ""


def _text(said: str) -> str:
    return "" if len(said) > _LONGEST_ID or "\0" in said else said


@lru_cache(maxsize=4096)
def _place(
    scope: Scope,
    organization: UUID,
    place: UUID,
    state: str | None,
    kind: str | None,
    project: UUID | None,
    published: datetime.datetime | None,
) -> Any:
    """Made once for as long as nothing of it changes; nobody writes to it."""
    own: dict[str, Any] = {"id": place, "organization_id": organization}
    if scope is Scope.WORKSPACE:
        return Workspace(**own)
    if scope is Scope.PROJECT:
        return Project(**own, state=state or "")
    resource = Resource(**own, kind=kind or "", published_at=published)
    if project is not None:
        resource.project = Project(**(own | {"id": project}), state=state or "")
    return resource


@lru_cache(maxsize=4096)
def _roles(names: tuple[str, ...]) -> frozenset[Role]:
    return frozenset(map(Role, names))


@lru_cache(maxsize=1024)
def _organization(text: str) -> Bound:
    """Read once for as long as nothing of it changes."""
    said: dict[str, Any] = json.loads(text)
    closes_at = said["closes_at"]
    said["id"] = UUID(said["id"])
    said["closes_at"] = datetime.datetime.fromisoformat(closes_at) if closes_at else None
    said["policies"] = frozenset(map(Policy, said["policies"]))
    said["entitlements"] = frozenset(said["entitlements"])
    return Bound(**said)
