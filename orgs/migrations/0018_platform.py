"""What the platform keeps for itself, and the few doors through which the portal's role reaches
further than its own rights do. Which rights those are is in `orgs/portal/rights.py`.
"""

from __future__ import annotations

import django.contrib.postgres.fields
import django.utils.timezone
import uuid6
from django.db import migrations, models

FORWARD = """
-- An organization waits for its first owner once. Whoever could send it back to waiting could name
-- the next owner, who would find everything that is inside.
CREATE FUNCTION refuse_waiting_again() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF EXISTS (SELECT FROM public.orgs_membership WHERE organization_id = NEW.id)
       OR EXISTS (SELECT FROM public.orgs_invitation
                  WHERE organization_id = NEW.id AND state = 'accepted')
    THEN
        RAISE check_violation USING
            MESSAGE = 'An organization that somebody was in never waits for its first owner again.',
            CONSTRAINT = 'organization_waits_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER waits_once BEFORE UPDATE OF state ON orgs_organization FOR EACH ROW
    WHEN (NEW.state = 'pending' AND OLD.state <> 'pending')
    EXECUTE FUNCTION refuse_waiting_again();

-- An empty container, bound to, that waits for its first owner.
CREATE FUNCTION container_create(
    p_id uuid, p_name text, p_slug text, p_policies text[], p_entitlements text[]
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF p_id IS DISTINCT FROM public.app_org() THEN
        RAISE insufficient_privilege USING MESSAGE = 'The transaction is not bound to it.';
    END IF;
    INSERT INTO public.orgs_organization (
        id, name, slug, state, state_reason, policies, entitlements, plan, created_at,
        owner_count, member_count, group_count, seats_used
    ) VALUES (
        p_id, p_name, p_slug, 'pending', '', p_policies, p_entitlements, 'enterprise',
        clock_timestamp(), 0, 0, 0, 0
    );
END $$;

-- Invites the first owner of the bound container while it waits for one, and revokes the earlier
-- invitations, which it returns. No other invitation is read, and none of any other container.
CREATE FUNCTION container_invite_owner(
    p_invitation uuid, p_email text, p_token_hash bytea, p_expires_at timestamptz
) RETURNS TABLE (revoked uuid, address text) LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_id uuid := public.app_org();
BEGIN
    PERFORM FROM public.orgs_organization o WHERE o.id = v_id AND o.state = 'pending'
        FOR NO KEY UPDATE;
    IF NOT FOUND OR EXISTS (SELECT FROM public.orgs_membership WHERE organization_id = v_id) THEN
        RAISE insufficient_privilege USING MESSAGE = 'It does not wait for its first owner.';
    END IF;
    RETURN QUERY
        UPDATE public.orgs_invitation i SET state = 'revoked', answered_at = clock_timestamp()
        WHERE i.organization_id = v_id AND i.state = 'pending' AND i.role = 'owner'
        RETURNING i.id, i.email::text;
    INSERT INTO public.orgs_invitation (
        id, organization_id, email, role, reason, state, token_hash, created_at, sent_at, expires_at
    ) VALUES (
        p_invitation, v_id, p_email, 'owner', '', 'pending', p_token_hash,
        clock_timestamp(), clock_timestamp(), p_expires_at
    );
END $$;

-- Ends every session of a person; returns how many there were.
CREATE FUNCTION sign_out_everywhere(p_person uuid) RETURNS bigint
LANGUAGE sql SECURITY DEFINER AS $$
    WITH ended AS (
        DELETE FROM public.usersessions_usersession WHERE user_id = p_person RETURNING session_key
    ), gone AS (
        DELETE FROM public.django_session s USING ended e WHERE s.session_key = e.session_key
    )
    SELECT count(*) FROM ended
$$;

-- What is counted of the platform as a whole. Sums over everybody, and nothing of anyone.
CREATE FUNCTION platform_metrics() RETURNS TABLE (
    storage bigint, entries bigint, jobs_waiting bigint, jobs_running bigint, jobs_failed bigint,
    checkpoint_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    storage := pg_database_size(current_database());
    SELECT coalesce(sum(h.sequence), 0) INTO entries FROM public.audit_head h;
    SELECT count(*) FILTER (WHERE j.status = 'todo'), count(*) FILTER (WHERE j.status = 'doing'),
           count(*) FILTER (WHERE j.status = 'failed')
    INTO jobs_waiting, jobs_running, jobs_failed FROM public.procrastinate_jobs j;
    IF to_regclass('public.audit_checkpoint') IS NOT NULL THEN
        EXECUTE 'SELECT max(at) FROM public.audit_checkpoint' INTO checkpoint_at;
    END IF;
    RETURN NEXT;
END $$;

-- How much is written into the ledgers of these organizations, day by day up to today: numbers of
-- entries, of denied and of failed ones. By whom and about what stays theirs. Entries are counted
-- by their numbers: two looks into an index for each day, however many there are.
CREATE FUNCTION ledger_counters(p_organizations uuid[], p_days integer, p_zone text)
RETURNS TABLE (organization uuid, day date, entries bigint, denied bigint, failed bigint)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    WITH days AS (
        SELECT d::date AS day, d::timestamp AT TIME ZONE p_zone AS since,
               (d + interval '1 day')::timestamp AT TIME ZONE p_zone AS until
        FROM generate_series(
            (now() AT TIME ZONE p_zone)::date - least(greatest(p_days, 1), 90) + 1,
            (now() AT TIME ZONE p_zone)::date, interval '1 day') AS d
    ), placed AS (
        SELECT h.organization_id, d.day, coalesce(f.sequence, h.sequence + 1) AS first,
               coalesce(u.sequence, h.sequence + 1) AS beyond
        FROM public.audit_head h CROSS JOIN days d
        LEFT JOIN LATERAL (
            SELECT e.sequence FROM public.audit_event e
            WHERE e.organization_id = h.organization_id AND e.at >= d.since
            ORDER BY e.at, e.sequence LIMIT 1) f ON true
        LEFT JOIN LATERAL (
            SELECT e.sequence FROM public.audit_event e
            WHERE e.organization_id = h.organization_id AND e.at >= d.until
            ORDER BY e.at, e.sequence LIMIT 1) u ON true
        WHERE h.organization_id = ANY (p_organizations[:200])
    )
    SELECT p.organization_id, p.day, p.beyond - p.first,
           (SELECT count(*) FROM public.audit_event e
            WHERE e.organization_id = p.organization_id AND e.outcome = 'denied'
              AND e.sequence >= p.first AND e.sequence < p.beyond),
           (SELECT count(*) FROM public.audit_event e
            WHERE e.organization_id = p.organization_id AND e.outcome = 'failed'
              AND e.sequence >= p.first AND e.sequence < p.beyond)
    FROM placed p
    ORDER BY p.organization_id, p.day
$$;

-- None of these is the web role's: it serves organizations.
REVOKE ALL ON FUNCTION container_create(uuid, text, text, text[], text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION container_invite_owner(uuid, text, bytea, timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION platform_metrics() FROM PUBLIC;
REVOKE ALL ON FUNCTION ledger_counters(uuid[], integer, text) FROM PUBLIC;
"""

