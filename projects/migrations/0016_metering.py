"""Keys behind the wall: the request log's table, windows and meters, and what holds on removal.

The functions that answer a platform's questions about keys are in the next migration.
"""

from __future__ import annotations

from django.db import migrations

from config.rights import web_role
from orgs.walls import CASCADE, SET_NULL, wall

MEMBER, GROUP, PROJECT = "orgs_membership", "orgs_group", "projects_project"
KEY, ACCOUNT = "projects_key", "projects_serviceaccount"

CALLS = f"""
CREATE TABLE projects_call (
    id uuid NOT NULL, organization_id uuid NOT NULL, at timestamptz NOT NULL,
    endpoint text NOT NULL, key_id uuid, secret_id uuid, token_id uuid, project_id uuid,
    creator_id uuid, cost_centre_id uuid, verification_id uuid,
    action text NOT NULL, model text NOT NULL, task text NOT NULL, ip inet,
    allowed boolean NOT NULL, reason text NOT NULL, layer text NOT NULL,
    units jsonb, estimate bigint NOT NULL, cost bigint NOT NULL, noted boolean NOT NULL,
    CONSTRAINT projects_call_in_org UNIQUE (organization_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX call_by_key ON projects_call (key_id, id DESC);
CREATE INDEX call_by_project ON projects_call (project_id, id DESC) WHERE project_id IS NOT NULL;
CREATE INDEX call_refused ON projects_call (organization_id, id DESC) WHERE NOT allowed;
CREATE INDEX call_not_noted ON projects_call (organization_id) WHERE NOT (allowed OR noted);
ALTER TABLE projects_call ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON projects_call FOR SELECT USING (organization_id = (SELECT app_org()));
GRANT SELECT ON projects_call TO {web_role()};

-- Where a moment begins among keys that begin with their time (RFC 9562, version 7).
CREATE FUNCTION uuid_floor(p_at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM p_at) * 1000)::bigint), 12, '0')
            || repeat('0', 20))::uuid
$$;

-- One partition a month. What nobody made one for goes into the last, so that nothing is refused.
CREATE TABLE projects_call_other PARTITION OF projects_call DEFAULT;
ALTER TABLE projects_call_other ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON projects_call_other FOR SELECT USING (organization_id = (SELECT app_org()));

CREATE FUNCTION call_partitions(p_from date, p_to date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_month date; v_name text; v_made integer := 0; v_from uuid; v_to uuid; v_strays boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('projects_call'));
    FOR v_month IN
        SELECT generate_series(date_trunc('month', p_from), date_trunc('month', p_to), '1 month')
    LOOP
        v_name := 'projects_call_' || to_char(v_month, 'YYYYMM');
        IF to_regclass('public.' || v_name) IS NOT NULL THEN
            CONTINUE;
        END IF;
        v_from := public.uuid_floor(v_month::timestamp AT TIME ZONE 'UTC');
        v_to := public.uuid_floor((v_month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
        -- What a clock that was ahead left in the last partition comes home first.
        v_strays := EXISTS (
            SELECT FROM public.projects_call_other WHERE id >= v_from AND id < v_to);
        IF v_strays THEN
            ALTER TABLE public.projects_call DETACH PARTITION public.projects_call_other;
        END IF;
        EXECUTE format(
            'CREATE TABLE public.%I PARTITION OF public.projects_call FOR VALUES FROM (%L) TO (%L)',
            v_name, v_from, v_to
        );
        IF v_strays THEN
            INSERT INTO public.projects_call
            SELECT * FROM public.projects_call_other WHERE id >= v_from AND id < v_to;
            DELETE FROM public.projects_call_other WHERE id >= v_from AND id < v_to;
            ALTER TABLE public.projects_call ATTACH PARTITION public.projects_call_other DEFAULT;
        END IF;
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', v_name);
        EXECUTE format(
            'CREATE POLICY wall ON public.%I FOR SELECT'
            ' USING (organization_id = (SELECT public.app_org()))', v_name
        );
        EXECUTE format(
            'ALTER TABLE public.%I ALTER COLUMN organization_id SET (n_distinct = 2)', v_name
        );
        v_made := v_made + 1;
    END LOOP;
    RETURN v_made;
END $$;

-- Whole months older than these are dropped; the present one and the one before always stay.
CREATE FUNCTION call_partitions_drop(p_months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_table record;
    v_dropped integer := 0;
    v_oldest text := to_char(
        clock_timestamp() AT TIME ZONE 'UTC' - make_interval(months => greatest(p_months, 1)), 'YYYYMM'
    );
BEGIN
    FOR v_table IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.projects_call'::regclass
          AND c.relname ~ '^projects_call_[0-9]{{6}}$' AND right(c.relname, 6) < v_oldest
    LOOP
        EXECUTE format('DROP TABLE public.%I', v_table.relname);
        v_dropped := v_dropped + 1;
    END LOOP;
    DELETE FROM public.projects_call_other
    WHERE id < public.uuid_floor(
        date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC'
                   - make_interval(months => greatest(p_months, 1))) AT TIME ZONE 'UTC');
    RETURN v_dropped;
END $$;

SELECT call_partitions((now() - interval '13 months')::date, (now() + interval '3 months')::date);

-- The log refers to nothing by a key, so the end of an organization ends its part of it here.
CREATE FUNCTION forget_calls() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    DELETE FROM public.projects_call WHERE organization_id IN (SELECT id FROM removed);
    DELETE FROM public.projects_reservation WHERE organization_id IN (SELECT id FROM removed);
    DELETE FROM public.projects_receipt WHERE organization_id IN (SELECT id FROM removed);
    RETURN NULL;
END $$;
CREATE TRIGGER calls_forgotten AFTER DELETE ON orgs_organization
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION forget_calls();
"""

