"""Webhooks: where the log is streamed to, and what was delivered."""

from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import uuid6
from django.db import migrations, models

from orgs.walls import CASCADE, SET_NULL, wall

FUNCTIONS = """
-- The webhooks that something waits for and nobody is at, for the job that delivers: those that
-- were served longest ago first. Outside of any organization only.
CREATE FUNCTION webhooks_due(p_most integer)
RETURNS TABLE (organization_id uuid, webhook_id uuid) LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT w.organization_id, w.id
    FROM public.orgs_webhook w
    LEFT JOIN public.audit_head h ON h.organization_id = w.organization_id
    WHERE (SELECT public.app_org()) IS NULL
      AND (w.lease_until IS NULL OR w.lease_until <= clock_timestamp())
      AND (w.test_at IS NOT NULL
           OR w.state = 'active' AND w.next_try_at <= clock_timestamp()
              AND h.sequence > w.position)
    ORDER BY w.lease_until NULLS FIRST, w.id LIMIT p_most
$$;

-- Moves a webhook on to the entry that has arrived (with the status that it was answered with) or
-- that is not asked for, and begins its lease anew. The lease is the right to do so: no row for
-- whoever does not hold it. Once a message, so it is one statement and no transaction around it.
CREATE FUNCTION webhook_move(
    p_organization uuid, p_webhook uuid, p_lease uuid, p_position bigint, p_status integer
) RETURNS TABLE (state text, position_now bigint, url text, areas text[], format text)
LANGUAGE sql SECURITY DEFINER AS $$
    UPDATE public.orgs_webhook w SET
        position = greatest(w.position, p_position),
        lease_until = clock_timestamp() + interval '60 seconds',
        failures = CASE WHEN p_status IS NULL THEN w.failures ELSE 0 END,
        last_error = CASE WHEN p_status IS NULL THEN w.last_error ELSE '' END,
        last_status = coalesce(p_status, w.last_status),
        last_delivered_at =
            CASE WHEN p_status IS NULL THEN w.last_delivered_at ELSE clock_timestamp() END,
        next_try_at = CASE WHEN p_status IS NULL THEN w.next_try_at ELSE clock_timestamp() END
    WHERE w.organization_id = p_organization AND w.id = p_webhook AND w.lease = p_lease
    RETURNING w.state, w.position, w.url, w.areas, w.format
$$;
"""

REVERSE = """
DROP FUNCTION webhook_move(uuid, uuid, uuid, bigint, integer);
DROP FUNCTION webhooks_due(integer);
"""

ORGANIZATION = models.ForeignKey(
    db_index=False,
    on_delete=django.db.models.deletion.CASCADE,
    related_name="+",
    to="orgs.organization",
)


class Migration(migrations.Migration):
    dependencies = [("orgs", "0012_effects"), ("audit", "0002_chain")]

    operations = [
        migrations.CreateModel(
            name="Webhook",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid6.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("organization", ORGANIZATION),
                ("name", models.CharField(max_length=100)),
                (
                    "sort_name",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func("name", function="fold_name"),
                        output_field=models.TextField(),
                    ),
                ),
                ("url", models.CharField(max_length=500)),
                (
                    "areas",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        blank=True,
                        default=list,
                        help_text="Nouns of events; none is all.",
                        size=None,
                    ),
                ),
                (
                    "format",
                    models.TextField(
                        choices=[("entry", "Entries of Bailiwick"), ("ocsf", "Events of OCSF")],
                        default="entry",
                    ),
                ),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("active", "Active"),
                            ("paused", "Paused"),
                            ("disabled", "Disabled"),
                        ],
                        default="active",
                    ),
                ),
                ("ciphertext", models.BinaryField()),
                ("old_ciphertext", models.BinaryField(null=True)),
                ("old_ends_at", models.DateTimeField(null=True)),
                ("position", models.BigIntegerField()),
                ("next_try_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("last_status", models.PositiveSmallIntegerField(null=True)),
                ("last_error", models.TextField(blank=True, default="")),
                ("last_delivered_at", models.DateTimeField(null=True)),
                (
                    "test_at",
                    models.DateTimeField(help_text="A test that is still to be sent.", null=True),
                ),
                ("lease", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="orgs.membership",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "name"),
                        name="webhook_name",
                        violation_error_message="A webhook with this name exists.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(state__in=["active", "paused", "disabled"]),
                        name="webhook_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(position__gte=0), name="webhook_position"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookAttempt",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid6.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("organization", ORGANIZATION.clone()),
                (
                    "webhook",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="attempts",
                        to="orgs.webhook",
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("milliseconds", models.PositiveIntegerField()),
                ("first", models.BigIntegerField(null=True)),
                ("last", models.BigIntegerField(null=True)),
                ("messages", models.PositiveIntegerField(default=1)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                (
                    "error",
                    models.TextField(
                        blank=True, default="", help_text="In words; empty when all went well."
                    ),
                ),
                (
                    "answer",
                    models.TextField(blank=True, default="", help_text="How the answer begins."),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["webhook", "-id"], name="webhook_attempt_by_time")
                ],
            },
        ),
        # What the delivering moves on is told by the attempts; the deeds of people are recorded.
        wall(
            "orgs_webhook",
            keys={"created_by_id": ("orgs_membership", SET_NULL)},
            recorded="INSERT OR DELETE OR UPDATE OF name, url, areas, format, state, ciphertext",
        ),
        wall(
            "orgs_webhookattempt",
            keys={"webhook_id": ("orgs_webhook", CASCADE)},
            rights="SELECT, INSERT, DELETE",
            recorded=None,
        ),
        migrations.RunSQL(FUNCTIONS, REVERSE),
    ]
