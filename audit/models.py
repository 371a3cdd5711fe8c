"""The ledger's tables: entries, the words for them, and each chain's head.

Written by `audit/ledger.py` alone, through a function of the database. No model of another app
is named here, so the log outlives what it describes.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

PLATFORM = uuid.UUID(int=0)
"""The chain of the platform itself; no organization has this id."""


class Outcome(models.TextChoices):
    DONE = "done", "Done"
    DENIED = "denied", "Denied"
    FAILED = "failed", "Failed"


class Event(models.Model):
    """One thing that was done, refused or failed, and the hash that chains it to the one before."""

    pk = models.CompositePrimaryKey("organization_id", "sequence")
    organization_id = models.UUIDField()
    sequence = models.BigIntegerField()
    at = models.DateTimeField()
    actor_kind = models.TextField()
    actor_id = models.UUIDField(null=True)
    action = models.TextField()
    target_kind = models.TextField()
    target_id = models.UUIDField(null=True)
    outcome = models.TextField(choices=Outcome)
    body = models.TextField(help_text="The JSON text that is hashed, byte for byte.")
    hash = models.BinaryField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organization_id", "at"], name="event_at"),
            models.Index(fields=["organization_id", "actor_id", "-sequence"], name="event_actor"),
            models.Index(fields=["organization_id", "action", "-sequence"], name="event_action"),
            models.Index(fields=["organization_id", "target_id", "-sequence"], name="event_target"),
            models.Index(
                fields=["organization_id", "outcome", "-sequence"],
                name="event_not_done",
                condition=~models.Q(outcome="done"),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.sequence} {self.action}"


class Particulars(models.Model):
    """The words of an entry that name people and places, and the salt that binds them to it.

    They stand apart so that a person can be erased while the chain stays valid.
    """

    pk = models.CompositePrimaryKey("organization_id", "sequence")
    organization_id = models.UUIDField()
    sequence = models.BigIntegerField()
    salt = models.BinaryField()
    words = models.TextField(null=True, help_text="JSON text; null once erased.")

    class Meta:
        verbose_name_plural = "particulars"

    def __str__(self) -> str:
        return f"#{self.sequence}"


class Head(models.Model):
    """The newest entry of a chain: what the next one follows, and which transaction wrote it."""

    organization_id = models.UUIDField(primary_key=True)
    sequence = models.BigIntegerField()
    at = models.DateTimeField()
    hash = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.organization_id} #{self.sequence}"