METERS = f"""
GRANT SELECT ON projects_modelprice TO {web_role()};

-- When the window began that a moment lies in, by the clocks of a place. Where midnight comes
-- twice, the day begins with the first; PostgreSQL means the second. (Not STRICT, to be inlined.)
CREATE FUNCTION window_start(p_window text, p_at timestamptz, p_zone text) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p_window <> 'hour'
             AND (date_trunc(p_window, p_at, p_zone) - interval '1 hour') AT TIME ZONE p_zone
                 = date_trunc(p_window, p_at, p_zone) AT TIME ZONE p_zone
        THEN date_trunc(p_window, p_at, p_zone) - interval '1 hour'
        ELSE date_trunc(p_window, p_at, p_zone) END
$$;

-- A day there may have 23 or 25 hours; an hour is an hour.
-- (Not STRICT, so that PostgreSQL runs it in place: a tenth of the time.)
CREATE FUNCTION window_end(p_window text, p_start timestamptz, p_zone text) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_window = 'hour' THEN p_start + interval '1 hour'
           -- Cut again: where midnight is left out, the day began at one, and the next does not.
           ELSE public.window_start(p_window,
               (date_trunc(p_window, p_start AT TIME ZONE p_zone) + ('1 ' || p_window)::interval)
               AT TIME ZONE p_zone, p_zone)
           END
$$;

-- What was spent under a limit since a moment, by the request log.
CREATE FUNCTION spent_since(p_limit projects_limit, p_since timestamptz) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT least(coalesce(sum(c.cost), 0), 4000000000000000000)::bigint
    FROM public.projects_call c
    WHERE c.organization_id = p_limit.organization_id
      -- An id is made an instant before the time of its call.
      AND c.id >= public.uuid_floor(p_since - interval '1 minute')
      AND c.at >= p_since AND c.cost <> 0
      AND CASE p_limit.layer
          WHEN 'key' THEN c.key_id = p_limit.key_id
          WHEN 'creator' THEN c.creator_id = p_limit.creator_id
          WHEN 'project' THEN c.project_id = p_limit.project_id
          WHEN 'group' THEN c.cost_centre_id = p_limit.group_id
          ELSE true END
$$;

-- Each limit has a meter. A budget that begins, or counts in another window, starts from the log.
CREATE FUNCTION keep_meter() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_start timestamptz := public.window_start(NEW.window, clock_timestamp(), NEW.zone);
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.projects_meter
            (id, organization_id, window_at, spent, reserved, minute, minute_count, told)
        VALUES (NEW.id, NEW.organization_id, v_start, 0, 0, 'epoch', 0, 0);
        IF NEW.layer = 'key'
                AND NOT EXISTS (SELECT FROM public.projects_call WHERE key_id = NEW.key_id) THEN
            RETURN NULL;  -- A new key has spent nothing.
        END IF;
    END IF;
    IF NEW.budget IS NOT NULL THEN
        -- What is being settled is waited for, and who settles after this waits for the new limit:
        -- so each report is either in the log that is read here, or added by whoever settles it.
        PERFORM pg_advisory_xact_lock(hashtextextended('settle ' || NEW.organization_id, 0));
        PERFORM 1 FROM public.projects_meter WHERE id = NEW.id FOR UPDATE;
        UPDATE public.projects_meter
        SET window_at = v_start, spent = public.spent_since(NEW, v_start), told = 0
        WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER metered AFTER INSERT ON projects_limit FOR EACH ROW EXECUTE FUNCTION keep_meter();
CREATE TRIGGER metered_again AFTER UPDATE OF budget, "window", zone ON projects_limit
    FOR EACH ROW WHEN (
        NEW.budget IS DISTINCT FROM OLD.budget OR NEW.window <> OLD.window OR NEW.zone <> OLD.zone
    ) EXECUTE FUNCTION keep_meter();

-- A creator who leaves, by whatever path, leaves no key that works (S2-151).
CREATE FUNCTION revoke_keys_of_leavers() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE public.projects_key SET creator_id = NULL,
        revoked_at = coalesce(revoked_at, clock_timestamp()),
        revoke_reason = CASE WHEN revoked_at IS NULL THEN 'Its creator left the organization.'
                             ELSE revoke_reason END
    WHERE organization_id = OLD.organization_id AND creator_id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER keys_revoked BEFORE DELETE ON orgs_membership
    FOR EACH ROW EXECUTE FUNCTION revoke_keys_of_leavers();

-- A service account that goes takes the life of its keys with it, and leaves their rows.
CREATE FUNCTION revoke_keys_of_accounts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE public.projects_key SET account_id = NULL,
        revoked_at = coalesce(revoked_at, clock_timestamp()),
        revoke_reason = CASE WHEN revoked_at IS NULL THEN 'Its service account was deleted.'
                             ELSE revoke_reason END
    WHERE organization_id = OLD.organization_id AND account_id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER keys_revoked BEFORE DELETE ON projects_serviceaccount
    FOR EACH ROW EXECUTE FUNCTION revoke_keys_of_accounts();
"""

