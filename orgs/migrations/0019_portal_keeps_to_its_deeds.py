"""What the portal's role may write, turn and name, held by the database: whoever has its login and
no page of ours gets no further than the pages do.
"""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

BEFORE = import_module("orgs.migrations.0015_recovery")

LEDGER = """
-- What the portal's deeds write once they are done: into an organization's own ledger, into the
-- platform's, and the fields that each tells. A law holds it against the catalogue of events.
CREATE FUNCTION portal_deeds() RETURNS TABLE (
    action text, inside text, outside text, fields text[]
) LANGUAGE sql IMMUTABLE AS $$
    VALUES
        ('organization.created', 'organization', 'organization', '{name,slug,state}'::text[]),
        ('organization.changed', 'organization', 'organization', '{name}'),
        ('organization.suspended', 'organization', 'organization', '{state}'),
        ('organization.resumed', 'organization', 'organization', '{state}'),
        ('organization.archived', 'organization', 'organization', '{state}'),
        ('organization.closed', 'organization', 'organization', '{state,closes_at}'),
        ('organization.restored', 'organization', 'organization', '{state}'),
        ('invitation.sent', 'invitation', 'organization', '{role,expires_at}'),
        ('invitation.revoked', 'invitation', NULL, '{}'),
        ('owner_claim.created', NULL, 'organization', '{method}'),
        ('owner_claim.canceled', NULL, 'organization', '{state}'),
        ('account.state_changed', NULL, 'account', '{state}'),
        ('platform.settings_changed', NULL, 'platform', '{registration,support_email,notice}'),
        ('audit.exported', NULL, 'platform', '{format,entries}'),
        ('platform_provider.created', NULL, 'platform_provider', '{configuration}'),
        ('platform_provider.changed', NULL, 'platform_provider', '{configuration}'),
        ('platform_provider.rotated', NULL, 'platform_provider', '{}'),
        ('platform_provider.deleted', NULL, 'platform_provider', '{configuration}')
$$;

-- Writes an entry of the portal: by an active superadmin, under the name of the account and not one
-- that is handed in, and with nothing in it but what an entry has.
CREATE FUNCTION portal_write(
    p_organization uuid, p_person uuid, p_action text, p_target_kind text, p_target_id uuid,
    p_label text, p_outcome text, p_fields text[], p_facts jsonb, p_words jsonb
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_name text;
    v_told text[];
BEGIN
    SELECT coalesce(nullif(u.name, ''), u.email) INTO v_name FROM public.accounts_user u
    WHERE u.id = p_person AND u.is_staff AND u.is_active;
    IF v_name IS NULL THEN
        RAISE insufficient_privilege USING MESSAGE = 'Only a superadmin acts from the portal.';
    END IF;
    IF jsonb_typeof(p_facts -> 'changes') = 'object' THEN
        v_told := ARRAY(SELECT jsonb_object_keys(p_facts -> 'changes'));
    END IF;
    IF p_label IS NULL OR v_told IS NULL OR NOT (v_told @> p_fields AND v_told <@ p_fields)
       OR p_facts - '{reason,request,changes}'::text[] IS DISTINCT FROM '{}'
       OR p_words - '{actor,target,ip,agent}'::text[] IS DISTINCT FROM '{"changes": {}}'
    THEN
        RAISE insufficient_privilege USING MESSAGE =
            format('The portal writes no such entry: %s of %s.', p_action, p_target_kind);
    END IF;
    RETURN public.ledger_write(
        p_organization, NULL, 'person', p_person, p_action, p_target_kind, p_target_id, p_outcome,
        p_facts, p_words || jsonb_build_object('actor', v_name, 'target', p_label)
    );
END $$;

-- The name of what an entry of the portal is about, where it is so; NULL where it is not.
CREATE FUNCTION portal_target(
    p_organization uuid, p_action text, p_kind text, p_id uuid, p_changes jsonb, p_said text
) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT o.name FROM public.orgs_organization o
    WHERE p_kind = 'organization' AND o.id = p_id
      AND p_organization IN (o.id, '00000000-0000-0000-0000-000000000000')
      -- What it says has become of it has become of it.
      AND (p_action NOT LIKE 'organization.%' OR NOT EXISTS (
          SELECT FROM jsonb_each(p_changes) c
          WHERE CASE c.key
              WHEN 'closes_at' THEN (c.value ->> 1)::timestamptz IS DISTINCT FROM o.closes_at
              ELSE c.value ->> 1 IS DISTINCT FROM to_jsonb(o) ->> c.key END))
    UNION ALL
    SELECT i.email::text FROM public.orgs_invitation i
    JOIN public.orgs_organization o ON o.id = i.organization_id AND o.state = 'pending'
    WHERE p_kind = 'invitation' AND i.id = p_id AND i.organization_id = p_organization
      AND i.role = 'owner' AND i.invited_by_id IS NULL
      AND CASE p_action
          WHEN 'invitation.sent' THEN i.state = 'pending' AND p_changes #>> '{role,1}' = 'Owner'
          ELSE i.state = 'revoked' END
    UNION ALL
    SELECT u.email::text FROM public.accounts_user u WHERE p_kind = 'account' AND u.id = p_id
    UNION ALL
    SELECT 'Platform' WHERE p_kind = 'platform' AND p_id IS NULL
    UNION ALL
    -- It may be gone by now.
    SELECT p_said WHERE p_kind = 'platform_provider' AND p_id IS NOT NULL
$$;

-- As `ledger_append`, which the portal's role may not call: its own deeds alone, and its attempts,
-- which stand in the platform's ledger.
CREATE FUNCTION portal_append(
    p_organization uuid, p_actor_kind text, p_actor_id uuid, p_action text,
    p_target_kind text, p_target_id uuid, p_outcome text, p_facts jsonb, p_words jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    platform CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    v_outside CONSTANT boolean := p_organization IS NOT DISTINCT FROM platform;
    v_fields text[];
    v_label text;
BEGIN
    IF NOT v_outside AND p_organization IS DISTINCT FROM public.app_org() THEN
        RAISE insufficient_privilege USING MESSAGE = 'The transaction is not bound to this ledger.';
    END IF;
    IF p_outcome = 'done' AND jsonb_typeof(p_facts -> 'changes') = 'object' THEN
        SELECT d.fields INTO v_fields FROM public.portal_deeds() d
        WHERE d.action = p_action
          AND p_target_kind = CASE WHEN v_outside THEN d.outside ELSE d.inside END;
        v_label := public.portal_target(
            p_organization, p_action, p_target_kind, p_target_id, p_facts -> 'changes',
            p_words ->> 'target');
    ELSIF p_outcome IN ('denied', 'failed') AND v_outside AND p_target_id IS NULL
        AND p_target_kind IN ('page', 'permission')
    THEN
        SELECT '{}', p_words ->> 'target' INTO v_fields, v_label
        WHERE p_action = 'access.refused'
           OR EXISTS (SELECT FROM public.portal_deeds() d WHERE d.action = p_action);
    END IF;
    IF p_actor_kind IS DISTINCT FROM 'person' OR v_fields IS NULL OR v_label IS NULL THEN
        RAISE insufficient_privilege USING MESSAGE =
            format('The portal writes no such entry: %s of %s.', p_action, p_target_kind);
    END IF;
    RETURN public.portal_write(
        p_organization, p_actor_id, p_action, p_target_kind, p_target_id, v_label, p_outcome,
        v_fields, p_facts, p_words
    );
END $$;

REVOKE ALL ON FUNCTION portal_deeds() FROM PUBLIC;
REVOKE ALL ON FUNCTION portal_write(
    uuid, uuid, text, text, uuid, text, text, text[], jsonb, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION portal_target(uuid, text, text, uuid, jsonb, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION portal_append(
    uuid, text, uuid, text, text, uuid, text, jsonb, jsonb) FROM PUBLIC;
"""

