"""Support windows and support cases.

A window is a membership with an end: whatever decides on memberships decides on it. It takes no
seat, is no Owner's, and is gone once it is over.
"""

from __future__ import annotations

import datetime
from typing import Any

import django.db.models.deletion
import django.utils.timezone
import uuid6
from django.db import migrations, models

from config.rights import web_role
from orgs.walls import CASCADE, SET_NULL, wall

WEEK = models.Value(datetime.timedelta(days=7))


def _pk() -> models.UUIDField[Any, Any]:
    return models.UUIDField(default=uuid6.uuid7, editable=False, primary_key=True, serialize=False)


def _organization() -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to="orgs.organization",
    )


def _member() -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="orgs.membership",
    )


# Support takes no seat, whatever the plan.
COUNT = """
CREATE OR REPLACE FUNCTION count_memberships() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE line record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        FOR line IN
            SELECT organization_id, sum(public.is_active_owner(role, person_id)) AS owners,
                   count(*) AS members,
                   count(person_id) FILTER (WHERE origin <> 'support') AS seats
            FROM added GROUP BY organization_id
        LOOP
            PERFORM public.count_organization(
                line.organization_id, line.owners, line.members, 0, line.seats);
        END LOOP;
    ELSIF TG_OP = 'DELETE' THEN
        FOR line IN
            SELECT organization_id, sum(public.is_active_owner(role, person_id)) AS owners,
                   count(*) AS members,
                   count(person_id) FILTER (WHERE origin <> 'support') AS seats
            FROM removed GROUP BY organization_id
        LOOP
            PERFORM public.count_organization(
                line.organization_id, -line.owners, -line.members, 0, -line.seats);
        END LOOP;
    ELSE
        FOR line IN
            SELECT a.organization_id,
                   sum(public.is_active_owner(a.role, a.person_id)
                       - public.is_active_owner(r.role, r.person_id)) AS owners,
                   count(a.person_id) FILTER (WHERE a.origin <> 'support')
                       - count(r.person_id) FILTER (WHERE r.origin <> 'support') AS seats
            FROM added a JOIN removed r USING (id)
            WHERE (a.role, a.person_id, a.origin)
                  IS DISTINCT FROM (r.role, r.person_id, r.origin)
            GROUP BY a.organization_id
        LOOP
            PERFORM public.count_organization(line.organization_id, line.owners, 0, 0, line.seats);
        END LOOP;
    END IF;
    RETURN NULL;
END $$;
"""

