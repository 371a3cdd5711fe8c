"""What changes who holds what in the organization is told to the ledger."""

from __future__ import annotations

from django.db import migrations

from audit.effects import Told

_GRANT = ("permission_id", "expires_at")

TOLD = (
    Told(
        table="orgs_organization",
        kind="organization",
        keep=("state", "policies"),
        by_row=True,
    ),
    Told(
        table="orgs_membership",
        kind="membership",
        holder="id",
        keep=("role", "expires_at", "person_id"),
    ),
    Told(table="orgs_group", kind="group", holder="id"),
    Told(
        table="orgs_groupmembership",
        kind="seat",
        holder="membership_id",
        place="group_id",
        keep=("expires_at",),
    ),
    Told(
        table="orgs_grouprole",
        kind="group_role",
        holder="group_id",
        keep=_GRANT,
    ),
)


class Migration(migrations.Migration):
    dependencies = [("orgs", "0011_seats_fall_back"), ("audit", "0003_effects")]

    operations = [told.operation() for told in TOLD]
