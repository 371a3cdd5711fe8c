"""One organization as the machine of keys lives in it: its rows, which are as the oracle says.

Its people, places and grants live as in access_life.py.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db.models import Count, Sum
from hypothesis import strategies as st

from audit.models import Event
from orgs.keys import active_keys
from orgs.tenancy import bound
from projects.keys import digest
from projects.models import Call, Key, KeySecret, Limit, Meter, Reservation
from projects.queries.keys import live_keys
from tests.projects.access_oracle import LATER, NEVER, PAST
from tests.projects.key_machine_clock import CLOCK
from tests.projects.key_machine_facts import (
    Held,
    KeyFacts,
    Secret,
    window_start,
)
from tests.projects.key_machine_oracle import KeyOracle
from tests.projects.keys import Platform
from tests.projects.test_access_machine import OrganizationLife

MOVABLE = datetime.timedelta(days=28)
ENTRIES = ("key.", "limit.", "service_account.")


class KeyRows(OrganizationLife):
    """Who has which keys, beside who may do what."""

    book: KeyOracle

    def begin(self) -> None:
        CLOCK.set(CLOCK.first)
        super().begin()
        self.book = KeyOracle(self.oracle)
        self.platform = Platform(self.org, "decide", "record")
        self.dates = {
            PAST: CLOCK.first - datetime.timedelta(days=1),
            LATER: CLOCK.first + datetime.timedelta(days=30),
            NEVER: None,
        }
        self.rows: dict[UUID, Held] = {}
        self.probe = 0

    # What is tried elsewhere, and changes nothing here

    def access_request(self, data: st.DataObject) -> None: ...
    def answer(self, data: st.DataObject) -> None: ...
    def reach_across(self, data: st.DataObject) -> None: ...
    def group_role_undo(self, data: st.DataObject) -> None: ...
    def organization_policy(self, data: st.DataObject) -> None: ...
    def project_move(self, data: st.DataObject) -> None: ...
    def workspace_create(self, data: st.DataObject) -> None: ...
    def workspace_delete(self, data: st.DataObject) -> None: ...
    def resource_delete(self, data: st.DataObject) -> None: ...
    def group_member_change(self, data: st.DataObject) -> None: ...

    # What ends with somebody or something

    def gone(self, who: int) -> None:
        super().gone(who)
        book = self.book
        leaver = book.maker(who)
        for key in book.keys.values():
            if key.maker == leaver:
                book.entries["key.revoked"] += key.live
                key.maker, key.revoked = None, True
        book.joined[who] += 1
        self.forget_what_ended()

    def forget_what_ended(self) -> None:
        """A limit goes with its subject; a key stays without its cost centre."""
        book, groups = self.book, self.oracle.groups
        for key in book.keys.values():
            key.group = key.group if key.group in groups else None
        there = {
            "group": lambda one: one in groups,
            "creator": book.is_here,
        }
        book.limits = {
            (layer, subject): held
            for (layer, subject), held in book.limits.items()
            if layer not in there or there[layer](subject)
        }

    # Its rows

    @contextmanager
    def inside(self) -> Iterator[None]:
        with bound(self.org.pk):
            yield

    def key_row(self, number: int) -> Key:
        rows = Key.objects.in_org(self.org).select_related("project__workspace", "creator")
        return rows.select_related("account", "cost_centre", "project").get(
            pk=self.keys["key", number]
        )

    def add_secret(self, key: KeyFacts, text: str) -> None:
        row = KeySecret.objects.in_org(self.org).get(digest=digest(text))
        key.secrets.append(Secret(text, row.pk, CLOCK.at))

    def some_key(self, data: st.DataObject, *, live: bool = False) -> int | None:
        """Mostly one that works."""
        keys = self.book.keys
        working = [number for number, key in keys.items() if key.live]
        choices = working if live else [*keys, *working, *working]
        return data.draw(st.sampled_from(choices), "key") if choices else None

    # What must hold of them

    def meters_agree(self) -> None:
        with self.inside():
            self.meters_are_those_of_the_oracle()
            self.log_and_ledger_are_those_of_the_oracle()

    def keys_are_those_of_the_oracle(self) -> None:
        book, person = self.book, {one.pk: who for who, one in enumerate(self.people)}
        found = {
            row.pk: (
                row.kind,
                row.project_id,
                person[row.creator.person_id] if row.creator else None,
                row.account_id,
                row.cost_centre_id,
                (row.executes, row.chats),
                row.expires_at,
                row.revoked_at is not None,
            )
            for row in Key.objects.in_org(self.org).select_related("creator")
        }
        assert found == {
            self.keys["key", number]: (
                key.kind,
                self._pk("project", key.project),
                key.maker[0] if key.maker else None,
                self._pk("account", key.account),
                None if key.group is None else self.groups[key.group],
                (key.executes, key.chats),
                key.expires,
                key.revoked,
            )
            for number, key in book.keys.items()
        }
        assert all(key.revoked or key.maker or key.account for key in book.keys.values())
        counted = {number for number, key in book.keys.items() if book.is_counted(key)}
        assert active_keys(self.org.pk) == len(counted)
        ids = live_keys(self.org.pk).values_list("pk", flat=True)
        assert set(ids) == {self.keys["key", number] for number in counted}

    def _pk(self, scope: str, number: int | None) -> UUID | None:
        return None if number is None else self.keys[scope, number]

    def meters_are_those_of_the_oracle(self) -> None:
        """What is spent is what the log of the window says, and what is set aside is held."""
        book = self.book
        limits = {row.pk: row for row in Limit.objects.in_org(self.org)}
        assert set(limits) == {pk for pk, held in self.rows.items() if held in book.limits.values()}
        for meter in Meter.objects.in_org(self.org.pk):
            held = self.rows[meter.pk]
            said, row = held.said, limits[meter.pk]
            assert (row.layer, row.budget, row.rpm) == (held.layer, said["budget"], said["rpm"])
            since = window_start(said["window"], CLOCK.at, said["zone"])
            if said["budget"] is not None:
                spent = meter.spent if meter.window_at >= since else 0
                assert spent == book.spent(held), (held, meter.__dict__)
            assert meter.reserved == book.reserved(held), (held, meter.__dict__)
            minute = CLOCK.at.replace(second=0)
            assert (meter.minute_count if meter.minute == minute else 0) == held.used, held
        aside = [call for call in book.calls.values() if call.aside and not call.released]
        rows = Reservation.objects.in_org(self.org.pk)
        assert sorted(row.amount for row in rows) == sorted(call.estimate for call in aside)

    def log_and_ledger_are_those_of_the_oracle(self) -> None:
        calls = Call.objects.in_org(self.org.pk)
        groups = calls.order_by().values_list("endpoint", "allowed", "reason")
        counted = {tuple(row[:3]): row[3] for row in groups.annotate(n=Count("pk"))}
        assert counted == dict(self.book.log)
        spent = calls.aggregate(n=Sum("cost"))["n"] or 0
        assert spent == sum(one.cost for one in self.book.used)
        events = Event.objects.filter(organization_id=self.org.pk).order_by()
        rows = events.values_list("action").annotate(n=Count("pk"))
        told = {action: n for action, n in rows if action.startswith(ENTRIES)}
        assert told == +self.book.entries
