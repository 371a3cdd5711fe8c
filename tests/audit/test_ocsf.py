"""Every event of the catalogue is one of the published schema, in each outcome and with any names.

The table below says what that schema (release 1.5.0) requires of the classes in use.
"""

from __future__ import annotations

import datetime
import json
import random
import uuid
from typing import Any

import pytest

from audit.entries import Entry
from audit.events import Event
from audit.exports.ocsf import event_of
from audit.exports.ocsf_classes import VERSION
from audit.exports.reading import Row
from audit.models import Outcome
from tests.audit.exported import HOSTILE

BASE = {
    *("activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id", "metadata"),
}
ALLOWED = BASE | {
    *("activity_name", "category_name", "class_name", "type_name", "message", "severity"),
    *("status", "status_id", "status_code", "status_detail", "actor", "src_endpoint"),
    *("http_request", "raw_data", "unmapped"),
}
# Class: its name, its category, what else it requires, what else it allows, its activities.
CLASSES: dict[int, tuple[str, int, set[str], set[str], set[int]]] = {
    3001: ("Account Change", 3, {"user"}, set(), {*range(13), 99}),
    3002: ("Authentication", 3, {"user", "service"}, set(), {*range(7), 99}),
    3004: ("Entity Management", 3, {"entity"}, set(), {*range(14), 99}),
    3005: ("User Access Management", 3, {"user", "privileges"}, {"resources"}, {0, 1, 2, 99}),
    3006: ("Group Management", 3, {"group"}, {"user", "privileges"}, {*range(7), 99}),
    6003: ("API Activity", 6, {"actor", "api", "src_endpoint"}, {"resources"}, {*range(5), 99}),
}
NAMED = ("user", "group", "entity", "service")
ADDRESSES = ("203.0.113.9", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%eth0", "nonsense", "", None)
KINDS = ("member", "account", "group", "project", "key", "permission", "page", "session", "")
ACTORS = ("member", "person", "system", "command", "service", "anonymous", "of another version")


def entry(event: Event | None, outcome: Outcome, chance: random.Random, *, erased: bool) -> Row:
    fields = event.fields if event and outcome is Outcome.DONE else ()
    changes = {one.name: [_value(chance), _value(chance)] for one in fields}
    personal = {one.name for one in fields if one.personal}
    words = {
        "actor": chance.choice(HOSTILE),
        "target": chance.choice((*HOSTILE, "")),
        "ip": chance.choice(ADDRESSES),
        "agent": chance.choice(HOSTILE),
        "changes": {name: pair for name, pair in changes.items() if name in personal},
    }
    facts = {
        "reason": chance.choice((*HOSTILE, "")),
        "request": chance.choice(("", "0193f00d")),
        "changes": {name: pair for name, pair in changes.items() if name not in personal},
    }
    read = Entry(
        organization_id=uuid.uuid4(),
        sequence=chance.randint(1, 2**31),
        at=datetime.datetime(2026, 11, 22, 13, 58, 7, 123456, tzinfo=datetime.UTC),
        actor_kind=chance.choice(ACTORS),
        actor_id=chance.choice((None, uuid.uuid4())),
        action=event.value if event else "something.new_happened",
        target_kind=chance.choice(KINDS),
        target_id=chance.choice((None, uuid.uuid4())),
        outcome=outcome,
        body=json.dumps(facts),
        hash=b"\x01" * 32,
        facts=facts,
        words=None if erased else words,
    )
    return Row(read, b"\x02" * 16, None if erased else json.dumps(words), ())


def _value(chance: random.Random) -> Any:
    return chance.choice((None, "", 7, True, ["a", "b"], {"a": 1}, *HOSTILE))


@pytest.mark.parametrize("event", [*Event, None], ids=lambda event: event.value if event else "new")
def test_every_event_is_one_of_the_schema(event: Event | None) -> None:
    chance = random.Random(event.value if event else "new")
    for outcome in Outcome:
        for n in range(20):
            check(
                json.loads(json.dumps(event_of(entry(event, outcome, chance, erased=n % 4 == 0))))
            )


def check(said: dict[str, Any]) -> None:
    name, category, needed, more, activities = CLASSES[said["class_uid"]]
    assert BASE | needed <= set(said) <= ALLOWED | needed | more
    assert said["activity_id"] in activities
    assert said["type_uid"] == said["class_uid"] * 100 + said["activity_id"]
    assert (said["class_name"], said["category_uid"]) == (name, category)
    assert said["severity_id"] in {1, 2, 3, 5}
    assert said["status_id"] in {1, 2}
    assert type(said["time"]) is int
    assert said["time"] == 1795355887123
    assert said["metadata"]["version"] == VERSION == "1.5.0"
    assert {"product", "version"} <= set(said["metadata"])
    assert said["metadata"]["product"]["vendor_name"]
    # Who acts belongs to a profile in the classes of identity, and to the class itself of a call.
    assert said["metadata"].get("profiles", []) == (["host"] if category == 3 else [])
    assert {"user", "app_name", "app_uid"} & set(said["actor"])
    for one in NAMED:
        if one in said:
            assert {"name", "uid"} & set(said[one])
    if "src_endpoint" in said:
        assert said["src_endpoint"].get("ip", "203.0.113.9") in ADDRESSES[:3]
    assert all(isinstance(one, str) for one in said.get("privileges", []))
    assert "null" not in json.dumps(
        {k: v for k, v in said.items() if k not in ("unmapped", "raw_data")}
    )


def test_events_are_of_the_class_that_they_look_like() -> None:
    chance = random.Random(1)
    found = {
        event: event_of(entry(event, Outcome.DONE, chance, erased=False))["class_uid"]
        for event in (Event.SESSION_STARTED, Event.ACCOUNT_FACTOR_ADDED, Event.AUDIT_EXPORTED)
    }
    assert list(found.values()) == [3002, 3001, 6003]
