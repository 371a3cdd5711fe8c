"""Reads of an organization's webhooks, never their secrets: where each stands, what was tried."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from audit.proof import base_of
from audit.queries import newest_sequence
from audit.streaming import AREAS
from config.addresses import parse
from config.keyset import Page, keyset_page
from orgs.models import Webhook, WebhookAttempt

PAGE_SIZE = 20
_SEALED = ("ciphertext", "old_ciphertext")


@dataclass(frozen=True, slots=True)
class Row:
    """A webhook as it is shown: how far behind the log, and in which state."""

    webhook: Webhook
    newest: int
    dropped: int

    @property
    def behind(self) -> int:
        """Entries that it has yet to be sent, or to be asked about: some may be of no interest."""
        return max(self.newest - self.first_waiting + 1, 0)

    @property
    def lost(self) -> int:
        """Entries that left the log, by its retention, before they were sent."""
        return max(self.dropped - self.webhook.position, 0)

    @property
    def state(self) -> str:
        return "failing" if self.webhook.is_failing else str(self.webhook.state)

    @property
    def origin(self) -> str:
        return parse(self.webhook.url, private=True).origin

    @property
    def areas(self) -> str:
        """In words; empty for everything."""
        return ", ".join(AREAS.get(area, area) for area in self.webhook.areas)

    @property
    def first_waiting(self) -> int:
        """The entry that it is sent next, written or still to be written."""
        return max(self.webhook.position, self.dropped) + 1

    @property
    def is_moving(self) -> bool:
        """Is something on its way to it just now?"""
        return self.webhook.test_at is not None or (self.state == "active" and self.behind > 0)


def webhook_list(org: UUID) -> list[Row]:
    """All of them, by name: there are never many. Three queries."""
    rows = Webhook.objects.in_org(org).select_related("created_by").defer(*_SEALED)
    newest, dropped = newest_sequence(org), base_of(org)[0]
    return [Row(webhook, newest, dropped) for webhook in rows.order_by("sort_name", "id")]


def webhook_row(org: UUID, pk: UUID) -> Row | None:
    """One of them; None where there is none. Three queries."""
    rows = Webhook.objects.in_org(org).select_related("created_by").defer(*_SEALED)
    found = rows.filter(pk=pk).first()
    return Row(found, newest_sequence(org), base_of(org)[0]) if found else None


def attempt_list(org: UUID, webhook: UUID, *, cursor: str | None) -> Page[WebhookAttempt]:
    """What came of going there, newest first. One query."""
    rows = WebhookAttempt.objects.in_org(org).filter(webhook=webhook)
    return keyset_page(rows, order=("-id",), cursor=cursor, size=PAGE_SIZE)
