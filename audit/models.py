"""The ledger's tables: entries, the words for them, and each chain's head.

Written by `audit/ledger.py` alone, through a function of the database. No model of another app
is named here, so the log outlives what it describes.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from uuid6 import uuid7

PLATFORM = uuid.UUID(int=0)
"""The chain of the platform itself; no organization has this id."""


class Outcome(models.TextChoices):
    DONE = "done", "Done"
    DENIED = "denied", "Denied"
    FAILED = "failed", "Failed"


AT_THE_DOOR = ("permission", "page")
"""Kinds of target of what never came to be a deed: the wall knows no object, only its door."""


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


class Effect(models.Model):
    """What an entry did to one row that says who holds what: before and after, ids only.

    Noted by triggers on the access tables, claimed by the entry of their transaction. `holder` is a
    membership or a group, `place` what the role is on. The id is an order, and shown to nobody.
    """

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField()
    sequence = models.BigIntegerField(null=True)
    kind = models.TextField()
    row = models.UUIDField()
    holder = models.UUIDField(null=True)
    place = models.UUIDField(null=True)
    text = models.TextField(help_text="The JSON text that the entry’s hash is of.")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organization_id", "sequence"], name="effect_of_entry"),
            models.Index(fields=["organization_id", "kind", "row", "-id"], name="effect_of_row"),
            models.Index(fields=["organization_id", "holder", "-id"], name="effect_by_holder"),
            models.Index(
                fields=["organization_id", "place", "-id"],
                condition=models.Q(place__isnull=False),
                name="effect_by_place",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.row}"


class Tally(models.Model):
    """How many of each there were after an entry: a point from which a later moment is counted.

    Kept by `effects_counted`, and nothing but a sum of effects.
    """

    pk = models.CompositePrimaryKey("organization_id", "sequence")
    organization_id = models.UUIDField()
    sequence = models.BigIntegerField()
    said = models.JSONField()

    def __str__(self) -> str:
        return f"{self.organization_id} #{self.sequence}"


class Head(models.Model):
    """The newest entry of a chain: what the next one follows, and which transaction wrote it."""

    organization_id = models.UUIDField(primary_key=True)
    sequence = models.BigIntegerField()
    at = models.DateTimeField()
    hash = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.organization_id} #{self.sequence}"


class Checkpoint(models.Model):
    """A signed statement that a chain has this hash at this entry. Never changed, never deleted.

    It is worth what its signature is worth: `audit/signing.py` asks that, the database cannot.
    """

    pk = models.CompositePrimaryKey("organization_id", "sequence")
    organization_id = models.UUIDField()
    sequence = models.BigIntegerField()
    hash = models.BinaryField()
    at = models.DateTimeField()
    key = models.TextField(help_text="Which key signed: the start of its fingerprint.")
    signature = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.organization_id} up to #{self.sequence}"


class Keeping(models.Model):
    """How long a ledger is kept, what holds it, where it begins, and how far it is proven outside.

    Written by functions of the database alone; what may move the beginning is held by a trigger.
    """

    organization_id = models.UUIDField(primary_key=True)
    months = models.PositiveSmallIntegerField(null=True, help_text="Empty: for ever.")
    months_set_at = models.DateTimeField(null=True)
    held_at = models.DateTimeField(null=True)
    held_by = models.UUIDField(null=True)
    held_by_label = models.TextField(default="", db_default="")
    held_reason = models.TextField(default="", db_default="")
    base_sequence = models.BigIntegerField(
        default=0, db_default=0, help_text="The last entry that was dropped."
    )
    base_hash = models.BinaryField(default=b"", db_default=b"")
    base_at = models.DateTimeField(null=True)
    base_effects = models.BinaryField(default=b"", db_default=b"")
    delivered_sequence = models.BigIntegerField(
        default=0, db_default=0, help_text="The newest checkpoint that lies outside the database."
    )
    delivered_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failure = models.TextField(default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(months__isnull=True) | models.Q(months__gte=12),
                name="keeping_at_least_a_year",
            ),
        ]

    def __str__(self) -> str:
        return str(self.organization_id)


class SavedFilter(models.Model):
    """A filter of the log that somebody keeps under a name; a shared one is for all its readers.

    It goes with the membership of its maker, by a key of the database.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    membership_id = models.UUIDField()
    name = models.CharField(max_length=60)
    query = models.JSONField(default=dict, help_text="The fields as they stand in an address.")
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "organization_id",
                "membership_id",
                Lower("name"),
                name="saved_filter_one_name_a_person",
                violation_error_message="You have a filter of this name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
