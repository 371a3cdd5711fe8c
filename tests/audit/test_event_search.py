"""Full-text search and fields together: what is found, what is not, and that no page loses any."""

from __future__ import annotations

import uuid
from datetime import UTC
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import ledger, queries
from audit.events import Event
from audit.forms import EventFilterForm
from audit.ledger import Actor, Target
from audit.models import Outcome
from audit.queries import EventFilter, Origin
from audit.queries.words import says, words_in
from orgs.tenancy import bound
from tests.audit.ledgers import PRIYA, change_role, make_chain

pytestmark = pytest.mark.django_db


def found(organization: uuid.UUID, **fields: Any) -> list[int]:
    with bound(organization):
        page = queries.event_list(
            organization=organization, filters=EventFilter(**fields), size=100
        )
    return [entry.sequence for entry in page.rows]


def names(organization: uuid.UUID, actor: str = "Alice Marlow", **fields: Any) -> int:
    return change_role(
        organization, actor=Actor("member", uuid.uuid4(), actor, "203.0.113.9"), **fields
    )


@pytest.mark.requirement("S2-030", "S2-123", "S4-051")
@pytest.mark.parametrize(
    "text",
    [
        "alice",
        "ALICE MARLOW",
        "marlow alice",
        "al priy",
        "role_changed",
        "member.role",
        "Takes over",
        "keys",
        "0193f00d0193f00d",
        "Admin",
        " alice,  (marlow) ",
    ],
)
def test_words_of_names_reasons_values_and_actions_are_found(text: str) -> None:
    chain = make_chain(1)
    assert found(chain, text=text) == [1]


@pytest.mark.parametrize("text", ["bob", "alice bob", "lice", "firefox", "0193f00e", "'", "\\ 'x"])
def test_what_is_not_said_is_not_found(text: str) -> None:
    assert found(make_chain(1), text=text) == [] or not words_in(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Ömer Çelik", "omer celik"),
        ("Omer", "Ömer"),
        ("A\u202eli\u200bce", "alice"),
        ("\x1b[31mAlice\x1b[0m", "alice"),
        ("Alice\nMarlow", "marlow"),
        ("Alice\\nMarlow", "nmarlow"),
        ('"Alice" \\"x', "alice x"),
        ("O'Brien", "o'brien"),
        ("O'Brien", "brien"),
        ("北京办公室", "北京"),
        ("a" * 300, "a" * 300),
        ("alice@acme.example", "acme.example"),
        ("ＡＬＩＣＥ", "alice"),
        ("null", "null"),
    ],
)
def test_hostile_and_foreign_names_are_found_by_what_one_reads(name: str, text: str) -> None:
    chain = uuid.uuid4()
    names(chain, name)
    assert found(chain, text=text) == ([] if text == "null" else [1])


def test_the_words_of_another_organization_are_not_found() -> None:
    mine, theirs = uuid.uuid4(), uuid.uuid4()
    names(mine, "Zanzibar one")
    for _ in range(3):
        names(theirs, "Zanzibar two")
    assert found(mine, text="zanzibar") == [1]
    assert found(mine, text="two") == []
    assert found(theirs, text="zanzibar") == [3, 2, 1]
    with bound(mine):
        # Whoever names another organization still searches the one that is bound.
        page = queries.event_list(organization=theirs, filters=EventFilter(text="zanzibar"))
        assert page.rows == []


@pytest.mark.requirement("S1-055", "S1-056", "S1-057", "S1-058", "S1-059", "S1-060")
@pytest.mark.parametrize(
    ("event", "area"),
    [
        (Event.SESSION_STARTED, "session"),
        (Event.KEY_REVOKED, "key"),
        (Event.REQUEST_MADE, "request"),
        (Event.INVOICE_ISSUED, "invoice"),
        (Event.EXECUTION_RECORDED, "execution"),
    ],
)
def test_an_area_holds_every_action_of_its_noun(event: Event, area: str) -> None:
    chain = make_chain(2)
    change_role(chain, event=event, outcome=Outcome.FAILED)
    change_role(chain, event=event, outcome=Outcome.DENIED)
    assert found(chain, area=area) == [4, 3]
    assert found(chain, area=area, outcome=Outcome.FAILED) == [3]
    assert found(chain, area=area, text="alice", outcome=Outcome.DENIED) == [4]