REVERSE = """
DROP FUNCTION revoke_keys_of_accounts() CASCADE;
DROP FUNCTION revoke_keys_of_leavers() CASCADE;
DROP FUNCTION keep_meter() CASCADE;
DROP FUNCTION spent_since(projects_limit, timestamptz);
DROP FUNCTION window_end(text, timestamptz, text);
DROP FUNCTION window_start(text, timestamptz, text);
DROP FUNCTION forget_calls() CASCADE;
DROP FUNCTION call_partitions_drop(integer);
DROP FUNCTION call_partitions(date, date);
DROP TABLE projects_call;
DROP FUNCTION uuid_floor(timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0015_keys"), ("orgs", "0009_plans")]

    operations = [
        wall(ACCOUNT, keys={"created_by_id": (MEMBER, SET_NULL)}),
        wall(
            KEY,
            keys={
                "project_id": (PROJECT, CASCADE),
                "creator_id": (MEMBER, SET_NULL),
                "account_id": (ACCOUNT, SET_NULL),
                "cost_centre_id": (GROUP, SET_NULL),
            },
        ),
        wall(
            "projects_keysecret",
            keys={"key_id": (KEY, CASCADE)},
            # Being used is no deed.
            recorded="INSERT OR DELETE OR UPDATE OF key_id, digest, prefix, suffix, ends_at",
        ),
        wall(
            "projects_serviceaccountproject",
            keys={
                "account_id": (ACCOUNT, CASCADE),
                "project_id": (PROJECT, CASCADE),
                "granted_by_id": (MEMBER, SET_NULL),
            },
        ),
        wall(
            "projects_servicetoken",
            keys={"account_id": (ACCOUNT, CASCADE)},
            recorded="INSERT OR DELETE OR UPDATE OF account_id, name, scopes, digest, expires_at,"
            " revoked_at, revoked_by, revoke_reason",
        ),
        wall(
            "projects_limit",
            keys={
                "group_id": (GROUP, CASCADE),
                "project_id": (PROJECT, CASCADE),
                "creator_id": (MEMBER, CASCADE),
                "key_id": (KEY, CASCADE),
                "changed_by_id": (MEMBER, SET_NULL),
            },
        ),
        wall(
            "projects_meter",
            keys={"id": ("projects_limit", CASCADE)},
            rights="SELECT",
            recorded=None,
        ),
        wall("projects_reservation", rights="SELECT", recorded=None),
        wall("projects_receipt", rights="SELECT", recorded=None),
        migrations.RunSQL([CALLS, METERS], REVERSE),
        # Written on every call: room on each page for the next version of a row.
        migrations.RunSQL(
            "ALTER TABLE projects_meter SET (fillfactor = 50);"
            "ALTER TABLE projects_keysecret SET (fillfactor = 70)",
            migrations.RunSQL.noop,
        ),
    ]