WINDOWS = """
-- A membership that goes takes its window along, by whatever path it goes.
CREATE FUNCTION close_support_window() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE public.orgs_supportwindow SET closed_at = clock_timestamp()
    WHERE organization_id = OLD.organization_id AND membership_id = OLD.id AND closed_at IS NULL;
    RETURN OLD;
END $$;
CREATE TRIGGER window_closed BEFORE DELETE ON orgs_membership FOR EACH ROW
    WHEN (OLD.origin = 'support') EXECUTE FUNCTION close_support_window();

-- What the banner of every page says stands on the organization's row, so that binding brings it.
CREATE FUNCTION tell_support() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_organization uuid := coalesce(NEW.organization_id, OLD.organization_id);
BEGIN
    -- Two windows that close at the same time: the second one reads what the first one left.
    PERFORM FROM public.orgs_organization WHERE id = v_organization FOR NO KEY UPDATE;
    UPDATE public.orgs_organization o
    SET support_until = w.until, support_names = coalesce(w.names, '')
    FROM (SELECT max(s.until) AS until,
                 string_agg(s.name, ', ' ORDER BY s.opened_at, s.id) AS names
          FROM public.orgs_supportwindow s
          WHERE s.organization_id = v_organization AND s.closed_at IS NULL) w
    WHERE o.id = v_organization;
    RETURN NULL;
END $$;
CREATE TRIGGER told AFTER INSERT OR DELETE OR UPDATE OF closed_at, until, name
    ON orgs_supportwindow FOR EACH ROW EXECUTE FUNCTION tell_support();

-- Is this the proved address of somebody in support? Only inside an organization: it answers the
-- same for an address that nobody has and for one of anybody else.
CREATE FUNCTION support_person(p_email text) RETURNS TABLE (id uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT u.id, coalesce(nullif(u.name, ''), u.email)
    FROM public.account_emailaddress a JOIN public.accounts_user u ON u.id = a.user_id
    WHERE lower(a.email) = p_email AND a.verified AND u.is_staff AND u.is_active
      AND EXISTS (SELECT FROM public.orgs_organization o WHERE o.id = public.app_org())
$$;

-- The windows whose time is up, for the job that clears them away.
CREATE FUNCTION support_windows_over(p_now timestamptz)
RETURNS TABLE (organization_id uuid, id uuid) LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT w.organization_id, w.id FROM public.orgs_supportwindow w
    WHERE w.closed_at IS NULL AND w.until <= p_now
      AND (SELECT public.app_org()) IS NULL
    ORDER BY w.until, w.id
$$;

-- As it was, and: what stands over the organization, until when support may stay, and that only
-- somebody who still is in support is let in by a window.
DROP FUNCTION bind_request(text, uuid);
CREATE FUNCTION bind_request(p_slug text, p_person uuid) RETURNS TABLE (
    id uuid, name text, slug text, state text, state_reason text, closes_at timestamptz,
    policies text[], plan text, seats integer, owner_count integer, member_count integer,
    group_count integer, seats_used integer, entitlements text[],
    membership_id uuid, role text, member_name text, unread integer, group_roles text[],
    window_ends timestamptz, support_until timestamptz, support_names text,
    claim_ripe_at timestamptz, claim_name text
) LANGUAGE plpgsql SECURITY DEFINER SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE v_seen timestamptz;
BEGIN
    SELECT o.id, o.name, o.slug, o.state, o.state_reason, o.closes_at, o.policies, o.plan, o.seats,
           o.owner_count, o.member_count, o.group_count, o.seats_used, o.entitlements,
           m.id, m.role, m.name, m.unread,
           coalesce((
               SELECT array_agg(DISTINCT p.codename::text)
               FROM public.orgs_groupmembership s
               JOIN public.orgs_grouprole g ON g.group_id = s.group_id
               JOIN public.auth_permission p ON p.id = g.permission_id
               WHERE s.membership_id = m.id
                 AND (s.expires_at IS NULL OR s.expires_at > now())
                 AND (g.expires_at IS NULL OR g.expires_at > now())
           ), '{}'),
           CASE WHEN m.origin = 'support' THEN m.expires_at END,
           o.support_until, o.support_names, o.claim_ripe_at, o.claim_name,
           m.last_active_at
    INTO id, name, slug, state, state_reason, closes_at, policies, plan, seats,
         owner_count, member_count, group_count, seats_used, entitlements,
         membership_id, role, member_name, unread, group_roles,
         window_ends, support_until, support_names, claim_ripe_at, claim_name, v_seen
    FROM public.orgs_organization o
    JOIN public.orgs_membership m ON m.organization_id = o.id
    JOIN public.accounts_user u ON u.id = m.person_id
    WHERE o.slug = p_slug AND m.person_id = p_person AND u.is_active
      AND (m.expires_at IS NULL OR m.expires_at > now())
      AND (m.origin <> 'support' OR u.is_staff);
    IF NOT FOUND THEN
        PERFORM set_config('app.organization', '', true);
        RETURN;
    END IF;
    -- A window is ended when nothing that came through it runs any more, and nothing comes after.
    IF window_ends IS NOT NULL THEN
        PERFORM FROM public.orgs_membership
        WHERE orgs_membership.id = membership_id FOR KEY SHARE;
        IF NOT FOUND THEN
            PERFORM set_config('app.organization', '', true);
            RETURN;
        END IF;
    END IF;
    PERFORM set_config('app.organization', id::text, true);
    IF v_seen IS NULL OR v_seen < clock_timestamp() - interval '10 minutes' THEN
        -- A full disk keeps nobody from reading.
        BEGIN
            UPDATE public.orgs_membership SET last_active_at = clock_timestamp()
            WHERE orgs_membership.id = membership_id;
        EXCEPTION WHEN insufficient_resources OR read_only_sql_transaction THEN NULL;
        END;
    END IF;
    RETURN NEXT;
END $$;
"""

# Back to what earlier migrations made is not kept as a second copy of it.
REVERSE = """
DROP FUNCTION support_windows_over(timestamptz);
DROP FUNCTION support_person(text);
DROP FUNCTION tell_support() CASCADE;
DROP FUNCTION close_support_window() CASCADE;
"""

