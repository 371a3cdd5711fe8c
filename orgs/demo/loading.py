"""Writes the demo into the database, over the owner's connection: all of it or nothing.

The wall lets nobody else make organizations that they are not in, and `ledger_write` lets nobody
else say when something was. The chain is built as for any entry, so it verifies like any other.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import connections, models, transaction
from django.utils import timezone
from psycopg import sql

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Change
from audit.models import PLATFORM
from orgs.actions.organizations import organization_delete, target_of
from orgs.demo import further
from orgs.demo.days import Calendar, id_at
from orgs.demo.history import Entry, History
from orgs.demo.neighbours import LARKFIELD, SUPERADMIN, UMBRELLA
from orgs.demo.story import ACME
from orgs.models import Organization
from orgs.tenancy import bound

OWNER = "owner"
STORIES = (ACME, UMBRELLA, LARKFIELD)
DEMO = Actor("command", None, "demo")
_WRITE = (
    "SELECT ledger_write(%s::uuid, %s::timestamptz, %s::text, %s::uuid, %s::text, %s::text,"
    " %s::uuid, %s::text, %s::jsonb, %s::jsonb)"
)

# The story tells what its entries did: the rows that are written at its end tell nothing more.
_TELLS = "SELECT set_config('app.effects_told', 'on', true)"
_EFFECTS = """
    INSERT INTO audit_effect (organization_id, kind, "row", holder, place, text, xact)
    SELECT %s::uuid, e.said ->> 'kind', (e.said ->> 'row')::uuid, (e.said ->> 'holder')::uuid,
           (e.said ->> 'place')::uuid, e.said::text, pg_current_xact_id()
    FROM (
        SELECT t.said::jsonb AS said FROM unnest(%s::text[]) WITH ORDINALITY AS t (said, place)
        ORDER BY t.place
    ) e, set_config('app.effects', 'on', true)
"""

Say = Callable[[str], None]


def is_empty() -> bool:
    """Is there no organization at all? Only the owner sees past every wall."""
    return not Organization.objects.using(OWNER).exists()


def is_there() -> bool:
    """Is one of the demo's addresses in use?"""
    slugs = [story.slug for story in STORIES]
    return Organization.objects.using(OWNER).filter(slug__in=slugs).exists()


def load(*, say: Say, now: datetime.datetime | None = None, suffix: str = "") -> list[History]:
    """Make the three organizations with their year; `suffix` is added to their addresses."""
    calendar = Calendar(now or timezone.now())
    with transaction.atomic(using=OWNER):
        people = _accounts_there_are()
        chapters: dict[History, list[further.Chapter]] = {}
        for story in STORIES:
            named = dataclasses.replace(story, slug=story.slug + suffix)
            history = History(named, calendar=calendar, people=people)
            chapters[history] = further.begin(history)
            history.play()
        _superadmin(people, calendar)
        _write_accounts(people)
        with connections[OWNER].cursor() as cursor:
            cursor.execute(_TELLS)
        for history in chapters:
            _write_organization(history)
            for chapter in chapters[history]:
                for rows in chapter.rows():
                    _insert(rows)
            _write_ledger(history.organization.id, [*history.entries, *_last_effects(history)])
            say(
                f"  {history.organization.name}: {len(history.members)} members, "
                f"{len(history.groups)} groups, {len(history.entries):,} entries in the log"
            )
        _write_ledger(PLATFORM, [_made(history.organization) for history in chapters])
    return list(chapters)


def purge(*, say: Say, suffix: str = "") -> None:
    """Delete the demo's organizations, as the end of their days of grace would; the logs stay."""
    slugs = [story.slug + suffix for story in STORIES]
    for organization in Organization.objects.using(OWNER).filter(slug__in=slugs):
        now = timezone.now()
        with bound(organization.id):
            Organization.objects.filter(id=organization.id).update(
                state=Organization.State.CLOSING, closes_at=now
            )
            organization_delete(organization=organization.id, now=now, actor=DEMO)
        say(f"  {organization.name} is gone")


# Accounts


def _accounts_there_are() -> dict[str, User]:
    """Accounts outlive their organizations; after a reset they are used again."""
    invented = User.objects.using(OWNER).filter(email__endswith=".example")
    return {person.email: person for person in invented}


