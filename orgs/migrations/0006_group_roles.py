"""Roles of groups at the binding, ends of memberships and seats, and the count of unread notices."""

from __future__ import annotations

from django.db import migrations

from config.rights import web_role
from orgs.walls import CASCADE, SET_NULL, wall

FORWARD = """
-- An end that has come counts like a removal, at the moment it is asked.
DROP FUNCTION bind_request(text, uuid);
CREATE FUNCTION bind_request(p_slug text, p_person uuid) RETURNS TABLE (
    id uuid, name text, slug text, state text, state_reason text, closes_at timestamptz,
    policies text[], plan text, seats integer, owner_count integer, member_count integer,
    group_count integer, seats_used integer, entitlements text[],
    membership_id uuid, role text, member_name text, unread integer, group_roles text[]
) LANGUAGE plpgsql SECURITY DEFINER AS $$
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
           m.last_active_at
    INTO id, name, slug, state, state_reason, closes_at, policies, plan, seats,
         owner_count, member_count, group_count, seats_used, entitlements,
         membership_id, role, member_name, unread, group_roles, v_seen
    FROM public.orgs_organization o
    JOIN public.orgs_membership m ON m.organization_id = o.id
    JOIN public.accounts_user u ON u.id = m.person_id
    WHERE o.slug = p_slug AND m.person_id = p_person AND u.is_active
      AND (m.expires_at IS NULL OR m.expires_at > now());
    IF NOT FOUND THEN
        PERFORM set_config('app.organization', '', true);
        RETURN;
    END IF;
    PERFORM set_config('app.organization', id::text, true);
    IF v_seen IS NULL OR v_seen < clock_timestamp() - interval '10 minutes' THEN
        UPDATE public.orgs_membership SET last_active_at = clock_timestamp()
        WHERE orgs_membership.id = membership_id;
    END IF;
    RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION organizations_of(p_person uuid)
RETURNS TABLE (id uuid, name text, slug text, state text, role text)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT o.id, o.name, o.slug, o.state, m.role
    FROM public.orgs_membership m JOIN public.orgs_organization o ON o.id = m.organization_id
    WHERE m.person_id = p_person AND (m.expires_at IS NULL OR m.expires_at > now())
    ORDER BY lower(o.name), o.id
$$;

-- The bell's number stands on the membership, so that binding brings it along.
CREATE FUNCTION count_unread() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE public.orgs_membership m SET unread = m.unread + n.more
        FROM (SELECT membership_id, count(*) AS more FROM added WHERE read_at IS NULL
              GROUP BY membership_id) n
        WHERE m.id = n.membership_id;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE public.orgs_membership m SET unread = m.unread - n.less
        FROM (SELECT membership_id, count(*) AS less FROM removed WHERE read_at IS NULL
              GROUP BY membership_id) n
        WHERE m.id = n.membership_id;
    ELSE
        UPDATE public.orgs_membership m SET unread = m.unread + n.more
        FROM (SELECT a.membership_id,
                     sum((a.read_at IS NULL)::integer - (r.read_at IS NULL)::integer) AS more
              FROM added a JOIN removed r USING (id) GROUP BY a.membership_id) n
        WHERE m.id = n.membership_id AND n.more <> 0;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER unread_in AFTER INSERT ON orgs_notice
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_unread();
CREATE TRIGGER unread_again AFTER UPDATE ON orgs_notice
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_unread();
CREATE TRIGGER unread_out AFTER DELETE ON orgs_notice
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_unread();

-- When a membership ends is as much a change as its role.
DROP TRIGGER recorded ON orgs_membership;
CREATE CONSTRAINT TRIGGER recorded AFTER INSERT OR DELETE
    OR UPDATE OF person_id, role, name, email, login, reason, expires_at
    ON orgs_membership DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION refuse_unrecorded('organization_id');
"""

# Back to what 0004 made is not kept as a second copy of it: the two are released together.
REVERSE = """
DROP TRIGGER unread_out ON orgs_notice;
DROP TRIGGER unread_again ON orgs_notice;
DROP TRIGGER unread_in ON orgs_notice;
DROP FUNCTION count_unread();
"""

RIGHTS = f"""
GRANT INSERT (entitlements), UPDATE (entitlements) ON orgs_organization TO {web_role()};
DROP TRIGGER recorded ON orgs_organization;
CREATE CONSTRAINT TRIGGER recorded AFTER INSERT OR DELETE
    OR UPDATE OF name, slug, state, state_reason, closes_at, policies, plan, seats, entitlements
    ON orgs_organization DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION refuse_unrecorded('id');
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0005_grants"), ("audit", "0002_chain")]

    operations = [
        wall(
            "orgs_grouprole",
            keys={
                "group_id": ("orgs_group", CASCADE),
                "granted_by_id": ("orgs_membership", SET_NULL),
            },
        ),
        wall("orgs_notice", keys={"membership_id": ("orgs_membership", CASCADE)}, recorded=None),
        migrations.RunSQL(FORWARD, REVERSE),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
