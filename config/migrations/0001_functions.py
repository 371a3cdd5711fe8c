"""What every table leans on: what a transaction is bound to, and how names compare."""

from django.db import migrations

FORWARD = """
-- The organization of this transaction; null where none is bound, so that a wall lets nothing through.
CREATE FUNCTION app_org() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('app.organization', true), '')::uuid $$;

-- Is this the portal, which sees the containers and none of the contents?
CREATE FUNCTION app_portal() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(current_setting('app.portal', true) = 'on', false) $$;

-- Binds the transaction to an organization and returns what was bound before.
CREATE FUNCTION bind_organization(p_organization uuid) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE before uuid := public.app_org();
BEGIN
    PERFORM set_config('app.organization', coalesce(p_organization::text, ''), true);
    RETURN before;
END $$;

-- A name without case and accents: Omer and Ömer stand together.
CREATE FUNCTION fold_name(p_name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS
$$ SELECT lower(regexp_replace(normalize(p_name, NFKD), '[\u0300-\u036f]', '', 'g')) $$;
"""

REVERSE = """
DROP FUNCTION fold_name(text);
DROP FUNCTION bind_organization(uuid);
DROP FUNCTION app_portal();
DROP FUNCTION app_org();
"""


class Migration(migrations.Migration):
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
