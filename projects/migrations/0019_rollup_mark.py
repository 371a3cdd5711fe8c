"""Which transaction wrote each row of the request log, so that usage is added up once each.

A transaction that began early may commit late: by time or by id its rows would be missed. By its
number they are not: all below the oldest that still runs are known, for good (billing 0003).
"""

from __future__ import annotations

from django.db import migrations

# What is there already gets the number of this migration, without being written again.
# BRIN: next to nothing when a row is added, and enough to find what came since.
FORWARD = """
ALTER TABLE projects_call
    ADD COLUMN xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);
CREATE INDEX call_by_transaction ON projects_call USING brin (xid, id)
    WITH (autosummarize = on);
"""
REVERSE = """
DROP INDEX call_by_transaction;
ALTER TABLE projects_call DROP COLUMN xid;
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0018_records_of_platforms")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
