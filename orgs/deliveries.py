"""Sending the log to webhooks: one message after the other, each once the one before arrived.

Nothing here is bound to an organization or in a transaction while it waits for an answer; what is
kept of it is in `actions/deliveries.py`, what a message looks like in `webhook_messages.py`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field

from django.db import connection
from django.utils import timezone

from audit.exports.reading import Row
from audit.streaming import entries_to_send
from config import outbound
from config.addresses import AddressError
from config.outbound import Line, OutboundError
from orgs.actions.deliveries import (
    GONE,
    Claim,
    delivery_claim,
    delivery_move,
    delivery_settle,
    webhooks_due,
)
from orgs.models import WebhookAttempt
from orgs.tenancy import bound
from orgs.webhook_messages import Message, headers_of, message_of, trial_message

log = logging.getLogger(__name__)

AT_ONCE = 4
BATCH = 20
# A run takes no more work after this long, and leaves one webhook to the others after that long.
SECONDS_A_RUN, SECONDS_AT_ONE = 15.0, 5.0
SECONDS_BETWEEN_LOOKS = 1.0
NO_KEY = "Its secret cannot be opened here: rotate it."

_running = threading.Lock()


def deliver_due() -> int:
    """Send what is due, a few webhooks at a time; how many were served.

    In one process it runs once at a time: who comes while it does has nothing to do.
    """
    if not _running.acquire(blocking=False):
        return 0
    try:
        return _deliver_due() if webhooks_due(most=1) else 0
    finally:
        _running.release()


def _deliver_due() -> int:
    served, until = 0, time.monotonic() + SECONDS_A_RUN
    sending: set[Future[None]] = set()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
        while True:
            room = AT_ONCE - len(sending) if time.monotonic() < until else 0
            for organization, webhook in webhooks_due(most=room) if room else ():
                if claim := delivery_claim(organization=organization, webhook=webhook):
                    sending.add(pool.submit(_alone, claim))
                    served += 1
            if not sending:
                return served
            _, sending = wait(sending, SECONDS_BETWEEN_LOOKS, return_when=FIRST_COMPLETED)


def _alone(claim: Claim) -> None:
    """In a thread with a connection of its own; what fails here is tried again after the lease."""
    try:
        deliver(claim)
    except Exception:
        log.exception("Delivering to the webhook %s failed", claim.webhook)
    finally:
        connection.close()


def deliver(claim: Claim) -> None:
    """Send what waits for this webhook, for as long as it is its turn, and give it back."""
    journey = _Journey(claim)
    if claim.test_at is not None:
        journey.attempt(lambda: _try_out(journey))
    if claim.is_active:
        journey.failure = journey.attempt(lambda: _stream(journey))
    journey.close()
    delivery_settle(
        claim=claim, attempts=journey.attempts, failure=journey.failure, asked_to_wait=journey.wait
    )


@dataclass
class _Journey:
    """One visit to a webhook: the line to it, and what came of it so far."""

    claim: Claim
    attempts: list[WebhookAttempt] = field(default_factory=list)
    failure: WebhookAttempt | None = None
    wait: int = 0
    _stack: ExitStack = field(default_factory=ExitStack)
    _line: Line | None = None
    _run: WebhookAttempt | None = None

    def attempt(self, deed: Callable[[], None]) -> WebhookAttempt | None:
        """The attempt that failed, if one did."""
        try:
            deed()
        except _RefusedError as refused:
            return refused.attempt
        return None

    def send(self, message: Message, attempt: WebhookAttempt) -> None:
        """Raises _RefusedError when it was not taken, once that is written down."""
        started, self.wait = time.monotonic(), 0
        try:
            answer = self._post(message)
        except (AddressError, OutboundError) as error:
            attempt.error = str(error)
        else:
            attempt.status, attempt.answer = answer.status, answer.text
            self.wait = answer.wait
            attempt.error = "" if answer.is_yes else _words(answer.status)
        attempt.milliseconds = round((time.monotonic() - started) * 1000)
        if attempt.error:
            raise _RefusedError(attempt)

    def took(self, attempt: WebhookAttempt) -> None:
        """What arrives in one visit is one line of its history."""
        run = self._run
        if run is None:
            self._run = attempt
            self.attempts.append(attempt)
            return
        run.last, run.status, run.answer = attempt.last, attempt.status, attempt.answer
        run.messages += 1
        run.milliseconds += attempt.milliseconds

    def begin(self) -> WebhookAttempt:
        return WebhookAttempt(
            organization_id=self.claim.organization,
            webhook_id=self.claim.webhook,
            at=timezone.now(),
            milliseconds=0,
        )

    def close(self) -> None:
        self._stack.close()

    def _post(self, message: Message) -> outbound.Answer:
        if not self.claim.keys:
            raise OutboundError(NO_KEY)
        if self._line is None:
            self._line = self._stack.enter_context(outbound.line(self.claim.url))
        headers = headers_of(message, keys=self.claim.keys, at=int(time.time()))
        return self._line.post(message.body, headers)


class _RefusedError(Exception):
    """A message was not taken: nothing after it may be sent."""

    def __init__(self, attempt: WebhookAttempt) -> None:
        super().__init__(attempt.error)
        self.attempt = attempt


def _try_out(journey: _Journey) -> None:
    claim, attempt = journey.claim, journey.begin()
    journey.attempts.append(attempt)
    asked_at = claim.test_at or timezone.now()
    journey.send(trial_message(webhook=claim.webhook, name=claim.name, asked_at=asked_at), attempt)


def _stream(journey: _Journey) -> None:
    """Entry by entry until there is none, its turn is over, or it is to be left alone."""
    claim, until = journey.claim, time.monotonic() + SECONDS_AT_ONE
    position: int | None = claim.position
    while position is not None and time.monotonic() < until:
        with bound(claim.organization):
            rows, reached = entries_to_send(
                organization=claim.organization, after=position, areas=claim.areas, size=BATCH
            )
        if not rows and reached == position:
            return
        for row in rows:
            position = _send(journey, row)
            if position != row.entry.sequence or time.monotonic() >= until:
                break
        else:
            # What is not asked for costs no more than this.
            if reached > (rows[-1].entry.sequence if rows else -1):
                position = delivery_move(claim=claim, position=reached)


def _send(journey: _Journey, row: Row) -> int | None:
    """Where the webhook stands once this entry has arrived; None when it is to be left alone."""
    claim, sequence = journey.claim, row.entry.sequence
    message = message_of(row, webhook=claim.webhook, form=claim.format)
    attempt = journey.begin()
    attempt.first = attempt.last = sequence
    try:
        journey.send(message, attempt)
    except _RefusedError:
        journey.attempts.append(attempt)
        raise
    journey.took(attempt)
    return delivery_move(claim=claim, position=sequence, status=attempt.status)


def _words(status: int) -> str:
    if status == GONE:
        return f"It answered {status}: it wants no more."
    if 300 <= status < 400:
        return f"It answered {status}: redirects are not followed, set the new address here."
    return f"It answered {status}."
