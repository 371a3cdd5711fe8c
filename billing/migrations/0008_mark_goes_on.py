"""The mark of the request log never goes back, so that no request is added up twice.

A transaction of another database of this server may end between the two looks of `usage_goal`,
which then cannot tell whose it was. It counts as ours, as it should, but what had been counted past
it before stays counted.
"""

from __future__ import annotations

from django.db import migrations

GOAL = """
-- Below this, every transaction of this database has ended, whatever runs in others beside it.
-- One counts as another's only where its lock is held by a session there; what ended meanwhile
-- may have been anybody's, so it counts as ours. What is counted already has ended in any case.
CREATE OR REPLACE FUNCTION usage_goal() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
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
    RETURN greatest((SELECT counted FROM public.billing_usagemark), coalesce(
        (SELECT min(x.xid::text::bigint) FROM pg_snapshot_xip(v_snapshot) AS x (xid)
         WHERE NOT EXISTS (
             SELECT FROM pg_stat_activity a JOIN pg_database d ON d.oid = a.datid
             WHERE a.pid = (v_holders ->> (x.xid::text::bigint & 4294967295)::text)::integer
               AND d.datname <> current_database())),
        pg_snapshot_xmax(v_snapshot)::text::bigint));
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0007_platform")]

    operations = [migrations.RunSQL(GOAL, migrations.RunSQL.noop)]