def _superadmin(people: dict[str, User], calendar: Calendar) -> None:
    name, email = SUPERADMIN
    sam = User(id=id_at(calendar.monday), email=email, date_joined=calendar.monday)
    sam = people.setdefault(email, sam)
    sam.name, sam.is_staff = name, True


def _write_accounts(people: dict[str, User]) -> None:
    """New ones as they are, old ones as they were before visitors played with them."""
    for person in people.values():
        # Nobody knows a password: the demo's doors are the buttons of the sign-in page.
        person.set_unusable_password()
        person.state, person.state_reason, person.is_active = User.State.ACTIVE, "", True
    new = [person for person in people.values() if person._state.adding]
    old = [person for person in people.values() if not person._state.adding]
    User.objects.using(OWNER).bulk_update(
        old, ["name", "password", "state", "state_reason", "is_active", "is_staff"]
    )
    Authenticator.objects.using(OWNER).filter(user__in=old).delete()
    _insert(new)
    EmailAddress.objects.using(OWNER).bulk_create(
        EmailAddress(user_id=person.id, email=person.email, verified=True, primary=True)
        for person in new
    )


# Organizations


def _write_organization(history: History) -> None:
    members = sorted(history.members.values(), key=lambda member: member.joined_at)
    groups = sorted(history.groups.values(), key=lambda group: group.created_at)
    _insert([history.organization])
    # Whoever came first stands first: a later row names its inviter, or the group around it.
    _insert(members)
    _insert(groups)
    _insert(list(history.seats.values()))
    for (_, role), carried in history.carried.items():
        carried.role = role
    _insert(list(history.carried.values()))
    _insert(list(history.invitations.values()))
    _insert(history.offers)
    # It opens once its owner is in: before that the database would refuse.
    made = Organization.objects.using(OWNER).filter(id=history.organization.id)
    made.update(state=Organization.State.OPEN)


def _made(organization: Organization) -> Entry:
    """The platform's own log says what really happened: a command made it, now."""
    changes: dict[str, Change] = {
        "name": (None, organization.name),
        "slug": (None, organization.slug),
        "state": (None, Organization.State.OPEN.value),
    }
    return Entry(timezone.now(), Event.ORGANIZATION_CREATED, DEMO, target_of(organization), changes)


def _write_ledger(chain: UUID, entries: Iterable[Entry]) -> None:
    """In their order; what an entry did to who holds what goes before it, and it claims that."""
    with connections[OWNER].cursor() as cursor:
        for does, run in groupby(entries, key=lambda entry: bool(entry.effects)):
            if not does:
                cursor.executemany(_WRITE, [_row(chain, entry) for entry in run])
                continue
            for entry in run:
                cursor.execute(_EFFECTS, [chain, list(entry.effects)])
                cursor.execute(_WRITE, _row(chain, entry))


def _last_effects(history: History) -> list[Entry]:
    """What no entry of the story has told by its end, in one that states it."""
    effects = history.standing.changes()
    if not effects:
        return []
    actor, target = Actor("system", None, "Bailiwick"), target_of(history.organization)
    at = max(history.calendar.now, history.entries[-1].at)
    return [Entry(at, Event.ACCESS_STATED, actor, target, {}, effects=effects)]


def _row(chain: UUID, entry: Entry) -> list[Any]:
    facts, words = ledger.texts(
        entry.event,
        actor=entry.actor,
        target=entry.target,
        changes=entry.changes,
        reason=entry.reason,
        outcome=entry.outcome,
    )
    return [
        chain,
        entry.at,
        entry.actor.kind,
        entry.actor.id,
        entry.event.value,
        entry.target.kind,
        entry.target.id,
        entry.outcome.value,
        facts,
        words,
    ]


def _insert(rows: Sequence[models.Model]) -> None:
    """Insert rows as they stand; `bulk_create` would put today into `joined_at` and its like."""
    if not rows:
        return
    connection = connections[OWNER]
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not field.generated]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(meta.db_table),
        sql.SQL(", ").join(sql.Identifier(str(field.column)) for field in fields),
        sql.SQL(", ").join([sql.Placeholder()] * len(fields)),
    )
    values = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)
