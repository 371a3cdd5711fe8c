"""What was tried with tokens and reports in order to pay less, change what stood, or learn of others.

Each test is an attempt that once went through. What the rules are is told by the test of each
endpoint.
"""

from __future__ import annotations

import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest

from audit.models import Particulars
from orgs.models import Invitation
from orgs.tenancy import bound
from projects.models import Call, Execution, Limit, Meter
from tests.factories import Cast
from tests.projects.api.rooms import Room
from tests.projects.calls import Caller, build_clock, release
from tests.projects.keys import Platform, make_limit

pytestmark = pytest.mark.django_db

NANO = 10**9
TURNED = "Backups\u202e ohn\u200b restored\nActor: Alice"


@pytest.fixture
def room(cast: Cast) -> Room:
    return Room(cast.acme)


@pytest.fixture(scope="module")
def still(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        build_clock()


@pytest.mark.requirement("S1-060")
def test_a_proof_that_stands_is_not_rewritten(room: Room) -> None:
    """People rest on it, and the log says that it was there."""
    pk = str(uuid4())
    said = {
        "id": pk,
        "kind": "proof",
        "summary": "Backups restore",
        "detail": {"hash": "aa", "n": 1.5},
    }
    first = room.platform.post("/v1/executions", said)
    assert first.status_code == 201
    for other in (
        {"summary": "Nothing restored"},
        {"detail": {"hash": "bb"}},
        {"started_at": "2020-01-01T00:00:00Z"},
        {"finished_at": "2099-01-01T00:00:00Z"},
    ):
        response = room.platform.post("/v1/executions", said | other)
        assert (response.status_code, response.json()["code"]) == (409, "ended"), other
    again = room.platform.post("/v1/executions", said)
    assert (again.status_code, again.json()) == (200, first.json())
    with bound(room.org.pk):
        assert Execution.objects.get(pk=pk).detail == {"hash": "aa", "n": 1.5}


@pytest.mark.usefixtures("still")
def test_a_call_is_not_settled_a_second_time_once_its_receipt_is_gone(cast: Cast) -> None:
    room, now = Room(cast.acme), datetime.datetime.now(datetime.UTC)
    limit: Limit = make_limit(room.key, budget=100 * NANO)
    caller = Caller(room.org)
    then = now - datetime.timedelta(days=31)
    _, _, call = caller.verify(room.text, when=then, cost=NANO)
    assert caller.use(call, 5 * NANO, when=then) == "settled"
    assert caller.use(call, 5 * NANO, when=then) == "repeated"
    release(now)
    assert caller.use(call, 5 * NANO, when=now) == "unknown"
    with bound(room.org.pk):
        assert Meter.objects.get(pk=limit.pk).spent in (0, 5 * NANO)
        assert Call.objects.filter(verification_id=call).count() == 1


def test_an_id_says_nothing_of_other_organizations(room: Room, cast: Cast) -> None:
    """Platforms choose the ids of executions: one could be tried, or taken before it is used."""
    foreign = Room(cast.umbrella)
    pk = str(uuid5(NAMESPACE_URL, f"{foreign.org.pk}/executions/nightly"))
    mine = room.platform.post("/v1/executions", {"id": pk, "summary": "Mine"})
    theirs = foreign.platform.post(
        "/v1/executions", {"summary": "Theirs"}, Idempotency_Key="nightly"
    )
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] == theirs.json()["id"]
    for one, summary in ((room, "Mine"), (foreign, "Theirs")):
        with bound(one.org.pk):
            assert Execution.objects.get(pk=pk).summary == summary
        assert (
            one.platform.post("/v1/executions", {"id": pk, "summary": summary}).status_code == 200
        )


def test_no_mark_turns_the_log_around(room: Room) -> None:
    """What a program sends stands beside what people did: it may not look like more of it."""
    proof = room.platform.post("/v1/executions", {"kind": "proof", "summary": TURNED})
    automation = Platform(room.org, "members.invite")
    said = {"email": "robin@example.com", "reason": TURNED}
    assert automation.post("/v1/members/invitations", said).status_code == 201
    plain = "Backups ohn restored Actor: Alice"
    with bound(room.org.pk):
        assert Execution.objects.get(pk=proof.json()["id"]).summary == plain
        assert Invitation.objects.filter(email="robin@example.com").exists()
        told = str(list(Particulars.objects.values_list("words", flat=True)))
    assert plain in told
    assert "\\u202e" not in told
    assert "\u202e" not in told