TURNS = """
-- The turns of a container for whoever may not write the ledger freely, which is the portal's role:
-- those that its deeds make, and a deletion no sooner than the days of grace are over. Functions of
-- the database run as their owner, and owners' own deeds as the web role: they have rules elsewhere.
CREATE FUNCTION keep_to_turns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF has_function_privilege(
        'public.ledger_append(uuid, text, uuid, text, text, uuid, text, jsonb, jsonb)', 'EXECUTE')
    THEN
        RETURN NEW;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (
        ('pending', 'closing'), ('open', 'closing'), ('archived', 'closing'),
        ('open', 'suspended'), ('suspended', 'open'), ('open', 'archived'), ('archived', 'open'),
        ('closing', 'open'), ('closing', 'pending'))
       OR (NEW.state = 'closing') <> (NEW.closes_at IS NOT NULL)
       OR NEW.state IN ('open', 'pending') AND NEW.state_reason <> ''
    THEN
        RAISE insufficient_privilege USING MESSAGE =
            format('The portal does not turn an organization from %s to %s.', OLD.state, NEW.state);
    END IF;
    -- The day is set by another machine, whose clock may be some minutes behind.
    IF NEW.closes_at < now() + interval '30 days' - interval '5 minutes' THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'The portal deletes nothing before its 30 days of grace are over.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER within_its_turns BEFORE UPDATE OF state, state_reason, closes_at ON orgs_organization
    FOR EACH ROW
    WHEN ((NEW.state, NEW.state_reason, NEW.closes_at)
          IS DISTINCT FROM (OLD.state, OLD.state_reason, OLD.closes_at))
    EXECUTE FUNCTION keep_to_turns();
"""

