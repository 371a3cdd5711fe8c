"""What the platform portal counts of calls and keys: numbers of everybody, and of one container."""

from __future__ import annotations

from django.db import migrations

FORWARD = """
-- Calls of everybody together, for each of the last days up to today. Where fewer than three
-- organizations called, the sum would say what one of them did: it is withheld.
CREATE FUNCTION platform_calls(p_days integer, p_zone text)
RETURNS TABLE (day date, calls bigint, withheld boolean)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT d::date, CASE WHEN c.organizations = 0 THEN 0 WHEN c.organizations > 2 THEN c.calls END,
           c.organizations BETWEEN 1 AND 2
    FROM generate_series(
        (now() AT TIME ZONE p_zone)::date - least(greatest(p_days, 1), 90) + 1,
        (now() AT TIME ZONE p_zone)::date, interval '1 day') AS d
    CROSS JOIN LATERAL (
        SELECT count(*) AS organizations, coalesce(sum(u.calls), 0)::bigint AS calls
        FROM public.billing_usageday u
        WHERE u.dimension = 'total' AND u.day = d::date AND u.calls > 0
    ) c
    ORDER BY 1
$$;

-- What would stop if this container were shut: how many live keys, and tokens of service accounts.
CREATE FUNCTION container_stops(p_organization uuid) RETURNS TABLE (keys bigint, tokens bigint)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT
        (SELECT count(*) FROM public.projects_key k
         WHERE k.organization_id = p_organization AND k.revoked_at IS NULL
           AND (k.expires_at IS NULL OR k.expires_at > now())),
        (SELECT count(*) FROM public.projects_servicetoken t
         WHERE t.organization_id = p_organization AND t.revoked_at IS NULL
           AND (t.expires_at IS NULL OR t.expires_at > now()))
$$;

REVOKE ALL ON FUNCTION platform_calls(integer, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION container_stops(uuid) FROM PUBLIC;
"""

REVERSE = """
DROP FUNCTION container_stops(uuid);
DROP FUNCTION platform_calls(integer, text);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0006_only_counted"),
        ("orgs", "0018_platform"),
        ("projects", "0023_settings"),
    ]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
