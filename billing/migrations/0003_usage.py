"""Usage by day: the walls of its tables, and the functions that add up the request log.

Each row of the log carries the number of the transaction that wrote it. All rows below the oldest
transaction that still runs here are taken, and the mark moves there: each once, none missed, in
whatever order transactions end. The log itself is only read.
"""

from __future__ import annotations

from django.db import migrations

from orgs.walls import wall

MARK = """
-- One row: how far the log is added up. `counted`: below it all is. While a large stretch is taken
-- in parts, `goal` is where it ends and `place` the time that its ids are taken up to.
CREATE TABLE billing_usagemark (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    zone text NOT NULL DEFAULT '',
    cluster bigint NOT NULL,
    counted bigint NOT NULL DEFAULT 0,
    counted_at timestamptz,
    goal bigint, place timestamptz,
    step interval NOT NULL DEFAULT '1 day',
    taken bigint NOT NULL DEFAULT 0,
    kept_before date
);
ALTER TABLE billing_usagemark ENABLE ROW LEVEL SECURITY;
INSERT INTO billing_usagemark (cluster) SELECT system_identifier FROM pg_control_system();
"""

ADD = """
-- A sum that no report, however large, makes too large for its column.
CREATE FUNCTION usage_sum(p_sum numeric) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT least(coalesce(p_sum, 0), 4000000000000000000)::bigint
$$;

-- The log of these transactions and these ids, added to both rollups. Returns how many rows.
CREATE FUNCTION usage_add(
    p_counted bigint, p_goal bigint, p_from uuid, p_to uuid, p_zone text, p_first date
) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$
    WITH facts AS MATERIALIZED (
        SELECT c.organization_id, (c.at AT TIME ZONE p_zone)::date AS day, c.project_id,
               c.cost_centre_id AS group_id, c.creator_id AS person_id, c.key_id, c.model, c.task,
               count(*) AS rows,
               count(*) FILTER (WHERE c.endpoint = '/v1/keys/verify') AS calls,
               count(*) FILTER (WHERE c.endpoint = '/v1/keys/verify' AND NOT c.allowed) AS refused,
               sum(t.tokens_in) AS tokens_in, sum(t.tokens_out) AS tokens_out,
               sum(c.cost) AS cost
        FROM public.projects_call c, LATERAL (
            -- Every unit that names a token is one or the other.
            SELECT sum(round(u.value::numeric)) FILTER (WHERE u.key !~ 'output|completion|reasoning') AS tokens_in,
                   sum(round(u.value::numeric)) FILTER (WHERE u.key ~ 'output|completion|reasoning') AS tokens_out
            FROM jsonb_each(c.units) u
            WHERE c.endpoint = '/v1/usage' AND u.key LIKE '%token%'
              AND jsonb_typeof(u.value) = 'number'
        ) t
        WHERE c.xid >= p_counted AND c.xid < p_goal AND c.id >= p_from AND c.id < p_to
          AND (p_first IS NULL OR (c.at AT TIME ZONE p_zone)::date >= p_first)
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ), alive AS MATERIALIZED (
        -- What is being deleted is waited for, and what is deleted gets no more.
        SELECT o.id FROM public.orgs_organization o
        WHERE o.id IN (SELECT organization_id FROM facts) ORDER BY o.id FOR KEY SHARE
    ), cube AS (
        INSERT INTO public.billing_usagefact AS f (
            id, organization_id, day, project_id, group_id, person_id, key_id, model, task,
            calls, refused, tokens_in, tokens_out, cost)
        SELECT gen_random_uuid(), organization_id, day, project_id, group_id, person_id, key_id,
               model, task, calls, refused, public.usage_sum(tokens_in),
               public.usage_sum(tokens_out), public.usage_sum(cost)
        FROM facts WHERE organization_id IN (SELECT id FROM alive)
        ON CONFLICT (
            organization_id, day, project_id, group_id, person_id, key_id, model, task
        ) DO UPDATE SET
            calls = f.calls + excluded.calls, refused = f.refused + excluded.refused,
            tokens_in = public.usage_sum(f.tokens_in::numeric + excluded.tokens_in),
            tokens_out = public.usage_sum(f.tokens_out::numeric + excluded.tokens_out),
            cost = public.usage_sum(f.cost::numeric + excluded.cost)
    ), days AS (
        INSERT INTO public.billing_usageday AS d (
            id, organization_id, day, dimension, subject,
            calls, refused, tokens_in, tokens_out, cost)
        SELECT gen_random_uuid(), organization_id, day, s.dimension, s.subject,
               sum(calls), sum(refused), public.usage_sum(sum(tokens_in)),
               public.usage_sum(sum(tokens_out)), public.usage_sum(sum(cost))
        FROM facts, LATERAL (VALUES
            ('total', ''), ('project', coalesce(project_id::text, '')),
            ('group', coalesce(group_id::text, '')), ('person', coalesce(person_id::text, '')),
            ('key', coalesce(key_id::text, '')), ('model', model), ('task', task)
        ) AS s (dimension, subject)
        WHERE organization_id IN (SELECT id FROM alive)
        GROUP BY organization_id, day, s.dimension, s.subject
        ON CONFLICT (organization_id, dimension, day, subject) DO UPDATE SET
            calls = d.calls + excluded.calls, refused = d.refused + excluded.refused,
            tokens_in = public.usage_sum(d.tokens_in::numeric + excluded.tokens_in),
            tokens_out = public.usage_sum(d.tokens_out::numeric + excluded.tokens_out),
            cost = public.usage_sum(d.cost::numeric + excluded.cost)
    )
    SELECT coalesce(sum(rows), 0)::bigint FROM facts
$$;
REVOKE ALL ON FUNCTION usage_add(bigint, bigint, uuid, uuid, text, date) FROM PUBLIC;
"""