REVERSE = """
DROP FUNCTION ledger_counters(uuid[], integer, text);
DROP FUNCTION platform_metrics();
DROP FUNCTION sign_out_everywhere(uuid);
DROP FUNCTION container_invite_owner(uuid, text, bytea, timestamptz);
DROP FUNCTION container_create(uuid, text, text, text[], text[]);
DROP TRIGGER waits_once ON orgs_organization;
DROP FUNCTION refuse_waiting_again();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orgs", "0017_settings"),
        ("audit", "0002_chain"),
        ("sessions", "0001_initial"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="organization",
            name="state",
            field=models.TextField(
                choices=[
                    ("pending", "Waiting for its first owner"),
                    ("open", "Open"),
                    ("suspended", "Suspended"),
                    ("archived", "Archived"),
                    ("closing", "Closing"),
                ],
                default="pending",
            ),
        ),
        migrations.CreateModel(
            name="PlatformProvider",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid6.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("provider", models.TextField(help_text="Of `config/providers.py`.")),
                ("url", models.URLField(blank=True, default="", max_length=300)),
                (
                    "serves",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), blank=True, default=list, size=None
                    ),
                ),
                ("is_enabled", models.BooleanField(default=True)),
                ("ciphertext", models.BinaryField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("rotated_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("name",),
                        name="platform_provider_name",
                        violation_error_message="A provider with this name exists.",
                    )
                ],
            },
        ),
        migrations.RunSQL(FORWARD, REVERSE),
    ]