# As with the counters: a new row may be written whole, and never changed here by the web role.
RIGHTS = f"""
GRANT INSERT (support_until, support_names, claim_ripe_at, claim_name)
    ON orgs_organization TO {web_role()};
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0013_webhooks")]

    operations = [
        migrations.AddField(
            "organization", "support_until", models.DateTimeField(editable=False, null=True)
        ),
        migrations.AddField(
            "organization",
            "support_names",
            models.TextField(db_default="", default="", editable=False),
        ),
        migrations.AddField(
            "organization", "claim_ripe_at", models.DateTimeField(editable=False, null=True)
        ),
        migrations.AddField(
            "organization",
            "claim_name",
            models.TextField(db_default="", default="", editable=False),
        ),
        migrations.AlterField(
            "membership",
            "origin",
            models.TextField(
                choices=[
                    ("founded", "Founded the organization"),
                    ("invited", "Invited"),
                    ("imported", "Imported from a roster"),
                    ("support", "Let in as support"),
                ],
                default="invited",
            ),
        ),
        migrations.AddConstraint(
            "membership",
            models.CheckConstraint(
                condition=~models.Q(origin="support")
                | models.Q(
                    role__in=["viewer", "admin"],
                    expires_at__isnull=False,
                    expires_at__lte=models.F("joined_at") + WEEK,
                ),
                name="membership_support_ends",
                violation_error_message="Support is let in as Viewer or Admin, for a week at most.",
            ),
        ),
        migrations.CreateModel(
            name="SupportWindow",
            fields=[
                ("id", _pk()),
                ("organization", _organization()),
                ("membership", _member()),
                ("name", models.CharField(max_length=100)),
                ("email", models.EmailField(max_length=254)),
                ("may_change", models.BooleanField(default=False)),
                ("reason", models.CharField(max_length=500)),
                ("opened_by", _member()),
                ("opened_by_name", models.CharField(max_length=100)),
                ("opened_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by", _member()),
                (
                    "closed_by_name",
                    models.CharField(
                        db_default="", default="", help_text="Empty: it ran out.", max_length=100
                    ),
                ),
                ("actor", models.UUIDField(help_text="The id of the membership, kept.")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(closed_at__isnull=True),
                        fields=("organization", "email"),
                        name="support_window_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(until__gt=models.F("opened_at"))
                        & models.Q(until__lte=models.F("opened_at") + WEEK),
                        name="support_window_length",
                    ),
                ],
                "indexes": [
                    models.Index(
                        fields=["organization", "-opened_at", "-id"],
                        name="support_window_by_time",
                    ),
                    models.Index(
                        condition=models.Q(closed_at__isnull=True),
                        fields=["until"],
                        name="support_window_due",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SupportCase",
            fields=[
                ("id", _pk()),
                ("organization", _organization()),
                ("number", models.PositiveIntegerField(help_text="Counted in the organization.")),
                ("subject", models.CharField(max_length=150)),
                ("text", models.TextField(max_length=5000)),
                (
                    "urgency",
                    models.TextField(
                        choices=[
                            ("low", "When there is time"),
                            ("normal", "This week"),
                            ("high", "Today: work stands still"),
                        ],
                        default="normal",
                    ),
                ),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("open", "Open"),
                            ("waiting", "Waiting for support"),
                            ("solved", "Solved"),
                        ],
                        default="waiting",
                    ),
                ),
                ("opened_by", _member()),
                ("opened_by_name", models.CharField(max_length=100)),
                ("opened_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "number"), name="support_case_number_once"
                    ),
                ],
                "indexes": [
                    models.Index(
                        fields=["organization", "-changed_at", "-id"],
                        name="support_case_by_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SupportNote",
            fields=[
                ("id", _pk()),
                ("organization", _organization()),
                (
                    "case",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="notes",
                        to="orgs.supportcase",
                    ),
                ),
                ("written_by", _member()),
                ("written_by_name", models.CharField(max_length=100)),
                ("text", models.TextField(max_length=5000)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["case", "at", "id"], name="support_note_by_time"),
                ],
            },
        ),
        wall(
            "orgs_supportwindow",
            keys={
                "membership_id": ("orgs_membership", SET_NULL),
                "opened_by_id": ("orgs_membership", SET_NULL),
                "closed_by_id": ("orgs_membership", SET_NULL),
            },
        ),
        wall("orgs_supportcase", keys={"opened_by_id": ("orgs_membership", SET_NULL)}),
        wall(
            "orgs_supportnote",
            keys={
                "case_id": ("orgs_supportcase", CASCADE),
                "written_by_id": ("orgs_membership", SET_NULL),
            },
        ),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
        migrations.RunSQL(WINDOWS, REVERSE),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
