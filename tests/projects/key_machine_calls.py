"""What a platform does with keys, for their machine: calls, reports, limits, and time that passes."""

from __future__ import annotations

import datetime
import json
from typing import Any
from uuid import uuid4

from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import rule

from config.money import amount_text
from projects.actions.limits import limit_set
from projects.allowance import Allowance
from projects.models import Limit
from projects.views import limits as doors
from tests.projects.key_machine_accounts import AccountDeeds
from tests.projects.key_machine_clock import CLOCK
from tests.projects.key_machine_facts import (
    FOREIGN,
    PRICED,
    Asked,
    Held,
    Subject,
    Used,
    price_of,
)
from tests.projects.key_machine_life import NANO
from tests.projects.key_machine_rows import MOVABLE
from tests.projects.keys import make_limit

NOTHING: dict[str, Any] = {
    **dict.fromkeys(("budget", "rpm", "networks", "tasks", "models", "longest_days")),
    "window": "month",
    "zone": "UTC",
}
TEAMS, MONEY = ("organization", "group", "project"), ("budget", "window", "zone")
costs = st.sampled_from([None, 0, 1, NANO // 4, NANO, 3 * NANO])


allowances = st.fixed_dictionaries(
    {
        "budget": st.sampled_from([None, 0, NANO, 2 * NANO + 1, 5 * NANO, 9 * NANO]),
        "rpm": st.sampled_from([None, None, 1, 3, 5, 9]),
        "networks": st.sampled_from([None] * 12 + [(), ("10.0.0.0/8",), ("127.0.0.0/8",)]),
        "tasks": st.sampled_from([None] * 12 + [(), ("etl",), ("etl", "report")]),
        "models": st.sampled_from([None] * 12 + [(), (PRICED,), (PRICED, "other")]),
        "longest_days": st.none(),
        "window": st.sampled_from(["hour", "day", "week", "month"]),
        "zone": st.sampled_from(["UTC", "Asia/Kathmandu", "America/Bogota"]),
    }
).map(
    lambda said: said if said["budget"] is not None else said | {"window": "month", "zone": "UTC"}
)
minutes = st.sampled_from([1, 1, 16, 60, 24 * 60, 7 * 24 * 60])


class CallDeeds(AccountDeeds):
    """What a key is for, and what that costs."""

    # Limits

    def subjects(self) -> list[tuple[str, Subject]]:
        """Mostly of keys that work."""
        found: list[tuple[str, Subject]] = [("organization", 0), ("plan", 0)]
        found += [("project", one) for one in sorted(self.oracle.projects)]
        found += [("group", one) for one in sorted(self.oracle.groups)]
        found += [("creator", self.book.maker(who)) for who in sorted(self.oracle.members)]
        for number, key in self.book.keys.items():
            named = {"key": number, "creator": key.maker, "project": key.project}
            named["group"] = key.group
            if key.live:
                found += [(layer, one) for layer, one in named.items() if one is not None]
        return found

    def subject_row(self, layer: str, subject: Subject) -> Any:
        return {
            "organization": lambda: self.org,
            "plan": lambda: self.org,
            "project": lambda: self.row(("project", subject)),
            "group": lambda: self.group(subject),
            "creator": lambda: self.member(subject[0]),
            "key": lambda: self.key_row(subject),
        }[layer]()

    @rule(data=st.data(), said=allowances, days=st.sampled_from([None, None, None, 1, 30]))
    def limit_set(self, data: st.DataObject, said: dict[str, Any], days: int | None) -> None:
        """On whatever there is; nothing at all takes it away."""
        layer, subject = data.draw(st.sampled_from(self.subjects()), "subject")
        said = data.draw(st.sampled_from([said, said, said, said, NOTHING]), "says")
        if layer == "organization":
            said = said | {"longest_days": days}
        if layer == "plan":
            self.plan(said)
            return
        by = self.someone(data, "keys.set_policies")
        held = self.book.limits.get((layer, subject))
        before = held.said if held else NOTHING
        same = said == before
        # What a whole team may spend is for Owners; its lists are asked of anew where they change.
        money = layer in TEAMS and any(said[name] != before[name] for name in MONEY)
        unlisted = all(said[name] == before[name] for name in ("tasks", "models"))
        door = doors.key_change_policy if layer == "key" else doors.limit_change
        lives = layer != "key" or self.book.keys[subject].live
        done = self.tries(
            by,
            self.oracle.may(by, "keys.set_policies")
            and (not money or self.oracle.may(by, "billing.manage_budgets"))
            and lives
            and (same or unlisted or layer == "organization" or self.is_approved(said)),
            lambda access: limit_set(
                subject=self.subject_row(layer, subject),
                layer=layer,
                said=Allowance(**said),
                actor=access,
            ),
            view=door,
            place=("key", subject) if layer == "key" else None,
        )
        if done and not same:
            kind = "key.policy_changed" if layer == "key" else "limit.changed"
            self.book.entries[kind] += 1
            self.hold(layer, subject, said)

    limit_set_more = limit_set

    def is_approved(self, said: dict[str, Any]) -> bool:
        """Every list lies within the organization's."""
        whole = self.book.limits.get(("organization", 0))
        book = whole.said if whole else NOTHING
        return all(
            book[name] is None or set(said[name] or ()) <= set(book[name])
            for name in ("tasks", "models")
        )

    def plan(self, said: dict[str, Any]) -> None:
        """What billing would say: once, and never less than nothing."""
        if ("plan", 0) not in self.book.limits and (said["budget"] or said["rpm"]):
            fields = {name: said[name] for name in ("budget", "rpm", "window", "zone")}
            make_limit(self.org, "plan", **fields)
            self.hold("plan", 0, NOTHING | fields)
            self.stale = True

    def hold(self, layer: str, subject: Subject, said: dict[str, Any]) -> None:
        held = self.book.limits.get((layer, subject))
        if said == NOTHING:
            self.book.limits.pop((layer, subject), None)
        elif held is not None:
            held.said = said
        else:
            held = self.book.limits[layer, subject] = Held(layer, subject, said)
            with self.inside():
                self.rows[Limit.objects.in_org(self.org).latest("pk").pk] = held

    # Calls

    @rule(data=st.data(), cost=costs, times=st.integers(1, 4))
    def verify(self, data: st.DataObject, cost: int | None, times: int) -> None:
        number = self.some_key(data)
        if number is None:
            return
        key = self.book.keys[number]
        rooms = [None] * 6 + [*sorted(self.oracle.projects), FOREIGN, key.project, key.project]
        pieces = [None] * 8 + [*sorted(self.oracle.resources), FOREIGN]
        project = data.draw(st.sampled_from(rooms), "project")
        resource = data.draw(st.sampled_from(pieces), "resource")
        actions = self.actions(key, project, resource)
        asked = Asked(
            action=data.draw(st.sampled_from(actions), "action"),
            project=project,
            resource=resource,
            model=data.draw(st.sampled_from([PRICED, PRICED, "other", ""]), "model"),
            task=data.draw(st.sampled_from(["etl", "etl", "report", ""]), "task"),
            ip=data.draw(st.sampled_from(["10.1.2.3", "", "192.0.2.9"]), "ip"),
            cost=cost,
            tokens=data.draw(st.sampled_from([None, 0, 333, 2_000_000]), "tokens"),
        )
        secret = data.draw(st.sampled_from([*key.secrets, *[key.newest] * 3]), "secret")
        for _ in range(times):
            self.call(number, secret, asked)
        self.stale = True

    @rule(data=st.data(), text=st.sampled_from(["", "bw_live_", "bw_live_" + "0" * 48]))
    def verify_no_key(self, data: st.DataObject, text: str) -> None:
        assert self.platform.verify(text).status_code == 401
        self.book.log["/v1/keys/verify", False, "unknown"] += 1
        self.stale = True

    verify_more = verify_still_more = verify

    # Reports

    @rule(data=st.data(), cost=costs, tokens=st.sampled_from([0, 333, 2_000_000]))
    def report(self, data: st.DataObject, cost: int | None, tokens: int) -> None:
        """The first one of a call counts, once."""
        for _ in range(data.draw(st.integers(1, 4), "reports")):
            self.report_one(data, cost, tokens)
        self.stale = True

    def report_one(self, data: st.DataObject, cost: int | None, tokens: int) -> None:
        calls = list(self.book.calls)
        call = data.draw(st.sampled_from([*calls[-10:], *calls[-4:], ""]), "call")
        said: dict[str, Any] = {"verification": call or str(uuid4())}
        model = data.draw(st.sampled_from(["", "", PRICED, "other"]), "model")
        said |= {"model": model} if model else {}
        said |= {"input_tokens": tokens} if cost is None else {"cost": amount_text(cost)}
        name = data.draw(st.sampled_from(["", "", "r1", "r2"]), "name")
        for _ in range(data.draw(st.sampled_from([1, 1, 2]), "times")):
            self.send(call, said, name, cost, tokens)

    def send(
        self, call: str, said: dict[str, Any], name: str, cost: int | None, tokens: int
    ) -> None:
        headers = {"Idempotency_Key": name} if name else {}
        response = self.platform.post("/v1/usage", said, **headers)
        verified = self.book.calls.get(call)
        model = said.get("model") or (verified.model if verified else "")
        amount = cost if cost is not None else price_of(model, tokens)
        expected, code = self.settled(call, f"{name}\n{json.dumps(said)}".encode(), name, amount)
        assert response.status_code == expected, (said, name, expected, response.content)
        if expected != 200:
            assert response.json()["code"] == code, (said, name, response.content)
            return
        assert response.headers.get("Idempotent-Replayed") == (None if code else "true")
        if code and verified and amount is not None:
            assert response.json()["cost"] == amount_text(amount)
            verified.released = True
            self.book.used.append(Used(CLOCK.at, amount, verified.subjects))
            self.book.log["/v1/usage", True, ""] += 1
        self.stale = True

    report_more = report

    def settled(self, call: str, body: bytes, name: str, amount: int | None) -> tuple[int, str]:
        """The status, and the code; a report that counts is `new`, one that did before has none."""
        receipts, own = self.book.receipts, f"verification {call}"
        if call not in self.book.calls:
            return 404, "verification_unknown"
        if name and name in receipts:
            again = receipts[name] == body
            return (200, "") if again else (422, "idempotency_key_used")
        if own in receipts:
            return (200, "") if receipts[own] == body else (409, "settled_before")
        if amount is None:
            return 422, "no_price"
        receipts |= {own: body} | ({name: body} if name else {})
        return 200, "new"

    # Time

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT reservations_release(1000000)")
        for call in self.book.calls.values():
            call.released = call.released or call.until <= CLOCK.at
        self.stale = True

    @rule(by=minutes)
    def time_passes(self, by: int) -> None:
        later = CLOCK.at + datetime.timedelta(minutes=by)
        if later - CLOCK.first < MOVABLE:
            CLOCK.set(later)
            self.stale = True