@pytest.mark.requirement("S1-048", "S1-059")
def test_refused_and_failed_attempts_are_found_by_who_tried() -> None:
    chain = uuid.uuid4()
    names(chain, "Vera Lindqvist", outcome=Outcome.DENIED)
    names(chain, "Vera Lindqvist")
    assert found(chain, text="vera", outcome=Outcome.DENIED) == [1]
    assert found(chain, text="vera", outcome=Outcome.DONE) == [2]


@pytest.mark.requirement("S1-056")
def test_a_key_is_found_whether_it_acted_or_was_acted_on() -> None:
    chain, key = make_chain(1), uuid.uuid4()
    change_role(chain, target=Target("key", key, "Scanners"))
    change_role(chain, actor=Actor("program", key, "Scanners"))
    change_role(chain, actor=Actor("program", key, "Scanners"), target=Target("key", key, "S"))
    assert found(chain, key=key) == [4, 3, 2]
    assert found(chain, key=key, text="priya") == [3]


@pytest.mark.parametrize(
    ("origin", "sequences"),
    [
        (Origin("203.0.113.9"), [1]),
        (Origin("203.0.113.", is_whole=False), [3, 1]),
        (Origin("203.0.113.90"), [3]),
        (Origin("2001:db8:", is_whole=False), [2]),
        (Origin("203.0.113"), []),
    ],
)
def test_addresses_are_found_whole_or_by_how_they_begin(
    origin: Origin, sequences: list[int]
) -> None:
    chain = uuid.uuid4()
    for ip in ("203.0.113.9", "2001:db8::7", "203.0.113.90"):
        change_role(chain, actor=Actor("member", uuid.uuid4(), "Alice", ip))
    assert found(chain, origin=origin) == sequences


def test_a_filter_that_matches_everything_is_a_page_like_any_other() -> None:
    chain = make_chain(120)
    with bound(chain):
        everything = EventFilter(text="alice", area="member", outcome=Outcome.DONE)
        page = queries.event_list(organization=chain, filters=everything)
    assert [entry.sequence for entry in page.rows] == list(range(120, 70, -1))
    assert page.older
    assert page.looked_to is None


def test_an_entry_with_thousands_of_values_is_found_and_hinders_nobody() -> None:
    chain = uuid.uuid4()
    words = [f"value{n}" for n in range(5_000)]
    change_role(chain, changes={"role": (None, words)})
    assert found(chain, text="value7") == [1]


ACTORS = [
    Actor("member", uuid.UUID(int=n), name, f"203.0.113.{n}")
    for n, name in ((1, "Ada Adeyemi"), (2, "Adam Brandt"), (3, "Bela Bauer"))
]
TARGETS = [
    Target("member", uuid.UUID(int=n), name) for n, name in ((2, "Adam Brandt"), (4, "Group Ada"))
]
EVENTS = [Event.MEMBER_ROLE_CHANGED, Event.MEMBER_REMOVED, Event.GROUP_DELETED, Event.AUDIT_READ]

deeds = st.tuples(
    st.sampled_from(ACTORS),
    st.sampled_from(TARGETS),
    st.sampled_from(EVENTS),
    st.sampled_from([Outcome.DENIED, Outcome.FAILED]),
    st.sampled_from(["", "Ticket 7", "Moves to Lyon"]),
)
asked = st.fixed_dictionaries(
    {},
    optional={
        "text": st.sampled_from(["ad", "ada", "ada member", "lyon", "ticket 7", "zzz", "a b"]),
        "actor": st.sampled_from([actor.id for actor in ACTORS]),
        "action": st.sampled_from([event.value for event in EVENTS]),
        "area": st.sampled_from(["member", "group", "key"]),
        "outcome": st.sampled_from(list(Outcome)),
        "target": st.sampled_from([target.id for target in TARGETS]),
        "key": st.just(uuid.UUID(int=2)),
        "origin": st.sampled_from([Origin("203.0.113.1"), Origin("203.0.113.", is_whole=False)]),
    },
)


