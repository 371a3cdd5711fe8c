"""The log arrives: every entry, in order, signed, and once more rather than never."""

from __future__ import annotations

import datetime
import hashlib
import json
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone
from standardwebhooks import WebhookVerificationError

from audit import streaming
from audit.events import Event
from audit.models import Event as Entry
from audit.queries import newest_sequence
from orgs import deliveries
from orgs.actions import webhooks as actions
from orgs.actions.deliveries import (
    KEPT,
    WAITS,
    delivery_claim,
    delivery_move,
    delivery_settle,
    webhooks_due,
)
from orgs.actions.organizations import (
    organization_close,
    organization_delete,
    organization_suspend,
)
from orgs.deliveries import deliver, deliver_due
from orgs.models import Notice, Webhook, WebhookAttempt
from orgs.queries import webhooks as webhooks_read
from orgs.tenancy import bound
from orgs.webhook_messages import Message, headers_of, make_secret
from tests.factories import TEST, Cast, sign_in
from tests.orgs.webhooks import (
    attempts_of,
    let_time_pass,
    make_webhook,
    now_of,
    said,
    sequences,
    verified,
    visit,
    wait_of,
    write,
)
from tests.receivers import Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _near(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True


def newest(cast: Cast) -> int:
    with bound(cast.acme.id):
        return newest_sequence(cast.acme.id)


def test_every_entry_arrives_in_order_signed_and_once(cast: Cast) -> None:
    with Receiver() as receiver:
        webhook, secret = make_webhook(cast.access(cast.alice), receiver.url)
        write(cast.acme.id, 45)
        visit(webhook)
        first = webhook.position + 1
        assert sequences(receiver) == list(range(first, newest(cast) + 1))
        messages = [verified(secret, got) for got in receiver.got]
        assert len({got.headers["webhook-id"] for got in receiver.got}) == len(receiver.got)
        assert receiver.connections == 1
        visit(webhook)
    assert len(receiver.got) == len(messages)
    assert messages[0]["type"] == "webhook.created"
    assert messages[1]["type"] == "audit.read"
    (attempt,) = attempts_of(webhook)
    assert (attempt.first, attempt.last, attempt.messages) == (first, newest(cast), 46)
    assert now_of(webhook).position == newest(cast)
    assert now_of(webhook).lease is None


def test_a_message_holds_what_its_entry_is_proved_with(cast: Cast) -> None:
    with Receiver() as receiver:
        webhook, _ = make_webhook(cast.access(cast.alice), receiver.url)
        visit(webhook)
    message = said(receiver.got[0])
    data = message["data"]
    assert message["timestamp"] == data["at"]
    assert data["sentence"] == "Alice Marlow set up the webhook Collector"
    with bound(cast.acme.id):
        before = Entry.objects.get(sequence=data["sequence"] - 1)
    chained = hashlib.sha256(bytes(before.hash) + data["body"].encode()).hexdigest()
    assert data["hash"] == chained
    assert '"particulars"' in data["body"]
    assert data["words"]
    assert data["salt"]


def test_it_may_begin_with_the_first_entry_of_the_log(cast: Cast) -> None:
    with Receiver() as receiver:
        webhook, _ = make_webhook(cast.access(cast.alice), receiver.url, whole_log=True)
        visit(webhook)
    assert sequences(receiver)[0] == 1
    assert len(receiver.got) == newest(cast)


def test_events_of_ocsf_are_sent_where_they_are_asked_for(cast: Cast) -> None:
    with Receiver() as receiver:
        webhook, secret = make_webhook(cast.access(cast.alice), receiver.url, format="ocsf")
        visit(webhook)
    message = verified(secret, receiver.got[0])
    assert message["type"] == "webhook.created"
    assert message["data"]["class_uid"]
    assert message["data"]["metadata"]["sequence"] == webhook.position + 1


def test_headers_are_named_as_the_standard_writes_them() -> None:
    message = Message("msg_1", b"{}")
    headers = headers_of(message, keys=[make_secret(), make_secret()], at=1795383462)
    assert [name for name in headers if name.startswith("webhook-")] == [
        *("webhook-id", "webhook-timestamp", "webhook-signature")
    ]
    assert [one[:3] for one in headers["webhook-signature"].split(" ")] == ["v1,", "v1,"]


def test_hostile_names_arrive_escaped(cast: Cast) -> None:
    name = "a\u202eb\x1b[2J"
    with Receiver() as receiver:
        webhook, secret = make_webhook(cast.access(cast.alice), receiver.url, name=name)
        visit(webhook)
    body = receiver.got[0].body
    assert body.isascii()
    assert b"\x1b" not in body
    assert b"\n" not in body
    assert verified(secret, receiver.got[0])["data"]["target"]["name"] == name


def test_only_its_areas_are_sent_and_the_others_are_passed_cheaply(
    cast: Cast, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver() as receiver:
        webhook, _ = make_webhook(cast.access(cast.alice), receiver.url, areas=["audit"])
        write(cast.acme.id, 60, Event.SESSION_STARTED)
        write(cast.acme.id, 3)
        write(cast.acme.id, 60, Event.SESSION_STARTED)
        with django_assert_max_num_queries(60):
            visit(webhook)
        assert {said(got)["type"] for got in receiver.got} == {"audit.read"}
        assert len(receiver.got) == 3
        assert now_of(webhook).position == newest(cast)
        assert not any(pk == webhook.pk for _, pk in due())


def due() -> list[Any]:
    return webhooks_due(most=1000)


def test_after_a_rotation_both_secrets_hold_for_a_day(cast: Cast) -> None:
    actor = cast.access(cast.alice)
    with Receiver() as receiver:
        webhook, old = make_webhook(actor, receiver.url)
        webhook, new = actions.webhook_rotate_secret(
            webhook=webhook, seen=webhook.changed_at, actor=actor
        )
        visit(webhook)
        for secret in (old, new):
            assert verified(secret, receiver.got[-1])
        let_time_pass(webhook, hours=25)
        write(cast.acme.id)
        visit(webhook)
        assert verified(new, receiver.got[-1])
        with pytest.raises(WebhookVerificationError):
            verified(old, receiver.got[-1])


@pytest.mark.parametrize("part", ["body", "webhook-id", "webhook-timestamp"])
def test_a_message_that_was_tampered_with_does_not_hold(cast: Cast, part: str) -> None:
    with Receiver() as receiver:
        webhook, secret = make_webhook(cast.access(cast.alice), receiver.url)
        visit(webhook)
    got = receiver.got[0]
    if part == "body":
        got = type(got)(got.headers, got.body.replace(b"Alice", b"Mable"))
    else:
        changed = got.headers[part] + "0" if part == "webhook-id" else "1"
        got = type(got)(got.headers | {part: changed}, got.body)
    with pytest.raises(WebhookVerificationError):
        verified(secret, got)


def test_a_refusal_stops_everything_after_it_and_is_tried_again_in_time(cast: Cast) -> None:
    with Receiver(
        then=lambda got: 500 if said(got)["data"]["sequence"] == stop else 200
    ) as receiver:
        webhook, _ = make_webhook(cast.access(cast.alice), receiver.url)
        write(cast.acme.id, 5)
        stop = webhook.position + 3
        visit(webhook)
        assert sequences(receiver) == [stop - 2, stop - 1, stop]
        found = now_of(webhook)
        assert (found.position, found.failures, found.last_status) == (stop - 1, 1, 500)
        assert found.is_failing
        assert 0 < wait_of(webhook) <= 5
        assert not visit(webhook)
        failed, taken = attempts_of(webhook)
        assert (failed.error, failed.last) == ("It answered 500.", stop)
        assert (taken.messages, taken.error) == (2, "")
        first_id = receiver.got[-1].headers["webhook-id"]
        stop = 0
        let_time_pass(webhook, seconds=5)
        assert visit(webhook)
        assert receiver.got[3].headers["webhook-id"] == first_id
    assert sequences(receiver)[3:] == list(range(webhook.position + 3, newest(cast) + 1))
    found = now_of(webhook)
    assert (found.failures, found.last_error, found.last_status) == (0, "", 200)


def test_it_is_tried_for_three_days_then_disabled_and_nothing_is_lost(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    actor = cast.access(cast.alice)
    with Receiver(status=503) as receiver, django_capture_on_commit_callbacks(execute=True):
        webhook, _ = make_webhook(actor, receiver.url)
        for wait in WAITS:
            assert visit(webhook)
            assert 0.9 * wait - 3 < wait_of(webhook) <= wait
            let_time_pass(webhook, seconds=wait)
        assert now_of(webhook).state == "active"
        assert visit(webhook)
        found = now_of(webhook)
        assert (found.state, found.position) == ("disabled", webhook.position)
        let_time_pass(webhook, days=30)
        assert not visit(webhook)
        tried = len(receiver.got)
        assert tried == len(WAITS) + 1
        receiver.status = 200
        cast.access(cast.alice)
        actions.webhook_resume(webhook=found, actor=actor)
        assert visit(webhook)
        assert sequences(receiver)[tried:] == list(range(webhook.position + 1, newest(cast) + 1))
    assert 3 * 86400 - 6 * 3600 < sum(WAITS) < 3.5 * 86400
    with bound(cast.acme.id):
        entry = Entry.objects.get(action="webhook.disabled")
        (notice,) = Notice.objects.all()
    assert (entry.actor_kind, entry.target_id) == ("system", webhook.pk)
    assert "It answered 503." in entry.body
    assert notice.membership_id == cast.member(cast.alice).pk
    assert "Collector is disabled" in notice.text
    assert str(webhook.pk) in notice.path
    assert [letter.to for letter in mail.outbox] == [[cast.alice.email]]


def test_whoever_asks_to_be_left_alone_is(cast: Cast) -> None:
    with Receiver(status=429, retry_after="3600") as receiver:
        webhook, _ = make_webhook(cast.access(cast.alice), receiver.url)
        visit(webhook)
        assert 3500 < wait_of(webhook) <= 3600
        # No sooner than it asks for, and no sooner than it would be tried anyway.
        receiver.retry_after = "1"
        let_time_pass(webhook, hours=1)
        visit(webhook)
        assert 200 < wait_of(webhook) <= 300
    # What another answer asked for is over with it.
    let_time_pass(webhook, hours=1)
    visit(webhook)
    assert 1500 < wait_of(webhook) <= 1800


def test_gone_disables_at_once(cast: Cast) -> None:
    with Receiver(status=410) as receiver:
        webhook, _ = make_webhook(cast.access(cast.alice), receiver.url)
        visit(webhook)
    assert now_of(webhook).state == "disabled"
    assert now_of(webhook).last_error == "It answered 410: it wants no more."


def test_a_redirect_is_a_refusal(cast: Cast) -> None:
    with Receiver() as second, Receiver(status=307, location=second.url) as first:
        webhook, _ = make_webhook(cast.access(cast.alice), first.url)
        visit(webhook)
        assert second.got == []
    assert "redirects are not followed" in now_of(webhook).last_error
    assert now_of(webhook).position == webhook.position


def test_an_address_that_came_to_lead_inside_is_not_reached(cast: Cast, settings: Any) -> None:
    with Receiver() as receiver:
        webhook, _ = make_webhook(cast.access(cast.alice), receiver.url)
        settings.WEBHOOK_ALLOW_PRIVATE = False
        visit(webhook)
        assert receiver.got == []
    assert now_of(webhook).is_failing
    assert "https" in now_of(webhook).last_error


def test_a_secret_that_cannot_be_opened_sends_nothing_unsigned(cast: Cast) -> None:
    with Receiver() as receiver:
        webhook, _ = make_webhook(cast.access(cast.alice), receiver.url)
        other, _ = make_webhook(cast.access(cast.alice), receiver.url, name="Other")
        with bound(cast.acme.id):
            Webhook.objects.filter(pk=webhook.pk).update(ciphertext=other.ciphertext)
        visit(webhook)
        assert receiver.got == []
    assert now_of(webhook).last_error == deliveries.NO_KEY


def test_paused_it_is_sent_nothing_and_resumed_everything(cast: Cast) -> None:
    actor = cast.access(cast.alice)
    with Receiver() as receiver:
        webhook, _ = make_webhook(actor, receiver.url)
        actions.webhook_pause(webhook=webhook, actor=actor)
        write(cast.acme.id, 25)
        assert not visit(webhook)
        cast.access(cast.alice)
        actions.webhook_resume(webhook=webhook, actor=actor)
        visit(webhook)
    assert sequences(receiver) == list(range(webhook.position + 1, newest(cast) + 1))


def test_paused_on_the_way_it_stops_after_the_message_that_is_under_way(cast: Cast) -> None:
    actor = cast.access(cast.alice)

    def pause(got: Any) -> int:
        paused.append(1)
        return 200

    paused: list[int] = []
    with Receiver(then=pause) as receiver:
        webhook, _ = make_webhook(actor, receiver.url)
        write(cast.acme.id, 5)
        claim = delivery_claim(organization=cast.acme.id, webhook=webhook.pk)
        assert claim
        cast.access(cast.alice)
        actions.webhook_pause(webhook=webhook, actor=actor)
        deliver(claim)
        assert len(receiver.got) == 1
        assert now_of(webhook).position == webhook.position + 1


def test_what_was_skipped_meanwhile_is_not_sent_and_the_place_never_goes_back(cast: Cast) -> None:
    actor = cast.access(cast.alice)
    with Receiver() as receiver:
        webhook, _ = make_webhook(actor, receiver.url)
        write(cast.acme.id, 30)
        claim = delivery_claim(organization=cast.acme.id, webhook=webhook.pk)
        assert claim
        cast.access(cast.alice)
        skipped = actions.webhook_skip(webhook=webhook, up_to=newest(cast), actor=actor)
        skipped_to = webhook.position + skipped
        deliver(claim)
    assert sequences(receiver)[0] == webhook.position + 1
    assert sequences(receiver)[1] == skipped_to + 1
    assert now_of(webhook).position == newest(cast)


def test_killed_between_sending_and_committing_it_sends_the_same_message_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(**kwargs: Any) -> None:
        raise Killed

    with Receiver() as receiver:
        webhook, _ = make_webhook(cast.access(cast.alice), receiver.url)
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(deliveries, "delivery_move", die)
            visit(webhook)
        assert not visit(webhook), "the lease of the dead still holds"
        let_time_pass(webhook, seconds=61)
        assert visit(webhook)
    first, again = receiver.got[:2]
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert first.body == again.body
    assert sequences(receiver)[1:] == list(range(webhook.position + 1, newest(cast) + 1))


def test_who_lost_the_lease_changes_nothing_any_more(cast: Cast) -> None:
    with Receiver() as receiver:
        webhook, _ = make_webhook(cast.access(cast.alice), receiver.url)
        late = delivery_claim(organization=cast.acme.id, webhook=webhook.pk)
        assert late
        let_time_pass(webhook, seconds=61)
        assert delivery_claim(organization=cast.acme.id, webhook=webhook.pk)
        assert delivery_move(claim=late, position=10**6, status=200) is None
        failed = WebhookAttempt(
            organization_id=cast.acme.id, webhook_id=webhook.pk, milliseconds=1, error="No."
        )
        delivery_settle(claim=late, attempts=[failed], failure=failed)
    found = now_of(webhook)
    assert (found.position, found.failures) == (webhook.position, 0)
    assert found.lease is not None
    assert attempts_of(webhook) == []


def test_a_changed_address_is_used_from_the_next_message_on(cast: Cast) -> None:
    actor = cast.access(cast.alice)
    with Receiver() as old, Receiver() as new:
        webhook, _ = make_webhook(actor, old.url)
        write(cast.acme.id, 5)
        claim = delivery_claim(organization=cast.acme.id, webhook=webhook.pk)
        assert claim
        cast.access(cast.alice)
        facts = {"name": "Collector", "url": new.url, "areas": [], "format": "entry"}
        actions.webhook_change(webhook=webhook, said=facts, actor=actor)
        deliver(claim)
        visit(webhook)
        assert len(old.got) == 1
        assert sequences(new) == list(range(webhook.position + 2, newest(cast) + 1))


def test_a_test_is_sent_also_while_paused_and_changes_nothing_else(cast: Cast) -> None:
    actor = cast.access(cast.alice)
    with Receiver(status=410, text="no, thank you") as receiver:
        webhook, secret = make_webhook(actor, receiver.url)
        actions.webhook_pause(webhook=webhook, actor=actor)
        actions.webhook_test(webhook=webhook, actor=actor)
        actions.webhook_test(webhook=webhook, actor=actor)
        assert visit(webhook)
        assert not visit(webhook)
    (got,) = receiver.got
    assert verified(secret, got)["type"] == "webhook.test"
    (attempt,) = attempts_of(webhook)
    assert (attempt.last, attempt.status, attempt.answer) == (None, 410, "no, thank you")
    found = now_of(webhook)
    assert (found.state, found.failures, found.position) == ("paused", 0, webhook.position)
    with bound(cast.acme.id):
        assert Entry.objects.filter(action="webhook.tested").count() == 1


def test_its_history_is_kept_short(cast: Cast) -> None:
    with Receiver() as receiver:
        webhook, _ = make_webhook(cast.access(cast.alice), receiver.url)
        with bound(cast.acme.id):
            WebhookAttempt.objects.bulk_create(
                WebhookAttempt(
                    organization_id=cast.acme.id, webhook=webhook, milliseconds=1, messages=n + 2
                )
                for n in range(KEPT + 20)
            )
            old = WebhookAttempt.objects.order_by("-id")[5]
            month = old.at - datetime.timedelta(days=31)
            WebhookAttempt.objects.filter(pk=old.pk).delete()
            old.at = month
            old.save(force_insert=True)
        visit(webhook)
    kept = attempts_of(webhook)
    assert len(kept) == KEPT - 1
    assert old not in kept
    assert kept[0].messages == 1


def test_a_closing_or_suspended_organization_goes_on_streaming(cast: Cast) -> None:
    with Receiver() as receiver:
        webhook, _ = make_webhook(cast.access(cast.alice), receiver.url)
        with bound(cast.acme.id):
            organization_suspend(organization=cast.acme.id, reason="unpaid", actor=TEST)
        assert any(pk == webhook.pk for _, pk in unbound_due())
        visit(webhook)
    assert said(receiver.got[-1])["type"] == "organization.suspended"


def unbound_due() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.organization', '', true)")
    return webhooks_due(most=1000)


def test_what_is_due_is_found_from_outside_any_organization_only(cast: Cast) -> None:
    webhook, _ = make_webhook(cast.access(cast.alice), "http://127.0.0.1:9/")
    with bound(cast.umbrella.id):
        assert webhooks_due(most=1000) == []
    assert (cast.acme.id, webhook.pk) in unbound_due()
    assert webhooks_due(most=0) == []


def test_a_webhook_is_not_found_in_another_organization(cast: Cast) -> None:
    with Receiver() as receiver:
        webhook, _ = make_webhook(cast.access(cast.alice), receiver.url)
        assert delivery_claim(organization=cast.umbrella.id, webhook=webhook.pk) is None
        visit(webhook)
    with bound(cast.acme.id):
        theirs = set(Entry.objects.values_list("hash", flat=True))
    hashes = {bytes.fromhex(said(got)["data"]["hash"]) for got in receiver.got}
    assert hashes <= {bytes(value) for value in theirs}
    bodies = [json.loads(said(got)["data"]["body"]) for got in receiver.got]
    assert {body["organization"] for body in bodies} == {str(cast.acme.id)}


def test_in_one_process_it_runs_once_at_a_time() -> None:
    assert deliveries._running.acquire(blocking=False)
    try:
        assert deliver_due() == 0
    finally:
        deliveries._running.release()


def test_what_retention_dropped_is_passed_in_one_step_and_said(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(cast.acme.id, 20)
    with Receiver() as receiver:
        webhook, _ = make_webhook(cast.access(cast.alice), receiver.url, whole_log=True)
        gone = newest(cast) - 3
        monkeypatch.setattr(webhooks_read, "base_of", lambda org: (gone, b""))
        monkeypatch.setattr(streaming, "base_of", lambda org: (gone, b""))
        monkeypatch.setattr(streaming, "LOOKED_THROUGH", 0)
        page = sign_in(cast.alice).get(cast.url(f"settings/webhooks/{webhook.pk}/"))
        assert f"{gone} entries left the log before they were sent" in page.content.decode()
        with bound(cast.acme.id):
            found = streaming.entries_to_send(organization=cast.acme.id, after=0, areas=[], size=20)
        assert found == ([], gone)


def test_with_its_organization_a_webhook_goes_and_what_was_tried(cast: Cast) -> None:
    actor = cast.access(cast.alice)
    with Receiver() as receiver:
        webhook, _ = make_webhook(actor, receiver.url)
        visit(webhook)
    with bound(cast.acme.id):
        organization_close(organization=cast.acme.id, reason="done", actor=actor)
    later = timezone.now() + datetime.timedelta(days=60)
    assert organization_delete(organization=cast.acme.id, now=later, actor=TEST)
    assert attempts_of(webhook) == []
    assert not any(pk == webhook.pk for _, pk in unbound_due())
