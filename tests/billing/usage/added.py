"""Adding up inside a test's own transaction, whose rows the real job must not see yet.

A function of the test database alone; `test_rollup_races.py` has the real one, on real commits.
"""

from __future__ import annotations

import datetime
import json
from typing import Any

from django.conf import settings
from django.db import connection

from orgs.models import Organization
from tests.billing.usage.logged import owner, row_of

_HERE = """
    CREATE SCHEMA IF NOT EXISTS usage_tests;
    GRANT USAGE ON SCHEMA usage_tests TO PUBLIC;
    CREATE OR REPLACE FUNCTION usage_tests.add_up(p_zone text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        DELETE FROM public.billing_usagefact WHERE organization_id IN (
            SELECT organization_id FROM public.projects_call
            WHERE xid = pg_current_xact_id()::text::bigint);
        DELETE FROM public.billing_usageday WHERE organization_id IN (
            SELECT organization_id FROM public.projects_call
            WHERE xid = pg_current_xact_id()::text::bigint);
        RETURN public.usage_add(
            pg_current_xact_id()::text::bigint, pg_current_xact_id()::text::bigint + 1,
            '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff',
            p_zone, NULL);
    END $$;
    -- The log's rows are written by functions alone, and by this one as they are told.
    CREATE OR REPLACE FUNCTION usage_tests.log(p_row jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER AS $$
        INSERT INTO public.projects_call (
            id, organization_id, at, endpoint, key_id, project_id, creator_id, cost_centre_id,
            action, model, task, allowed, reason, layer, units, estimate, cost, noted)
        SELECT (p_row ->> 'id')::uuid, (p_row ->> 'organization')::uuid,
               (p_row ->> 'at')::timestamptz, p_row ->> 'endpoint', (p_row ->> 'key')::uuid,
               (p_row ->> 'project')::uuid, (p_row ->> 'person')::uuid, (p_row ->> 'group')::uuid,
               '', p_row ->> 'model', p_row ->> 'task', (p_row ->> 'allowed')::boolean, '', '',
               nullif(p_row -> 'units', 'null'), 0, (p_row ->> 'cost')::bigint, true
    $$;
"""
_built: set[str] = set()


def add_up(zone: str = "") -> int:
    """Both rollups of what this test logged, from the beginning. Returns how many rows it took."""
    _build()
    with connection.cursor() as cursor:
        cursor.execute("SELECT usage_tests.add_up(%s)", [zone or settings.TIME_ZONE])
        return int(cursor.fetchone()[0])


def log_here(
    organization: Organization, *, at: datetime.datetime | None = None, **said: Any
) -> None:
    """One row of the request log in the test's own transaction."""
    _build()
    row = row_of(organization, at, said)
    with connection.cursor() as cursor:
        cursor.execute("SELECT usage_tests.log(%s::jsonb)", [json.dumps(row, default=str)])


def _build() -> None:
    name = str(settings.DATABASES["owner"]["NAME"])
    if name not in _built:
        with owner() as connected:
            connected.execute(_HERE)
        _built.add(name)
