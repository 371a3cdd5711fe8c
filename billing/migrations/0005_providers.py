"""Across the wall, for the jobs that look after what a payment provider has."""

from __future__ import annotations

from django.db import migrations

FORWARD = """
-- Where there is a living subscription at this provider, or an invoice of its own still open.
CREATE FUNCTION organizations_at_provider(p_provider text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT organization_id FROM public.billing_subscription
    WHERE provider = p_provider AND state <> 'ended'
      AND (public.app_org() IS NULL OR organization_id = public.app_org())
    UNION
    SELECT organization_id FROM public.billing_invoice
    WHERE provider = p_provider AND state = 'open'
      AND (public.app_org() IS NULL OR organization_id = public.app_org())
$$;
"""
REVERSE = "DROP FUNCTION organizations_at_provider(text)"


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_next_on")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
