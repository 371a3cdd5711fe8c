"""What must hold on every path: owners, seats, counts, and nothing left of who was removed.

The counters on the organization row are kept by statement triggers; the CHECKs of the table
refuse what would break the rule. Two owners who step down at the same time meet at that row.
"""

from __future__ import annotations

from django.db import migrations

FORWARD = """
-- An owner counts while the account is active. The share lock makes an account that is being
-- disabled at this moment wait, or be waited for.
CREATE FUNCTION is_active_owner(p_role text, p_person uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_active boolean;
BEGIN
    IF p_role <> 'owner' OR p_person IS NULL THEN RETURN 0; END IF;
    SELECT is_active INTO v_active FROM public.accounts_user WHERE id = p_person FOR SHARE;
    RETURN coalesce(v_active, false)::integer;
END $$;

-- Adds to an organization's counters. Taking a seat first frees those of overdue invitations.
CREATE FUNCTION count_organization(
    p_organization uuid, p_owners bigint, p_members bigint, p_groups bigint, p_seats bigint
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF (p_owners, p_members, p_groups, p_seats) = (0, 0, 0, 0) THEN RETURN; END IF;
    IF p_seats > 0 THEN
        PERFORM FROM public.orgs_organization WHERE id = p_organization FOR NO KEY UPDATE;
        UPDATE public.orgs_invitation SET state = 'expired'
        WHERE organization_id = p_organization AND state = 'pending'
          AND expires_at <= clock_timestamp();
    END IF;
    UPDATE public.orgs_organization
    SET owner_count = owner_count + p_owners, member_count = member_count + p_members,
        group_count = group_count + p_groups, seats_used = seats_used + p_seats
    WHERE id = p_organization;
END $$;

-- Only the triggers count: a counter that anyone may add to holds nothing.
REVOKE ALL ON FUNCTION count_organization(uuid, bigint, bigint, bigint, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION is_active_owner(text, uuid) FROM PUBLIC;

CREATE FUNCTION count_memberships() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE line record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        FOR line IN
            SELECT organization_id, sum(public.is_active_owner(role, person_id)) AS owners,
                   count(*) AS members, count(person_id) AS seats
            FROM added GROUP BY organization_id
        LOOP
            PERFORM public.count_organization(
                line.organization_id, line.owners, line.members, 0, line.seats);
        END LOOP;
    ELSIF TG_OP = 'DELETE' THEN
        FOR line IN
            SELECT organization_id, sum(public.is_active_owner(role, person_id)) AS owners,
                   count(*) AS members, count(person_id) AS seats
            FROM removed GROUP BY organization_id
        LOOP
            PERFORM public.count_organization(
                line.organization_id, -line.owners, -line.members, 0, -line.seats);
        END LOOP;
    ELSE
        FOR line IN
            SELECT a.organization_id,
                   sum(public.is_active_owner(a.role, a.person_id)
                       - public.is_active_owner(r.role, r.person_id)) AS owners,
                   count(a.person_id) - count(r.person_id) AS seats
            FROM added a JOIN removed r USING (id)
            WHERE (a.role, a.person_id) IS DISTINCT FROM (r.role, r.person_id)
            GROUP BY a.organization_id
        LOOP
            PERFORM public.count_organization(line.organization_id, line.owners, 0, 0, line.seats);
        END LOOP;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER counted_in AFTER INSERT ON orgs_membership
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_memberships();
CREATE TRIGGER counted_again AFTER UPDATE ON orgs_membership
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_memberships();
CREATE TRIGGER counted_out AFTER DELETE ON orgs_membership
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_memberships();

-- A pending invitation holds one seat.
CREATE FUNCTION count_invitations() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE line record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        FOR line IN SELECT organization_id, count(*) AS seats FROM added
            WHERE state = 'pending' GROUP BY organization_id
        LOOP
            PERFORM public.count_organization(line.organization_id, 0, 0, 0, line.seats);
        END LOOP;
    ELSIF TG_OP = 'DELETE' THEN
        FOR line IN SELECT organization_id, count(*) AS seats FROM removed
            WHERE state = 'pending' GROUP BY organization_id
        LOOP
            PERFORM public.count_organization(line.organization_id, 0, 0, 0, -line.seats);
        END LOOP;
    ELSE
        FOR line IN
            SELECT a.organization_id,
                   sum((a.state = 'pending')::integer - (r.state = 'pending')::integer) AS seats
            FROM added a JOIN removed r USING (id) GROUP BY a.organization_id
        LOOP
            PERFORM public.count_organization(line.organization_id, 0, 0, 0, line.seats);
        END LOOP;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER counted_in AFTER INSERT ON orgs_invitation
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_invitations();
CREATE TRIGGER counted_again AFTER UPDATE ON orgs_invitation
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_invitations();
CREATE TRIGGER counted_out AFTER DELETE ON orgs_invitation
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_invitations();

CREATE FUNCTION count_groups() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE line record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        FOR line IN SELECT organization_id, count(*) AS n FROM added GROUP BY organization_id LOOP
            PERFORM public.count_organization(line.organization_id, 0, 0, line.n, 0);
        END LOOP;
    ELSE
        FOR line IN SELECT organization_id, count(*) AS n FROM removed GROUP BY organization_id LOOP
            PERFORM public.count_organization(line.organization_id, 0, 0, -line.n, 0);
        END LOOP;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER counted_in AFTER INSERT ON orgs_group
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_groups();
CREATE TRIGGER counted_out AFTER DELETE ON orgs_group
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_groups();

-- An account that is disabled or enabled changes who counts as an owner, everywhere at once.
CREATE FUNCTION count_owner_accounts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE public.orgs_organization o
    SET owner_count = owner_count + NEW.is_active::integer - OLD.is_active::integer
    FROM public.orgs_membership m
    WHERE m.organization_id = o.id AND m.person_id = NEW.id AND m.role = 'owner';
    RETURN NULL;
END $$;

CREATE TRIGGER counted_as_owner AFTER UPDATE OF is_active ON accounts_user
    FOR EACH ROW WHEN (NEW.is_active <> OLD.is_active) EXECUTE FUNCTION count_owner_accounts();

-- Who was removed from their last organization is signed out everywhere. Superadmins sign in to
-- the portal as well and stay.
CREATE FUNCTION end_sessions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    WITH gone AS (
        DELETE FROM public.usersessions_usersession s
        USING removed r, public.accounts_user u
        WHERE s.user_id = r.person_id AND u.id = r.person_id AND NOT u.is_staff
          AND NOT EXISTS (SELECT FROM public.orgs_membership m WHERE m.person_id = r.person_id)
        RETURNING s.session_key
    )
    DELETE FROM public.django_session d USING gone WHERE d.session_key = gone.session_key;
    RETURN NULL;
END $$;

CREATE TRIGGER sessions_ended AFTER DELETE ON orgs_membership
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION end_sessions();

-- A group may not stand inside itself, at any depth. The lock on the organization's row keeps two
-- moves that are each fine from making a circle together.
CREATE FUNCTION refuse_group_circle() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM FROM public.orgs_organization WHERE id = NEW.organization_id FOR NO KEY UPDATE;
    IF EXISTS (
        WITH RECURSIVE above AS (
            SELECT NEW.parent_id AS id
            UNION
            SELECT g.parent_id FROM public.orgs_group g JOIN above ON g.id = above.id
        )
        SELECT FROM above WHERE id = NEW.id
    ) THEN
        RAISE check_violation USING
            MESSAGE = 'A group cannot stand inside itself.', CONSTRAINT = 'group_no_circle';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER no_circle AFTER INSERT OR UPDATE OF parent_id ON orgs_group
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION refuse_group_circle();
"""

REVERSE = """
DROP FUNCTION refuse_group_circle() CASCADE;
DROP FUNCTION end_sessions() CASCADE;
DROP FUNCTION count_owner_accounts() CASCADE;
DROP FUNCTION count_groups() CASCADE;
DROP FUNCTION count_invitations() CASCADE;
DROP FUNCTION count_memberships() CASCADE;
DROP FUNCTION count_organization(uuid, bigint, bigint, bigint, bigint);
DROP FUNCTION is_active_owner(text, uuid);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orgs", "0002_walls"),
        ("accounts", "0001_initial"),
        ("sessions", "0001_initial"),
        ("usersessions", "0001_initial"),
    ]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