def fits(entry: Any, fields: dict[str, Any]) -> bool:
    """Asked of an entry as it is read, with nothing of the search."""
    f = EventFilter(**fields)
    return all(
        [
            not f.text or says(entry, f.text),
            not f.actor or entry.actor_id == f.actor,
            not f.action or entry.action == f.action,
            not f.area or entry.action.startswith(f"{f.area}."),
            not f.outcome or entry.outcome is f.outcome,
            not f.target or entry.target_id == f.target,
            not f.key or f.key in (entry.actor_id, entry.target_id),
            not f.origin
            or (
                entry.ip == f.origin.text
                if f.origin.is_whole
                else entry.ip.startswith(f.origin.text)
            ),
        ]
    )


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(deeds, max_size=30), st.lists(asked, min_size=4, max_size=8))
def test_any_filters_find_what_reading_everything_finds_page_by_page(
    deeds: list[Any], several: list[dict[str, Any]]
) -> None:
    chain = uuid.uuid4()
    with bound(chain):
        for actor, target, event, outcome, reason in deeds:
            ledger.record(
                event,
                organization=chain,
                actor=actor,
                target=target,
                outcome=outcome,
                reason=reason,
            )
        everything = queries.recent(chain, 100)
        for fields in several:
            expected = [entry.sequence for entry in everything if fits(entry, fields)]
            filters = EventFilter(**fields)
            down, cursor = [], None
            while True:
                page = queries.event_list(
                    organization=chain, filters=filters, cursor=cursor, size=3
                )
                down += [entry.sequence for entry in page.rows]
                if page.older is None:
                    break
                cursor = page.older
            assert down == expected, fields
            up, cursor = [entry.sequence for entry in page.rows], page.newer
            while cursor is not None:
                page = queries.event_list(
                    organization=chain, filters=filters, cursor=cursor, size=3
                )
                up = [entry.sequence for entry in page.rows] + up
                cursor = page.newer
            assert up == expected, fields
            matching = queries.matching(organization=chain, filters=filters)
            assert sorted(matching.values_list("sequence", flat=True)) == expected[::-1]


def test_a_page_that_ends_at_its_bound_leads_on(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = make_chain(6)
    change_role(chain, target=Target("member", PRIYA.id, "Zanzibar"))
    make = queries.pages.searched

    def bounded(filters: EventFilter, place: Any, most: int) -> Any:
        """As if the database looked at two entries at a time."""
        found = make(filters, place, most)
        at = place.sequence if place.sequence is not None else 8
        reached = max(at - 2, 1)
        kept = [sequence for sequence in found.sequences if reached <= sequence < at]
        return type(found)(kept, reached if reached > 1 else None)

    monkeypatch.setattr(queries.pages, "searched", bounded)
    with bound(chain):
        seen, cursor, turns = [], None, 0
        while True:
            page = queries.event_list(
                organization=chain, filters=EventFilter(text="role"), cursor=cursor
            )
            seen += [entry.sequence for entry in page.rows]
            turns += 1
            if page.older is None:
                break
            assert page.looked_to is not None
            cursor = page.older
    assert (seen, turns) == ([7, 6, 5, 4, 3, 2, 1], 4)


@pytest.mark.parametrize(
    ("since", "until", "first", "last"),
    [
        # The clock goes back at three: half past two comes twice.
        ("2026-10-25T02:30", "2026-10-25T02:30", "00:30:00", "01:31:00"),
        ("2026-10-25T02:00", "2026-10-25T02:59", "00:00:00", "02:00:00"),
        # It goes forward at two: half past two does not come.
        ("2026-03-29T02:30", "2026-03-29T02:30", "00:30:00", "01:31:00"),
        ("2026-06-01T02:30", "2026-06-01T02:30", "00:30:00", "00:31:00"),
    ],
)
def test_an_hour_that_comes_twice_is_within_both_times(
    since: str, until: str, first: str, last: str
) -> None:
    with timezone.override("Europe/Berlin"):
        asked = EventFilterForm({"since": since, "until": until}).asked
    spans = [one and one.astimezone(UTC).strftime("%H:%M:%S") for one in (asked.since, asked.until)]
    assert spans == [first, last]
