"""The chain: entries are appended by one function, hashed here, and never changed again."""

from __future__ import annotations

from django.db import migrations

from config.rights import web_role

FORWARD = """
ALTER TABLE audit_head ADD COLUMN xact xid8 NOT NULL;

-- Writes one entry and returns its number. The head's row lock orders the writers of one
-- organization and is held until they commit. Without a time it takes the present, under the lock;
-- with one it tells of the past, before any newer entry. Time never runs back. Only the owner may
-- call it: everybody else would choose a time, or another organization.
CREATE FUNCTION ledger_write(
    p_organization uuid, p_at timestamptz, p_actor_kind text, p_actor_id uuid, p_action text,
    p_target_kind text, p_target_id uuid, p_outcome text, p_facts jsonb, p_words jsonb
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    head record;
    v_sequence bigint;
    v_at timestamptz;
    v_salt bytea := uuid_send(gen_random_uuid());
    v_words text := p_words::text;
    v_body text;
    v_hash bytea;
BEGIN
    SELECT h.ctid AS place, h.sequence, h.at, h.hash INTO head
    FROM public.audit_head h WHERE h.organization_id = p_organization FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO public.audit_head (organization_id, sequence, at, hash, xact)
        VALUES (p_organization, 0, '-infinity', '', pg_current_xact_id()) ON CONFLICT DO NOTHING;
        SELECT h.ctid AS place, h.sequence, h.at, h.hash INTO head
        FROM public.audit_head h WHERE h.organization_id = p_organization FOR UPDATE;
    END IF;
    v_sequence := head.sequence + 1;
    v_at := greatest(coalesce(p_at, clock_timestamp()), head.at);
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
    -- By its place, which the lock keeps: a transaction of many entries leaves many dead versions
    -- of this row, and the index would lead through all of them.
    UPDATE public.audit_head
    SET sequence = v_sequence, at = v_at, hash = v_hash, xact = pg_current_xact_id()
    WHERE ctid = head.place;
    RETURN v_sequence;
END $$;
REVOKE ALL ON FUNCTION ledger_write FROM PUBLIC;

-- Appends an entry at the present time, to the ledger that the transaction is bound to or to the
-- platform's.
CREATE FUNCTION ledger_append(
    p_organization uuid, p_actor_kind text, p_actor_id uuid, p_action text,
    p_target_kind text, p_target_id uuid, p_outcome text, p_facts jsonb, p_words jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    platform CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    IF p_organization <> platform AND p_organization IS DISTINCT FROM public.app_org() THEN
        RAISE insufficient_privilege USING MESSAGE = 'The transaction is not bound to this ledger.';
    END IF;
    RETURN public.ledger_write(
        p_organization, NULL, p_actor_kind, p_actor_id, p_action,
        p_target_kind, p_target_id, p_outcome, p_facts, p_words
    );
END $$;

-- Returns the first entry that does not follow from the one before, and why; no row when all do.
-- Looks at the entries after `p_after` up to `p_up_to`; without an end also at the chain's head.
-- Runs as its caller, so row security decides which chain it sees.
CREATE FUNCTION ledger_verify(
    p_organization uuid, p_after bigint DEFAULT 0, p_up_to bigint DEFAULT NULL
) RETURNS TABLE (sequence bigint, reason text) LANGUAGE sql STABLE AS $$
    WITH chained AS (
        SELECT e.*, p.salt, p.words, p.sequence IS NULL AS bare,
               lag(e.sequence, 1, 0::bigint) OVER chain AS sequence_before,
               lag(e.hash, 1, ''::bytea) OVER chain AS hash_before
        FROM public.audit_event e
        LEFT JOIN public.audit_particulars p USING (organization_id, sequence)
        WHERE e.organization_id = p_organization
          AND e.sequence BETWEEN p_after AND coalesce(p_up_to, 9223372036854775807)
        WINDOW chain AS (ORDER BY e.sequence)
    ), judged AS (
        SELECT c.sequence, CASE
            WHEN c.sequence <> c.sequence_before + 1 THEN 'entries are missing before it'
            WHEN c.hash <> sha256(c.hash_before || convert_to(c.body, 'UTF8'))
                THEN 'its text or its place in the chain was changed'
            WHEN NOT pg_input_is_valid(c.body, 'jsonb') THEN 'its text cannot be read'
            WHEN c.bare THEN 'its particulars are missing'
            -- Parsed once, and only where the hash has shown that the text may be parsed.
            ELSE (
                SELECT CASE
                    WHEN (b.body -> 'sequence', b.body ->> 'organization', b.body ->> 'action',
                          b.body ->> 'outcome', b.body -> 'actor', b.body -> 'target',
                          b.body ->> 'at')
                         IS DISTINCT FROM
                         (to_jsonb(c.sequence), c.organization_id::text, c.action, c.outcome,
                          jsonb_build_array(c.actor_kind, c.actor_id),
                          jsonb_build_array(c.target_kind, c.target_id),
                          to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
                        THEN 'its columns differ from its text'
                    WHEN c.words IS NOT NULL AND b.body ->> 'particulars' IS DISTINCT FROM
                         encode(sha256(c.salt || convert_to(c.words, 'UTF8')), 'hex')
                        THEN 'its names or addresses were changed'
                END
                FROM (SELECT c.body::jsonb AS body OFFSET 0) b
            )
        END AS reason
        FROM chained c
        WHERE c.sequence > p_after
    ), newest AS (
        SELECT e.sequence, e.hash FROM public.audit_event e
        WHERE e.organization_id = p_organization ORDER BY e.sequence DESC LIMIT 1
    )
    (SELECT j.sequence, j.reason FROM judged j WHERE j.reason IS NOT NULL
     UNION ALL
     SELECT coalesce(n.sequence, 0) + 1, CASE
         WHEN coalesce(n.sequence, 0) < h.sequence THEN 'the newest entries are missing'
         ELSE 'the head of the chain was changed'
     END
     FROM (VALUES (p_organization)) AS asked (organization_id)
     LEFT JOIN newest n ON true
     LEFT JOIN public.audit_head h ON h.organization_id = asked.organization_id
     WHERE p_up_to IS NULL AND (n.sequence, n.hash) IS DISTINCT FROM (h.sequence, h.hash))
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
DROP FUNCTION ledger_verify(uuid, bigint, bigint);
DROP FUNCTION ledger_append(uuid, text, uuid, text, text, uuid, text, jsonb, jsonb);
DROP FUNCTION ledger_write(
    uuid, timestamptz, text, uuid, text, text, uuid, text, jsonb, jsonb
);
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
    dependencies = [("audit", "0001_initial"), ("config", "0001_functions")]

    operations = [migrations.RunSQL(FORWARD + WALLS, REVERSE)]
