"""What each key of the organization is answered, which is what the oracle says.

What people and platforms try is in key_machine_deeds.py, key_machine_accounts.py and
key_machine_calls.py.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import invariant

from config.money import amount_text
from tests.projects.access_oracle import Place
from tests.projects.api.asking import ask
from tests.projects.key_machine_clock import CLOCK
from tests.projects.key_machine_facts import (
    FOREIGN,
    PRICED,
    Answer,
    Asked,
    KeyFacts,
    Secret,
)
from tests.projects.key_machine_rows import KeyRows

PROBES = 1
NANO = 10**9
INSIDE, WHOLE = ["workflows.execute", "agents.chat"], ["tasks.run_commercial", "features.discover"]


class KeyLife(KeyRows):
    """Each key beside what the oracle says of it."""

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
        with self.inside():
            self.keys_are_those_of_the_oracle()
        self.meters_agree()
        self.every_key_is_answered()

    def every_key_is_answered(self) -> None:
        """Each of its secrets, and the key as a subject. Most of what that counts is taken back."""
        for number, key in self.book.keys.items():
            for asked in self.samples(key):
                for secret in key.secrets[-2:]:
                    if self.probe % 3 == 0:
                        self.call(number, secret, asked)
                        continue
                    with transaction.atomic():
                        self.is_answered(number, secret, asked)
                        transaction.set_rollback(True)
                self.is_decided(number, key, asked)
        self.meters_agree()

    def call(self, number: int, secret: Secret, asked: Asked) -> None:
        """One that counts."""
        answer, call = self.is_answered(number, secret, asked)
        self.book.log["/v1/keys/verify", not answer.reason, answer.reason] += 1
        if answer.reason:
            return
        self.book.admit(call, asked, answer)
        secret.used = True
        for limit in answer.limits:
            budget = limit.said["budget"]
            taken = self.book.spent(limit) + self.book.reserved(limit)
            assert budget is None or taken <= budget, limit

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
