"""Many write, several send, somebody pauses, one dies: the log arrives whole and in order."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.db import connection, transaction

from audit.queries import newest_sequence
from orgs import deliveries
from orgs.access import Access
from orgs.actions import webhooks as actions
from orgs.deliveries import deliver_due
from orgs.models import Webhook
from orgs.tenancy import bind_member, bound
from tests.factories import TEST, make_organization, make_person
from tests.orgs.webhooks import SAID, now_of, sequences, visit, write
from tests.races import together
from tests.receivers import Receiver

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed")]


@pytest.fixture(autouse=True)
def _near(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True


class House:
    """An organization of its own, with webhooks that end with the test."""

    def __init__(self) -> None:
        self.owner = make_person()
        self.organization = make_organization(self.owner, "Stream")
        self.made: list[Webhook] = []

    def as_owner(self, deed: Any) -> Any:
        with transaction.atomic():
            access = bind_member(self.organization.slug, self.owner.pk, identity=TEST)
            assert access
            return deed(access)

    def webhook(self, url: str, name: str = "Collector") -> Webhook:
        def make(access: Access) -> Webhook:
            said = SAID | {"url": url, "name": name}
            return actions.webhook_create(said=said, whole_log=False, actor=access)[0]

        self.made.append(self.as_owner(make))
        return self.made[-1]

    def newest(self) -> int:
        with bound(self.organization.id):
            return newest_sequence(self.organization.id)

    def clear(self) -> None:
        for webhook in self.made:
            self.as_owner(
                lambda access, one=webhook: actions.webhook_delete(webhook=one, actor=access)
            )


@pytest.fixture
def house(committed: None) -> Any:
    made = House()
    yield made
    made.clear()


def caught_up(house: House, webhook: Webhook, *, within: float = 30) -> None:
    until = time.monotonic() + within
    while now_of(webhook).position < house.newest() and time.monotonic() < until:
        deliver_due()
    assert now_of(webhook).position >= house.newest()


def test_paused_and_resumed_under_writers_nothing_is_lost_or_turned_round(house: House) -> None:
    with Receiver() as receiver:
        webhook = house.webhook(receiver.url)
        organization = house.organization.id
        done = threading.Event()

        def writer() -> None:
            for _ in range(40):
                write(organization)

        def switcher() -> None:
            for _ in range(6):
                house.as_owner(lambda access: actions.webhook_pause(webhook=webhook, actor=access))
                time.sleep(0.03)
                house.as_owner(lambda access: actions.webhook_resume(webhook=webhook, actor=access))
                time.sleep(0.03)

        def sender() -> None:
            while not done.is_set():
                visit(webhook)
                time.sleep(0.01)

        def deeds() -> None:
            try:
                found = together(writer, writer, writer, switcher)
                assert found == [None] * 4, found
            finally:
                done.set()

        found = together(deeds, sender)
        assert found == [None, None], found
        caught_up(house, webhook)
        assert sequences(receiver) == list(range(webhook.position + 1, house.newest() + 1))


def test_two_workers_never_send_at_once(house: House) -> None:
    under_way: list[int] = []
    most: list[int] = []

    def slow(got: Any) -> int:
        under_way.append(1)
        most.append(len(under_way))
        time.sleep(0.01)
        under_way.pop()
        return 200

    with Receiver(then=slow) as receiver:
        webhook = house.webhook(receiver.url)
        write(house.organization.id, 40)
        visits = together(*[lambda: any(visit(webhook) for _ in range(30))] * 4)
        assert True in visits
        assert all(isinstance(visited, bool) for visited in visits), visits
        caught_up(house, webhook)
        assert max(most) == 1
        assert sequences(receiver) == list(range(webhook.position + 1, house.newest() + 1))


def test_a_slow_receiver_keeps_no_other_waiting(house: House) -> None:
    def slow(got: Any) -> int:
        time.sleep(0.5)
        return 200

    with Receiver(then=slow) as slow_one, Receiver() as quick_one:
        slow_hook = house.webhook(slow_one.url, "Slow")
        quick_hook = house.webhook(quick_one.url, "Quick")
        write(house.organization.id, 30)

        def run() -> None:
            deliver_due()
            connection.close()

        runner = threading.Thread(target=run)
        started = time.monotonic()
        runner.start()
        while now_of(quick_hook).position < house.newest() and time.monotonic() < started + 10:
            time.sleep(0.05)
        assert time.monotonic() - started < 4
        assert now_of(slow_hook).position < house.newest()
        slow_one.then = None
        runner.join()
        caught_up(house, slow_hook)
        first = slow_hook.position + 1
        assert sequences(slow_one) == list(range(first, house.newest() + 1))


def test_what_fails_within_is_logged_and_stops_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver() as receiver:
        broken = house.webhook(receiver.url, "Broken")
        whole = house.webhook(receiver.url, "Whole")
        real = deliveries.deliver

        def deliver(claim: Any) -> None:
            if claim.webhook == broken.pk:
                raise RuntimeError("broken within")
            real(claim)

        monkeypatch.setattr(deliveries, "deliver", deliver)
        caught_up(house, whole)
    assert str(broken.pk) in caplog.text
    assert "whsec_" not in caplog.text
    assert now_of(broken).position == broken.position


def test_no_transaction_is_open_while_it_waits_for_an_answer(house: House) -> None:
    seen: list[Any] = []

    def look(got: Any) -> int:
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND state LIKE 'idle in transaction%%'"
                )
                seen.append(cursor.fetchone()[0])
        finally:
            connection.close()
        return 200

    with Receiver(then=look) as receiver:
        webhook = house.webhook(receiver.url)
        write(house.organization.id, 5)
        caught_up(house, webhook)
    assert set(seen) == {0}
