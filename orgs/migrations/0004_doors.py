"""The narrow paths across the wall: binding a request, the switcher, taking up an invitation.

Each is a definer function that checks for itself who may pass. Everything in them is named with
its schema, so that no temporary table can stand in for a real one.
"""

from __future__ import annotations

from django.db import migrations

FORWARD = """
-- Binds the transaction to the organization at this address, for one of its active members, and
-- returns what every page of it needs. No row, and nothing bound, for anybody else.
CREATE FUNCTION bind_request(p_slug text, p_person uuid) RETURNS TABLE (
    id uuid, name text, slug text, state text, state_reason text, closes_at timestamptz,
    policies text[], plan text, seats integer, owner_count integer, member_count integer,
    group_count integer, seats_used integer,
    membership_id uuid, role text, member_name text, member_email text, group_roles text[]
) LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE v_seen timestamptz;
BEGIN
    SELECT o.id, o.name, o.slug, o.state, o.state_reason, o.closes_at, o.policies, o.plan, o.seats,
           o.owner_count, o.member_count, o.group_count, o.seats_used,
           m.id, m.role, m.name, m.email, '{}'::text[], m.last_active_at
    INTO id, name, slug, state, state_reason, closes_at, policies, plan, seats,
         owner_count, member_count, group_count, seats_used,
         membership_id, role, member_name, member_email, group_roles, v_seen
    FROM public.orgs_organization o
    JOIN public.orgs_membership m ON m.organization_id = o.id
    JOIN public.accounts_user u ON u.id = m.person_id
    WHERE o.slug = p_slug AND m.person_id = p_person AND u.is_active;
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

-- Opens the portal for an active superadmin: containers, and the platform's own ledger.
CREATE FUNCTION bind_portal(p_person uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_may boolean;
BEGIN
    SELECT u.is_staff AND u.is_active INTO v_may FROM public.accounts_user u WHERE u.id = p_person;
    v_may := coalesce(v_may, false);
    PERFORM set_config('app.portal', CASE WHEN v_may THEN 'on' ELSE '' END, true);
    PERFORM set_config('app.organization',
        CASE WHEN v_may THEN '00000000-0000-0000-0000-000000000000' ELSE '' END, true);
    RETURN v_may;
END $$;

-- The organizations of one person, for the switcher and for the record of a sign-in.
CREATE FUNCTION organizations_of(p_person uuid)
RETURNS TABLE (id uuid, name text, slug text, state text, role text)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT o.id, o.name, o.slug, o.state, m.role
    FROM public.orgs_membership m JOIN public.orgs_organization o ON o.id = m.organization_id
    WHERE m.person_id = p_person ORDER BY lower(o.name), o.id
$$;

-- What an invitation's link shows to whoever holds it.
CREATE FUNCTION peek_invitation(p_token_hash bytea) RETURNS TABLE (
    id uuid, organization_id uuid, organization_name text, email text, role text, state text,
    expires_at timestamptz, invited_by text
) LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT i.id, o.id, o.name, i.email, i.role,
           CASE WHEN i.state = 'pending' AND i.expires_at <= clock_timestamp() THEN 'expired'
                WHEN o.state NOT IN ('pending', 'open') THEN 'closed' ELSE i.state END,
           i.expires_at, m.name
    FROM public.orgs_invitation i
    JOIN public.orgs_organization o ON o.id = i.organization_id
    LEFT JOIN public.orgs_membership m ON m.id = i.invited_by_id
    WHERE i.token_hash = p_token_hash
$$;

-- Does this person prove to be behind the invited address?
CREATE FUNCTION is_invited(p_email text, p_person uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT EXISTS (
        SELECT FROM public.account_emailaddress a JOIN public.accounts_user u ON u.id = a.user_id
        WHERE a.user_id = p_person AND a.verified AND lower(a.email) = p_email AND u.is_active
    )
$$;

-- Whose an address is, is nobody's business but the doors'.
REVOKE ALL ON FUNCTION is_invited(text, uuid) FROM PUBLIC;

-- Takes up an invitation once, for the invited address only, and binds the transaction to the
-- organization. Fills the placeholder that the invitation names, or adds a membership. No row when
-- it is not open or not theirs. The first owner opens an organization that waits for one.
CREATE FUNCTION accept_invitation(p_token_hash bytea, p_person uuid, p_membership uuid)
RETURNS TABLE (organization_id uuid, invitation_id uuid, membership_id uuid, role text, opened boolean)
LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    v_invitation public.orgs_invitation;
    v_name text;
BEGIN
    UPDATE public.orgs_invitation i SET state = 'accepted', answered_at = clock_timestamp()
    FROM public.orgs_organization o
    WHERE i.token_hash = p_token_hash AND i.state = 'pending' AND i.expires_at > clock_timestamp()
      AND o.id = i.organization_id AND o.state IN ('pending', 'open')
      AND public.is_invited(i.email, p_person)
      AND NOT EXISTS (SELECT FROM public.orgs_membership m
                      WHERE m.organization_id = i.organization_id AND m.person_id = p_person)
    RETURNING i.* INTO v_invitation;
    IF NOT FOUND THEN RETURN; END IF;
    SELECT coalesce(nullif(u.name, ''), u.email) INTO v_name
    FROM public.accounts_user u WHERE u.id = p_person;
    UPDATE public.orgs_membership m
    SET person_id = p_person, name = v_name, email = v_invitation.email, role = v_invitation.role,
        reason = v_invitation.reason, joined_at = clock_timestamp()
    WHERE m.organization_id = v_invitation.organization_id AND m.person_id IS NULL
      -- The one that was named, unless a roster has brought the address in meanwhile.
      AND m.id = (
          SELECT c.id FROM public.orgs_membership c
          WHERE c.organization_id = v_invitation.organization_id AND c.person_id IS NULL
            AND (c.id = v_invitation.membership_id OR c.email = v_invitation.email)
          ORDER BY c.email = v_invitation.email DESC LIMIT 1)
    RETURNING m.id INTO membership_id;
    IF NOT FOUND THEN
        membership_id := p_membership;
        INSERT INTO public.orgs_membership (
            id, organization_id, person_id, role, name, email, login, origin, invited_by_id,
            reason, joined_at
        ) VALUES (
            p_membership, v_invitation.organization_id, p_person, v_invitation.role, v_name,
            v_invitation.email, '', 'invited', v_invitation.invited_by_id,
            v_invitation.reason, clock_timestamp()
        );
    END IF;
    UPDATE public.orgs_organization o SET state = 'open'
    WHERE o.id = v_invitation.organization_id AND o.state = 'pending' AND o.owner_count > 0;
    opened := FOUND;
    PERFORM set_config('app.organization', v_invitation.organization_id::text, true);
    organization_id := v_invitation.organization_id;
    invitation_id := v_invitation.id;
    role := v_invitation.role;
    RETURN NEXT;
END $$;

-- Declines an open invitation, for the invited address only, and binds the transaction to it.
CREATE FUNCTION decline_invitation(p_token_hash bytea, p_person uuid)
RETURNS TABLE (organization_id uuid, invitation_id uuid) LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
BEGIN
    UPDATE public.orgs_invitation i SET state = 'declined', answered_at = clock_timestamp()
    WHERE i.token_hash = p_token_hash AND i.state = 'pending'
      AND i.expires_at > clock_timestamp() AND public.is_invited(i.email, p_person)
    RETURNING i.organization_id, i.id INTO organization_id, invitation_id;
    IF NOT FOUND THEN RETURN; END IF;
    PERFORM set_config('app.organization', organization_id::text, true);
    RETURN NEXT;
END $$;

-- The containers whose days of grace are over, for the command that deletes them.
CREATE FUNCTION organizations_due(p_now timestamptz)
RETURNS TABLE (id uuid, name text, slug text, member_count integer, closes_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT o.id, o.name, o.slug, o.member_count, o.closes_at FROM public.orgs_organization o
    WHERE o.state = 'closing' AND o.closes_at <= p_now ORDER BY o.closes_at, o.id
$$;

-- Words of a name, an address and a login, for the search below.
CREATE FUNCTION search_words(p_name text, p_email text, p_login text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('pg_catalog.simple'::regconfig,
        translate(public.fold_name(concat_ws(' ', p_name, p_email, p_login)), '@.+-_', '     '))
$$;

CREATE INDEX membership_search ON orgs_membership USING gin (search_words(name, email, login));

-- The members of the bound organization whose words start with these (a tsquery). It runs behind
-- the wall because row security would keep the index from being used; it filters for itself.
CREATE FUNCTION member_search(p_query text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT m.id FROM public.orgs_membership m
    WHERE m.organization_id = (SELECT public.app_org())
      AND public.search_words(m.name, m.email, m.login) @@ public.fold_name(p_query)::tsquery
$$;

-- Whose ledgers there are, for the platform's commands: the one at an address, or all of them,
-- with the platform's own and those of organizations that are gone.
CREATE FUNCTION ledgers(p_slug text DEFAULT NULL) RETURNS TABLE (organization_id uuid, slug text)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT coalesce(o.id, h.organization_id), coalesce(o.slug, '')
    FROM public.orgs_organization o FULL JOIN public.audit_head h ON h.organization_id = o.id
    WHERE p_slug IS NULL OR o.slug = p_slug
    ORDER BY 2, 1
$$;
"""

REVERSE = """
DROP FUNCTION organizations_due(timestamptz);
DROP FUNCTION ledgers(text);
DROP FUNCTION member_search(text);
DROP INDEX membership_search;
DROP FUNCTION search_words(text, text, text);
DROP FUNCTION decline_invitation(bytea, uuid);
DROP FUNCTION accept_invitation(bytea, uuid, uuid);
DROP FUNCTION is_invited(text, uuid);
DROP FUNCTION peek_invitation(bytea);
DROP FUNCTION organizations_of(uuid);
DROP FUNCTION bind_portal(uuid);
DROP FUNCTION bind_request(text, uuid);
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0003_invariants"), ("account", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