ROLL = """
-- Is the log that of another cluster, whose transactions have other numbers, as after a restore?
CREATE FUNCTION usage_is_foreign(p_mark billing_usagemark) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT p_mark.cluster <> (SELECT system_identifier FROM pg_control_system())
        OR greatest(p_mark.counted, p_mark.goal)
           > pg_snapshot_xmax(pg_current_snapshot())::text::bigint
$$;

-- Below this, every transaction of this database has ended, whatever runs in others beside it.
-- One counts as another's only where its lock is held by a session there. What ended meanwhile
-- is visible to whoever looks after this, so it does not matter whose it was.
CREATE FUNCTION usage_goal() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_snapshot pg_snapshot := pg_current_snapshot();
    v_holders jsonb;
BEGIN
    IF pg_snapshot_xmin(v_snapshot) = pg_snapshot_xmax(v_snapshot) THEN
        RETURN pg_snapshot_xmax(v_snapshot)::text::bigint;
    END IF;
    SELECT coalesce(jsonb_object_agg(l.transactionid::text, l.pid), '{}') INTO v_holders
    FROM pg_locks l
    WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted;
    PERFORM pg_stat_clear_snapshot();
    RETURN coalesce(
        (SELECT min(x.xid::text::bigint) FROM pg_snapshot_xip(v_snapshot) AS x (xid)
         WHERE NOT EXISTS (
             SELECT FROM pg_stat_activity a JOIN pg_database d ON d.oid = a.datid
             WHERE a.pid = (v_holders ->> (x.xid::text::bigint & 4294967295)::text)::integer
               AND d.datname <> current_database())),
        pg_snapshot_xmax(v_snapshot)::text::bigint);
END $$;
REVOKE ALL ON FUNCTION usage_goal() FROM PUBLIC;

-- Add up about so many rows of the log, and move the mark. `state`: more (there are), done, busy
-- (somebody else does it) or foreign (`usage_reset` first). What runs it commits after each.
CREATE FUNCTION usage_roll(p_zone text, p_most integer)
RETURNS TABLE (state text, rows bigint, place timestamptz)
LANGUAGE plpgsql SECURITY DEFINER
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    m public.billing_usagemark;
    v_from uuid; v_to uuid; v_until timestamptz; v_begin timestamptz; v_found bigint;
BEGIN
    rows := 0;
    IF NOT pg_try_advisory_xact_lock(hashtext('usage_roll')) THEN
        state := 'busy'; RETURN NEXT; RETURN;
    END IF;
    SELECT * INTO m FROM public.billing_usagemark;
    IF public.usage_is_foreign(m) THEN
        state := 'foreign'; RETURN NEXT; RETURN;
    END IF;
    m.zone := coalesce(nullif(m.zone, ''), p_zone);
    -- Before the first row is read: whatever is below has ended by then.
    m.goal := coalesce(m.goal, public.usage_goal());
    v_from := coalesce(public.uuid_floor(m.place), '00000000-0000-0000-0000-000000000000');
    v_to := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
    LOOP
        SELECT count(*) INTO v_found FROM (
            SELECT FROM public.projects_call c
            WHERE c.xid >= m.counted AND c.xid < m.goal AND c.id >= v_from AND c.id < v_to
            LIMIT p_most + 1) probe;
        EXIT WHEN v_found <= p_most OR v_until IS NOT NULL AND m.step <= interval '1 second';
        IF v_until IS NULL THEN
            v_begin := coalesce(m.place, (
                SELECT min(to_date(right(p.relname, 6), 'YYYYMM')::timestamp AT TIME ZONE 'UTC')
                FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
                WHERE i.inhparent = 'public.projects_call'::regclass
                  AND p.relname ~ '^projects_call_[0-9]{6}$'));
        ELSE
            m.step := m.step / 4;
        END IF;
        v_until := v_begin + m.step;
        v_to := public.uuid_floor(v_until);
    END LOOP;

    -- What a rebuild leaves as it is, is not added to it.
    rows := public.usage_add(m.counted, m.goal, v_from, v_to, m.zone,
                             CASE WHEN m.counted = 0 THEN m.kept_before END);
    IF v_until IS NULL THEN
        m.counted := m.goal; m.goal := NULL; m.place := NULL; state := 'done';
        -- What was logged and is not counted yet is above the mark: until its first is counted.
        m.counted_at := coalesce(
            (SELECT min(c.at) FROM public.projects_call c WHERE c.xid >= m.counted),
            clock_timestamp());
    ELSE
        m.place := v_until; state := 'more';
        IF v_found < p_most / 2 THEN
            m.step := least(m.step * 2, interval '32 days');
        END IF;
    END IF;
    place := m.place;
    UPDATE public.billing_usagemark SET zone = m.zone, counted = m.counted,
        counted_at = m.counted_at, goal = m.goal, place = m.place, step = m.step,
        taken = taken + rows;
    RETURN NEXT;
END $$;

-- How far it is, for pages and commands; `state`: ok, part (a long stretch is being taken), zone
-- (days are those of another zone than asked for) or foreign.
CREATE FUNCTION usage_pending(p_zone text)
RETURNS TABLE (state text, counted_at timestamptz, place timestamptz, zone text, taken bigint,
               kept_before date)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT CASE WHEN public.usage_is_foreign(m) THEN 'foreign'
                WHEN m.zone NOT IN ('', p_zone) THEN 'zone'
                WHEN m.goal IS NOT NULL THEN 'part' ELSE 'ok' END,
           m.counted_at, m.place, m.zone, m.taken, m.kept_before
    FROM public.billing_usagemark m
$$;

-- Begin again from the log, in this zone and this cluster. Days that it no longer holds whole stay
-- as they are. Whoever calls it goes on with `usage_roll` until that is done, and commits then.
CREATE FUNCTION usage_reset(p_zone text) RETURNS date
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_first date; v_began timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('usage_roll'));
    SELECT min(to_date(right(p.relname, 6), 'YYYYMM')::timestamp AT TIME ZONE 'UTC') INTO v_began
    FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
    WHERE i.inhparent = 'public.projects_call'::regclass
      AND p.relname ~ '^projects_call_[0-9]{6}$';
    -- An id is made an instant before the time of its call: the first whole day comes after.
    v_first := ((v_began + interval '1 hour') AT TIME ZONE p_zone)::date + 1;
    DELETE FROM public.billing_usagefact WHERE day >= v_first;
    DELETE FROM public.billing_usageday WHERE day >= v_first;
    -- Numbers of another cluster that this one has yet to give would be met again.
    UPDATE public.projects_call SET xid = pg_current_xact_id()::text::bigint
    WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    UPDATE public.billing_usagemark SET zone = p_zone, counted = 0, goal = NULL, place = NULL,
        step = DEFAULT, kept_before = v_first,
        cluster = (SELECT system_identifier FROM pg_control_system());
    RETURN v_first;
END $$;
REVOKE ALL ON FUNCTION usage_reset(text) FROM PUBLIC;

-- What the web role may not delete goes with its organization.
CREATE FUNCTION forget_usage() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    DELETE FROM public.billing_usagefact WHERE organization_id IN (SELECT id FROM removed);
    DELETE FROM public.billing_usageday WHERE organization_id IN (SELECT id FROM removed);
    RETURN NULL;
END $$;
CREATE TRIGGER usage_forgotten AFTER DELETE ON orgs_organization
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION forget_usage();
"""

REVERSE = """
DROP FUNCTION forget_usage() CASCADE;
DROP FUNCTION usage_reset(text);
DROP FUNCTION usage_pending(text);
DROP FUNCTION usage_roll(text, integer);
DROP FUNCTION usage_goal();
DROP FUNCTION usage_is_foreign(billing_usagemark);
DROP FUNCTION usage_add(bigint, bigint, uuid, uuid, text, date);
DROP FUNCTION usage_sum(numeric);
DROP TABLE billing_usagemark;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_walls"), ("projects", "0019_rollup_mark")]

    operations = [
        wall("billing_usagefact", rights="SELECT", recorded=None),
        wall("billing_usageday", rights="SELECT", recorded=None),
        migrations.RunSQL([MARK, ADD, ROLL], REVERSE),
    ]
