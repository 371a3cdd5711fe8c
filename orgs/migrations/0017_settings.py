"""Worker keys, and quotas: how much of each kind an organization lets itself have."""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
import uuid6
from django.db import migrations, models

from orgs.walls import SET_NULL, wall

# What there is of each kind, counted no further than asked. Replaced by whoever adds a kind
# (projects 0023). Only the functions below may ask about any organization.
USED = """
CREATE FUNCTION quota_used(p_organization uuid, p_kind text, p_most bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE p_kind
        WHEN 'groups' THEN (SELECT count(*) FROM (
            SELECT FROM public.orgs_group WHERE organization_id = p_organization LIMIT p_most) x)
        WHEN 'webhooks' THEN (SELECT count(*) FROM (
            SELECT FROM public.orgs_webhook WHERE organization_id = p_organization LIMIT p_most) x)
        ELSE 0 END;
END $$;
REVOKE ALL ON FUNCTION quota_used FROM PUBLIC;
"""

# The row of the quota orders those who would take the last place; the count comes after the lock,
# so it sees what the one before has committed.
HOLD = """
CREATE FUNCTION hold_quota() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_most integer;
BEGIN
    SELECT q.most INTO v_most FROM public.orgs_quota q
    WHERE q.organization_id = NEW.organization_id AND q.kind = TG_ARGV[0] FOR UPDATE;
    IF FOUND AND public.quota_used(NEW.organization_id, TG_ARGV[0], v_most + 1) > v_most THEN
        RAISE check_violation USING
            MESSAGE = format('The quota of %s %s is full.', v_most, TG_ARGV[0]),
            CONSTRAINT = 'quota_holds';
    END IF;
    RETURN NULL;
END $$;

-- Of the bound organization: how many there are, counted to a cap, and the most there may be (null
-- for no limit). With a lock nobody else takes a place before this transaction ends.
CREATE FUNCTION quota_of(p_kind text, p_lock boolean DEFAULT false)
RETURNS TABLE (used bigint, most integer) LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF p_lock THEN
        PERFORM FROM public.orgs_quota q
        WHERE q.organization_id = public.app_org() AND q.kind = p_kind FOR UPDATE;
    END IF;
    SELECT q.most INTO most FROM public.orgs_quota q
    WHERE q.organization_id = public.app_org() AND q.kind = p_kind;
    used := public.quota_used(public.app_org(), p_kind, coalesce(most + 1, 10001));
    RETURN NEXT;
END $$;
"""


def held(table: str, kind: str) -> migrations.RunSQL:
    """Hold the quota of this kind on its table."""
    return migrations.RunSQL(
        f"CREATE TRIGGER quota_holds AFTER INSERT ON {table} FOR EACH ROW"
        f" EXECUTE FUNCTION hold_quota('{kind}')",
        f"DROP TRIGGER quota_holds ON {table}",
    )


def _organization() -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to="orgs.organization",
    )


class Migration(migrations.Migration):
    dependencies = [("orgs", "0016_rules")]

    operations = [
        migrations.CreateModel(
            name="WorkerKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid6.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("public", models.TextField(help_text="In OpenSSH's form.")),
                (
                    "fingerprint",
                    models.TextField(help_text="SHA256:…, as ssh-keygen prints it."),
                ),
                (
                    "ciphertext",
                    models.BinaryField(help_text="The private half, sealed; empty once retired."),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("replaced_at", models.DateTimeField(blank=True, null=True)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="orgs.membership",
                    ),
                ),
                ("organization", _organization()),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("replaced_at__isnull", True)),
                        fields=("organization",),
                        name="worker_key_one_current",
                        violation_error_message="There is a worker key already.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("replaced_at__isnull", False), ("retired_at__isnull", True)
                        ),
                        fields=("organization",),
                        name="worker_key_one_before",
                        violation_error_message="Retire the key before first.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("retired_at__isnull", True),
                            models.Q(("ciphertext", b""), ("replaced_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="worker_key_retired_is_forgotten",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Quota",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid6.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("projects", "Projects"),
                            ("workspaces", "Workspaces"),
                            ("groups", "Groups"),
                            ("keys", "API keys"),
                            ("service_accounts", "Service accounts"),
                            ("webhooks", "Webhooks"),
                        ]
                    ),
                ),
                ("most", models.PositiveIntegerField()),
                ("organization", _organization()),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "kind"), name="quota_once"),
                    models.CheckConstraint(
                        condition=models.Q(("most__lte", 1000000)), name="quota_is_countable"
                    ),
                ],
            },
        ),
        wall("orgs_workerkey", keys={"created_by_id": ("orgs_membership", SET_NULL)}),
        wall("orgs_quota"),
        migrations.RunSQL(USED, "DROP FUNCTION quota_used(uuid, text, bigint)"),
        migrations.RunSQL(
            HOLD, "DROP FUNCTION quota_of(text, boolean); DROP FUNCTION hold_quota() CASCADE"
        ),
        held("orgs_group", "groups"),
        held("orgs_webhook", "webhooks"),
    ]