OWNERS = """
-- How many owners with an account there are, those whom the platform keeps out as well: suspending
-- somebody makes nobody ownerless, or whoever suspends could name the next.
CREATE FUNCTION owner_accounts(p_organization uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT count(*) FROM public.orgs_membership m
    WHERE m.organization_id = p_organization AND m.role = 'owner' AND m.person_id IS NOT NULL
$$;
REVOKE ALL ON FUNCTION owner_accounts(uuid) FROM PUBLIC;

CREATE OR REPLACE FUNCTION may_be_taken_up(
    p_organization public.orgs_organization, p_invitation uuid
) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT CASE WHEN EXISTS (
        SELECT FROM public.orgs_ownerclaim c
        WHERE c.organization_id = p_organization.id AND c.invitation_id = p_invitation
          AND c.state = 'completed'
    ) THEN public.owner_accounts(p_organization.id) = 0 AND p_organization.state <> 'pending'
    ELSE p_organization.state IN ('pending', 'open') END
$$;

-- The claims for which the clock has something to do: to announce, to invite, to end.
CREATE OR REPLACE FUNCTION owner_claims_due(p_now timestamptz)
RETURNS TABLE (organization_id uuid, id uuid) LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT c.organization_id, c.id
    FROM public.orgs_ownerclaim c
    WHERE c.state IN ('asked', 'open') AND (
        (c.state = 'asked' AND c.created_at + interval '7 days' <= p_now)
        OR (c.state = 'open' AND c.ripe_at + interval '14 days' <= p_now)
        OR (c.method = 'platform' AND (
            c.state = 'asked' OR c.ripe_at <= p_now
            OR public.owner_accounts(c.organization_id) > 0)))
      AND (SELECT public.app_org()) IS NULL
    ORDER BY c.created_at, c.id
$$;

-- Writes into an organization's own ledger what became of a claim, under the address it is for.
CREATE OR REPLACE FUNCTION record_from_portal(
    p_organization uuid, p_person uuid, p_action text, p_claim uuid, p_facts jsonb, p_words jsonb
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM public.portal_write(
        p_organization, p_person, p_action, 'owner_claim', p_claim,
        (SELECT c.email::text FROM public.orgs_ownerclaim c
         WHERE c.organization_id = p_organization AND c.id = p_claim),
        'done', (SELECT d.fields FROM public.portal_deeds() d WHERE d.action = p_action),
        p_facts, p_words);
END $$;

DROP FUNCTION owner_assignment_create(uuid, uuid, text, text, uuid, text, jsonb, jsonb);
DROP FUNCTION owner_assignment_cancel(uuid, uuid, uuid, text, jsonb, jsonb);

-- As before, but for an owner whom the platform keeps out; and who names is not handed in.
-- Answers `done`, or in one word why not.
CREATE FUNCTION owner_assignment_create(
    p_organization uuid, p_claim uuid, p_email text, p_reason text, p_person uuid,
    p_facts jsonb, p_words jsonb
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_organization record;
BEGIN
    PERFORM public.require_portal(p_person);
    SELECT o.state, o.owner_count INTO v_organization
    FROM public.orgs_organization o WHERE o.id = p_organization FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN 'missing'; END IF;
    IF v_organization.state = 'pending' THEN RETURN 'pending'; END IF;
    IF v_organization.owner_count > 0 THEN RETURN 'has_owner'; END IF;
    IF public.owner_accounts(p_organization) > 0 THEN RETURN 'kept_out'; END IF;
    IF EXISTS (SELECT FROM public.account_emailaddress a
               WHERE a.user_id = p_person AND lower(a.email) = lower(p_email)) THEN
        RETURN 'own_address';
    END IF;
    IF EXISTS (SELECT FROM public.account_emailaddress a
               JOIN public.accounts_user u ON u.id = a.user_id
               WHERE lower(a.email) = lower(p_email) AND u.is_staff) THEN
        RETURN 'superadmin';
    END IF;
    IF EXISTS (SELECT FROM public.orgs_ownerclaim c
               WHERE c.organization_id = p_organization
                 AND (c.state = 'open' OR (c.state = 'asked' AND c.method = 'platform'))) THEN
        RETURN 'running';
    END IF;
    INSERT INTO public.orgs_ownerclaim (
        id, organization_id, method, state, claimant_name, second_name, email, reason, created_at
    ) SELECT p_claim, p_organization, 'platform', 'asked', left(p_email, 100),
             left(coalesce(nullif(u.name, ''), u.email), 100), p_email, p_reason, clock_timestamp()
    FROM public.accounts_user u WHERE u.id = p_person;
    PERFORM public.record_from_portal(
        p_organization, p_person, 'owner_claim.created', p_claim, p_facts, p_words);
    RETURN 'done';
END $$;

CREATE FUNCTION owner_assignment_cancel(
    p_organization uuid, p_claim uuid, p_person uuid, p_facts jsonb, p_words jsonb
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM public.require_portal(p_person);
    UPDATE public.orgs_ownerclaim c
    SET state = 'canceled', closed_at = clock_timestamp(),
        closed_by_name = left(coalesce(nullif(u.name, ''), u.email), 100)
    FROM public.accounts_user u
    WHERE u.id = p_person AND c.organization_id = p_organization AND c.id = p_claim
      AND c.method = 'platform' AND c.state IN ('asked', 'open');
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM public.record_from_portal(
        p_organization, p_person, 'owner_claim.canceled', p_claim, p_facts, p_words);
    RETURN true;
END $$;

REVOKE ALL ON FUNCTION
    owner_assignment_create(uuid, uuid, text, text, uuid, jsonb, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION
    owner_assignment_cancel(uuid, uuid, uuid, jsonb, jsonb) FROM PUBLIC;
"""


