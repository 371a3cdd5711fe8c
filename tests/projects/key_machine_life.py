"""One organization as the machine of keys lives in it: what is there, and what must hold of it.

Its people, places and grants live as in access_life.py; what is tried with keys is in
key_machine_deeds.py, key_machine_accounts.py and key_machine_calls.py.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Sum
from hypothesis import strategies as st
from hypothesis.stateful import invariant

from audit.models import Event
from config.money import amount_text
from orgs.keys import active_keys
from orgs.tenancy import bound
from projects.keys import digest
from projects.models import Call, Key, KeySecret, Limit, Meter, Reservation
from projects.queries.keys import live_keys
from tests.projects.access_oracle import LATER, NEVER, PAST, Place
from tests.projects.api.asking import ask
from tests.projects.key_machine_clock import CLOCK
from tests.projects.key_machine_oracle import (
    FOREIGN,
    PRICED,
    Answer,
    Asked,
    Held,
    KeyFacts,
    KeyOracle,
    Secret,
    window_start,
)
from tests.projects.keys import Platform
from tests.projects.test_access_machine import OrganizationLife

PROBES = 1
NANO = 10**9
INSIDE, WHOLE = ["workflows.execute", "agents.chat"], ["tasks.run_commercial", "features.discover"]
MOVABLE = datetime.timedelta(days=28)
ENTRIES = ("key.", "limit.", "service_account.")


class KeyLife(OrganizationLife):
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

    # Its questions

    def said(self, asked: Asked) -> dict[str, Any]:
        """As it is sent."""
        foreign = {"project": self.elsewhere[1].pk, "resource": self.elsewhere[2].pk}
        said: dict[str, Any] = {"action": asked.action, "model": asked.model, "task": asked.task}
        for scope, number in (("project", asked.project), ("resource", asked.resource)):
            if number is not None:
                known = number != FOREIGN
                said[scope] = str(self.keys[scope, number] if known else foreign[scope])
        if asked.ip:
            said["ip"] = asked.ip
        if asked.cost is not None:
            said["estimated_cost"] = amount_text(asked.cost)
        if asked.tokens is not None:
            said["input_tokens"] = asked.tokens
        return said

    def is_answered(self, number: int, secret: Secret, asked: Asked) -> tuple[Answer, str]:
        """The answer of the interface is that of the oracle; with the id of the call."""
        key, book = self.book.keys[number], self.book
        response = self.platform.verify(secret.text, **self.said(asked))
        dead = book.no_key(key, secret)
        if dead:
            assert response.status_code == 401, (number, asked, dead, response.content)
            return Answer(dead, "key"), ""
        assert response.status_code == 200, response.content
        said, expected = response.json(), book.verify(number, asked)
        why = (number, key, asked, expected, said)
        assert (said["decision"], said["reason"]) == (not expected.reason, expected.reason), why
        tightest = book.tightest(expected)
        if expected.reason:
            assert (said["layer"], said["reserved"]) == (expected.layer, "0.00"), why
        else:
            assert said["layer"] == (tightest[0] if tightest else ""), why
            assert said["reserved"] == amount_text(expected.reserved), why
        if expected.reason in ("", "budget", "rpm"):
            self.limits_are_those_of_the_oracle(said, expected, tightest)
        return expected, said["id"]

    def limits_are_those_of_the_oracle(
        self, said: dict[str, Any], expected: Answer, tightest: tuple[str, str] | None
    ) -> None:
        assert [one["layer"] for one in said["limits"]] == [one.layer for one in expected.limits]
        added = 0 if expected.reason else 1
        for one, held in zip(said["limits"], expected.limits, strict=True):
            if held.said["budget"] is not None:
                aside = self.book.reserved(held) + added * expected.reserved
                assert one["budget"]["spent"] == amount_text(self.book.spent(held)), held
                assert one["budget"]["reserved"] == amount_text(aside), held
            if held.said["rpm"] is not None:
                assert one["rpm"]["used"] == held.used + added, held
        if expected.reason:
            tightest = (expected.layer, expected.reason)
        if tightest:
            assert (said["binding"]["layer"], said["binding"]["kind"]) == tightest

    def samples(self, key: KeyFacts) -> list[Asked]:
        """Requests of every kind, each another one at each step; most of them sensible."""
        rooms = [*sorted(self.oracle.projects), FOREIGN]
        pieces = [*sorted(self.oracle.resources), FOREIGN]
        found = []
        for _ in range(PROBES):
            self.probe += 1
            n = self.probe
            project = rooms[n // 4 % len(rooms)] if n % 4 == 0 else None
            resource = pieces[n // 6 % len(pieces)] if n % 6 == 0 else None
            found.append(
                Asked(
                    action=self.actions(key, project, resource)[n % 5],
                    project=project,
                    resource=resource,
                    model=["", PRICED, PRICED, "other"][n // 2 % 4],
                    task=["etl", "etl", "report"][n // 3 % 3],
                    ip=["", "10.1.2.3", "192.0.2.9"][n // 5 % 3],
                    cost=[None, 0, NANO // 4, 10**9, 3 * 10**9][n // 7 % 5],
                    tokens=[None, 2000][n // 4 % 2],
                )
            )
        return found

    def actions(self, key: KeyFacts, project: int | None, resource: int | None) -> list[str]:
        """What makes sense there, and something else."""
        whole = (key.project, project, resource) == (None, None, None)
        usual = WHOLE if whole else INSIDE
        return [*usual, *usual, (INSIDE if whole else [*WHOLE, "agents.create"])[-1]]

    # What must hold

    @invariant()
    def it_is_as_the_oracle_says(self) -> None:
        """Of access, only what keys live on; the rest is the other machine's."""
        if not getattr(self, "stale", False):
            return
        self.stale = False
        self.acted = None
        self.forget_what_ended()
        with bound(self.org.pk):
            self.keys_are_those_of_the_oracle()
            self.meters_are_those_of_the_oracle()
            self.log_and_ledger_are_those_of_the_oracle()
        self.every_key_is_answered()

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

    def every_key_is_answered(self) -> None:
        """Each of its secrets, and the key as a subject; whatever that counts is taken back."""
        for number, key in self.book.keys.items():
            for asked in self.samples(key):
                for secret in key.secrets[-2:]:
                    with transaction.atomic():
                        self.is_answered(number, secret, asked)
                        transaction.set_rollback(True)
                self.is_decided(number, key, asked)

    def is_decided(self, number: int, key: KeyFacts, asked: Asked) -> None:
        """The interface that knows no limits says the same of the key's rights."""
        if asked.resource not in (None, FOREIGN):
            place: Place | None = ("resource", asked.resource)
        else:
            place = ("project", asked.project) if asked.project not in (None, FOREIGN) else None
        if place is None:
            return
        said = ask(
            self.platform,
            self.keys["key", number],
            asked.action,
            self.keys[place],
            who_type="key",
            what_type=place[0],
        )
        asked = Asked(asked.action, **{place[0]: place[1]})
        expected = key.live and not self.book.may(key, asked).reason
        assert said["decision"] is expected, (number, key, asked, said)


def endings(*, hours: tuple[int | None, ...]) -> st.SearchStrategy[datetime.datetime | None]:
    """When something ends, so many hours from now; None is never."""
    moments = [None if each is None else datetime.timedelta(hours=each) for each in hours]
    return st.sampled_from(moments).map(lambda each: None if each is None else CLOCK.at + each)
