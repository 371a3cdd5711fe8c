"""The chain: entries are appended by one function, hashed here, and never changed again."""

from __future__ import annotations

from django.db import migrations

from config.rights import web_role

FORWARD = """
ALTER TABLE audit_head ADD COLUMN xact xid8 NOT NULL;

-- Appends one entry and returns its number. The head's row lock orders the writers of one
-- organization and is held until they commit; the time is taken under it, so it never runs back.
CREATE FUNCTION ledger_append(
    p_organization uuid, p_actor_kind text, p_actor_id uuid, p_action text,
    p_target_kind text, p_target_id uuid, p_outcome text, p_facts jsonb, p_words jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    platform CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    head public.audit_head;
    v_sequence bigint;
    v_at timestamptz;
    v_salt bytea := uuid_send(gen_random_uuid());
    v_words text := p_words::text;
    v_body text;
    v_hash bytea;
BEGIN
    IF p_organization <> platform AND p_organization IS DISTINCT FROM public.app_org() THEN
        RAISE insufficient_privilege USING MESSAGE = 'The transaction is not bound to this ledger.';
    END IF;
    SELECT * INTO head FROM public.audit_head WHERE organization_id = p_organization FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO public.audit_head (organization_id, sequence, at, hash, xact)
        VALUES (p_organization, 0, '-infinity', '', pg_current_xact_id()) ON CONFLICT DO NOTHING;
        SELECT * INTO head FROM public.audit_head WHERE organization_id = p_organization FOR UPDATE;
    END IF;
    v_sequence := head.sequence + 1;
    v_at := greatest(clock_timestamp(), head.at);
    v_body := (p_facts || jsonb_build_object(
        'organization', p_organization,
        'sequence', v_sequence,
        'at', to_char(v_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'actor', jsonb_build_array(p_actor_kind, p_actor_id),
        'action', p_action,
        'target', jsonb_build_array(p_target_kind, p_target_id),
        'outcome', p_outcome,
        'particulars', encode(sha256(v_salt || convert_to(v_words, 'UTF8')), 'hex')
    ))::text;
    v_hash := sha256(head.hash || convert_to(v_body, 'UTF8'));
    INSERT INTO public.audit_event (
        organization_id, sequence, at, actor_kind, actor_id, action,
        target_kind, target_id, outcome, body, hash
    ) VALUES (
        p_organization, v_sequence, v_at, p_actor_kind, p_actor_id, p_action,
        p_target_kind, p_target_id, p_outcome, v_body, v_hash
    );
    INSERT INTO public.audit_particulars (organization_id, sequence, salt, words)
    VALUES (p_organization, v_sequence, v_salt, v_words);
    UPDATE public.audit_head
    SET sequence = v_sequence, at = v_at, hash = v_hash, xact = pg_current_xact_id()
    WHERE organization_id = p_organization;
    RETURN v_sequence;
END $$;

-- Returns the first entry that does not follow from the one before, and why; no row when all do.
-- Runs as its caller, so row security decides which chain it sees.
CREATE FUNCTION ledger_verify(p_organization uuid)
RETURNS TABLE (sequence bigint, reason text) LANGUAGE sql STABLE AS $$
    WITH chained AS (
        SELECT e.*, p.salt, p.words, p.sequence IS NULL AS bare,
               lag(e.sequence, 1, 0::bigint) OVER chain AS sequence_before,
               lag(e.hash, 1, ''::bytea) OVER chain AS hash_before
        FROM public.audit_event e
        LEFT JOIN public.audit_particulars p USING (organization_id, sequence)
        WHERE e.organization_id = p_organization
        WINDOW chain AS (ORDER BY e.sequence)
    ), judged AS (
        SELECT c.sequence, CASE
            WHEN c.sequence <> c.sequence_before + 1 THEN 'entries are missing before it'
            WHEN c.hash <> sha256(c.hash_before || convert_to(c.body, 'UTF8'))
                THEN 'its text or its place in the chain was changed'
            WHEN (c.body::jsonb -> 'sequence', c.body::jsonb ->> 'organization',
                  c.body::jsonb ->> 'action', c.body::jsonb ->> 'outcome', c.body::jsonb -> 'actor',
                  c.body::jsonb -> 'target', c.body::jsonb ->> 'at')
                 IS DISTINCT FROM
                 (to_jsonb(c.sequence), c.organization_id::text, c.action, c.outcome,
                  jsonb_build_array(c.actor_kind, c.actor_id),
                  jsonb_build_array(c.target_kind, c.target_id),
                  to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
                THEN 'its columns differ from its text'
            WHEN c.bare THEN 'its particulars are missing'
            WHEN c.words IS NOT NULL AND c.body::jsonb ->> 'particulars'
                 <> encode(sha256(c.salt || convert_to(c.words, 'UTF8')), 'hex')
                THEN 'its names or addresses were changed'
        END AS reason
        FROM chained c
    ), tail AS (
        SELECT coalesce(max(e.sequence), 0) AS sequence FROM public.audit_event e
        WHERE e.organization_id = p_organization
    )
    (SELECT j.sequence, j.reason FROM judged j WHERE j.reason IS NOT NULL
     UNION ALL
     SELECT t.sequence + 1, 'the newest entries are missing'
     FROM tail t, public.audit_head h
     WHERE h.organization_id = p_organization AND h.sequence <> t.sequence)
    ORDER BY 1 LIMIT 1
$$;

CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE insufficient_privilege USING MESSAGE = 'The ledger cannot be rewritten.';
END $$;

CREATE TRIGGER never_rewritten BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_event EXECUTE FUNCTION refuse_rewriting();

-- Erasing a person empties the words and touches nothing else.
CREATE TRIGGER never_rewritten BEFORE UPDATE ON audit_particulars FOR EACH ROW
    WHEN (NEW.words IS NOT NULL OR (NEW.organization_id, NEW.sequence, NEW.salt)
          IS DISTINCT FROM (OLD.organization_id, OLD.sequence, OLD.salt))
    EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER never_deleted BEFORE DELETE ON audit_particulars
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_particulars EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER never_deleted BEFORE DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_head EXECUTE FUNCTION refuse_rewriting();

-- Deferred to commit by the tables that use it: a change of an organization without an entry in
-- its ledger, in the same transaction, is refused. The argument names the organization's column.
CREATE FUNCTION refuse_unrecorded() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_organization uuid := (to_jsonb(coalesce(NEW, OLD)) ->> TG_ARGV[0])::uuid;
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.audit_head
        WHERE organization_id = v_organization AND xact = pg_current_xact_id()
    ) THEN
        RAISE insufficient_privilege USING MESSAGE =
            format('A change of %s was not recorded in the ledger.', TG_TABLE_NAME);
    END IF;
    RETURN NULL;
END $$;
"""

WALLED = ("audit_event", "audit_particulars", "audit_head")

WALLS = "".join(
    f"""
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON {table} FOR SELECT USING (organization_id = (SELECT app_org()));
GRANT SELECT ON {table} TO {web_role()};
"""
    for table in WALLED
)

REVERSE = """
DROP FUNCTION refuse_unrecorded() CASCADE;
DROP FUNCTION refuse_rewriting() CASCADE;
DROP FUNCTION ledger_verify(uuid);
DROP FUNCTION ledger_append(uuid, text, uuid, text, text, uuid, text, jsonb, jsonb);
ALTER TABLE audit_head DROP COLUMN xact;
""" + "".join(
    f"""
REVOKE ALL ON {table} FROM {web_role()};
DROP POLICY wall ON {table};
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""
    for table in WALLED
)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("config", "0001_bound")]

    operations = [migrations.RunSQL(FORWARD + WALLS, REVERSE)]