def _as_it_was(text: str, function: str) -> str:
    """What an earlier migration made of a function, for one that is there already."""
    start = text.index(f"CREATE FUNCTION {function}(")
    end = text.index("$$;", start) + len("$$;\n")
    return text[start:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)


REVERSE = (
    """
DROP TRIGGER within_its_turns ON orgs_organization;
DROP FUNCTION keep_to_turns();
DROP FUNCTION owner_assignment_cancel(uuid, uuid, uuid, jsonb, jsonb);
DROP FUNCTION owner_assignment_create(uuid, uuid, text, text, uuid, jsonb, jsonb);
"""
    + _as_it_was(BEFORE.ASSIGNMENT, "record_from_portal")
    + _as_it_was(BEFORE.ASSIGNMENT, "owner_assignment_create")
    + _as_it_was(BEFORE.ASSIGNMENT, "owner_assignment_cancel")
    + _as_it_was(BEFORE.CLAIMS, "owner_claims_due")
    + _as_it_was(BEFORE.ANSWERS, "may_be_taken_up")
    + """
REVOKE ALL ON FUNCTION
    owner_assignment_create(uuid, uuid, text, text, uuid, text, jsonb, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION
    owner_assignment_cancel(uuid, uuid, uuid, text, jsonb, jsonb) FROM PUBLIC;
DROP FUNCTION owner_accounts(uuid);
DROP FUNCTION portal_append(uuid, text, uuid, text, text, uuid, text, jsonb, jsonb);
DROP FUNCTION portal_target(uuid, text, text, uuid, jsonb, text);
DROP FUNCTION portal_write(uuid, uuid, text, text, uuid, text, text, text[], jsonb, jsonb);
DROP FUNCTION portal_deeds();
"""
)


class Migration(migrations.Migration):
    dependencies = [("orgs", "0018_platform")]

    operations = [migrations.RunSQL(LEDGER + TURNS + OWNERS, REVERSE)]
