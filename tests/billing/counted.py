"""Usage that is simply counted, on any day, inside a test's own transaction.

A function of the test database alone; `usage/` tests how the real one adds up the request log.
"""

from __future__ import annotations

import datetime
import json
from typing import Any

from django.conf import settings
from django.db import connection

from orgs.models import Organization
from tests.billing.usage.logged import owner

_PUT = """
    CREATE OR REPLACE FUNCTION usage_put_in_tests(p_org uuid, p_rows jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER AS $$
        INSERT INTO public.billing_usagefact (
            id, organization_id, day, project_id, group_id, person_id, key_id, model, task,
            calls, refused, tokens_in, tokens_out, cost)
        SELECT gen_random_uuid(), p_org, r.day, r.project, r."group", r.person, r.key,
               coalesce(r.model, ''), coalesce(r.task, ''), coalesce(r.calls, 0),
               coalesce(r.refused, 0), coalesce(r.tokens_in, 0), coalesce(r.tokens_out, 0),
               coalesce(r.cost, 0)
        FROM jsonb_to_recordset(p_rows) AS r (
            day date, project uuid, "group" uuid, person uuid, key uuid, model text, task text,
            calls bigint, refused bigint, tokens_in bigint, tokens_out bigint, cost bigint);
        DELETE FROM public.billing_usageday WHERE organization_id = p_org;
        INSERT INTO public.billing_usageday (
            id, organization_id, day, dimension, subject,
            calls, refused, tokens_in, tokens_out, cost)
        SELECT gen_random_uuid(), p_org, f.day, s.dimension, s.subject, sum(calls), sum(refused),
               usage_sum(sum(tokens_in)), usage_sum(sum(tokens_out)), usage_sum(sum(cost))
        FROM public.billing_usagefact f, LATERAL (VALUES
            ('total', ''), ('project', coalesce(project_id::text, '')),
            ('group', coalesce(group_id::text, '')), ('person', coalesce(person_id::text, '')),
            ('key', coalesce(key_id::text, '')), ('model', model), ('task', task)
        ) AS s (dimension, subject)
        WHERE organization_id = p_org GROUP BY f.day, s.dimension, s.subject;
    $$;
"""
_built: set[str] = set()


def count(organization: Organization, *rows: dict[str, Any]) -> None:
    """Each row is a `day` and what was counted on it: `project`, `key` … are rows or ids."""
    name = str(settings.DATABASES["owner"]["NAME"])
    if name not in _built:
        with owner() as connected:
            connected.execute(_PUT)
        _built.add(name)
    said = json.dumps([{key: _plain(value) for key, value in row.items()} for row in rows])
    with connection.cursor() as cursor:
        cursor.execute("SELECT usage_put_in_tests(%s, %s)", [organization.pk, said])


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.date):
        return value.isoformat()
    value = getattr(value, "pk", value)
    return value if isinstance(value, int) or value is None else str(value)
