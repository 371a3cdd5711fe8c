"""What proves a chain outside this database, and what may leave it.

Signed checkpoints, the beginning of a chain whose oldest entries were dropped, the legal hold, and
erasing a person. What may be dropped or emptied is decided here, whoever asks: the callers in
Python only say who asked.
"""

from __future__ import annotations

from django.db import migrations, models

from config.rights import web_role

WEB = web_role()

CHECKPOINTS = f"""
ALTER TABLE audit_checkpoint ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON audit_checkpoint FOR SELECT USING (organization_id = (SELECT app_org()));
GRANT SELECT ON audit_checkpoint TO {WEB};
ALTER TABLE audit_keeping ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON audit_keeping FOR SELECT USING (organization_id = (SELECT app_org()));
GRANT SELECT ON audit_keeping TO {WEB};

CREATE TRIGGER never_rewritten BEFORE UPDATE OR DELETE ON audit_checkpoint
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_checkpoint EXECUTE FUNCTION refuse_rewriting();

CREATE FUNCTION require_ledger(p_organization uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_organization IS DISTINCT FROM public.app_org() THEN
        RAISE insufficient_privilege USING MESSAGE = 'The transaction is not bound to this ledger.';
    END IF;
END $$;

-- Stores what was signed, if the chain has that hash at that entry and nothing as new is stored
-- yet; false for one that came too late. The head's lock makes of two at once a first and a second.
CREATE FUNCTION checkpoint_keep(
    p_organization uuid, p_sequence bigint, p_hash bytea, p_at timestamptz, p_key text,
    p_signature bytea
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_newest record;
BEGIN
    PERFORM public.require_ledger(p_organization);
    PERFORM FROM public.audit_head WHERE organization_id = p_organization FOR UPDATE;
    SELECT c.sequence, c.at INTO v_newest FROM public.audit_checkpoint c
    WHERE c.organization_id = p_organization ORDER BY c.sequence DESC LIMIT 1;
    IF p_sequence <= v_newest.sequence THEN RETURN false; END IF;
    IF NOT EXISTS (
        SELECT FROM public.audit_event e
        WHERE e.organization_id = p_organization AND e.sequence = p_sequence AND e.hash = p_hash
          AND e.at <= p_at
    ) OR p_at < v_newest.at OR octet_length(p_signature) <> 64
       -- One of the far future would let none after it be stored.
       OR p_at > clock_timestamp() + interval '1 day'
    THEN
        RAISE insufficient_privilege USING MESSAGE = 'The chain is not what this checkpoint says.';
    END IF;
    INSERT INTO public.audit_checkpoint (organization_id, sequence, hash, at, key, signature)
    VALUES (p_organization, p_sequence, p_hash, p_at, p_key, p_signature);
    RETURN true;
END $$;

-- Notes that the checkpoints up to this one lie outside, or since when they cannot be brought
-- there. Who brings them is believed.
CREATE FUNCTION checkpoint_delivered(p_organization uuid, p_sequence bigint, p_failure text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM public.require_ledger(p_organization);
    IF p_failure = '' AND NOT EXISTS (
        SELECT FROM public.audit_checkpoint
        WHERE organization_id = p_organization AND sequence = p_sequence
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = 'There is no such checkpoint.';
    END IF;
    INSERT INTO public.audit_keeping AS k (
        organization_id, delivered_sequence, delivered_at, failing_since, failure
    ) VALUES (
        p_organization, CASE WHEN p_failure = '' THEN p_sequence ELSE 0 END,
        CASE WHEN p_failure = '' THEN now() END, CASE WHEN p_failure <> '' THEN now() END,
        left(p_failure, 200)
    ) ON CONFLICT (organization_id) DO UPDATE SET
        delivered_sequence = greatest(k.delivered_sequence, excluded.delivered_sequence),
        delivered_at = coalesce(excluded.delivered_at, k.delivered_at),
        failing_since = CASE WHEN p_failure <> '' THEN coalesce(k.failing_since, now()) END,
        failure = excluded.failure;
END $$;

-- The ledgers that wait for a checkpoint, because something was written that is not itself about
-- one, or whose checkpoints do not lie outside yet.
CREATE FUNCTION checkpoints_due() RETURNS TABLE (organization_id uuid, moved boolean)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT h.organization_id, m.moved
    FROM public.audit_head h
    LEFT JOIN public.audit_keeping k ON k.organization_id = h.organization_id
    CROSS JOIN LATERAL (
        SELECT coalesce(max(c.sequence), 0) AS newest FROM public.audit_checkpoint c
        WHERE c.organization_id = h.organization_id
    ) AS last
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM public.audit_event e
            WHERE e.organization_id = h.organization_id AND e.sequence > last.newest
              AND e.action <> 'audit.checkpointed'
        ) AS moved
    ) AS m
    WHERE (m.moved OR last.newest > coalesce(k.delivered_sequence, 0))
      AND (SELECT public.app_org()) IS NULL
    ORDER BY 1
$$;
"""

KEEPING = """
CREATE FUNCTION keeping_retain(p_organization uuid, p_months integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM public.require_ledger(p_organization);
    INSERT INTO public.audit_keeping (organization_id, months, months_set_at)
    VALUES (p_organization, p_months, now())
    ON CONFLICT (organization_id)
        DO UPDATE SET months = excluded.months, months_set_at = excluded.months_set_at;
END $$;

-- Both return false where there is nothing to do: two who hold at once make one hold.
CREATE FUNCTION keeping_hold(p_organization uuid, p_by uuid, p_by_label text, p_reason text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM public.require_ledger(p_organization);
    INSERT INTO public.audit_keeping (organization_id) VALUES (p_organization)
    ON CONFLICT DO NOTHING;
    UPDATE public.audit_keeping
    SET held_at = now(), held_by = p_by, held_by_label = p_by_label, held_reason = p_reason
    WHERE organization_id = p_organization AND held_at IS NULL;
    RETURN FOUND;
END $$;
CREATE FUNCTION keeping_release(p_organization uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM public.require_ledger(p_organization);
    UPDATE public.audit_keeping
    SET held_at = NULL, held_by = NULL, held_by_label = '', held_reason = ''
    WHERE organization_id = p_organization AND held_at IS NOT NULL;
    RETURN FOUND;
END $$;

CREATE FUNCTION refuse_held() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE insufficient_privilege USING MESSAGE = 'The ledger is under a legal hold.';
END $$;

-- The beginning of a chain moves by these rules alone, its owner's hand included: forward, to an
-- entry that is old enough, that a checkpoint names and that lies outside, by a rule that has stood
-- for a week so that it can be seen and stopped, and never under a hold.
CREATE FUNCTION base_by_rule() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_event record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF (NEW.base_sequence, NEW.base_hash) IS DISTINCT FROM (0::bigint, ''::bytea) THEN
            RAISE insufficient_privilege USING MESSAGE = 'A ledger begins with its first entry.';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.held_at IS NOT NULL OR NEW.held_at IS NOT NULL THEN PERFORM public.refuse_held(); END IF;
    SELECT e.at, e.hash INTO v_event FROM public.audit_event e
    WHERE e.organization_id = OLD.organization_id AND e.sequence = NEW.base_sequence;
    IF (NEW.organization_id, NEW.months, NEW.months_set_at, NEW.delivered_sequence)
        IS DISTINCT FROM
       (OLD.organization_id, OLD.months, OLD.months_set_at, OLD.delivered_sequence)
       OR OLD.months IS NULL
       OR OLD.months_set_at > clock_timestamp() - interval '7 days'
       OR NEW.base_sequence <= OLD.base_sequence
       OR NEW.base_sequence > OLD.delivered_sequence
       OR v_event.at IS NULL
       OR v_event.at > clock_timestamp() - make_interval(months => OLD.months)
       OR (NEW.base_hash, NEW.base_at) IS DISTINCT FROM (v_event.hash, v_event.at)
       OR NOT EXISTS (
           SELECT FROM public.audit_checkpoint c
           WHERE c.organization_id = OLD.organization_id AND c.sequence = NEW.base_sequence
             AND c.hash = NEW.base_hash
       )
    THEN
        RAISE insufficient_privilege USING MESSAGE = 'Retention does not let these entries go.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER base_by_rule BEFORE INSERT ON audit_keeping
    FOR EACH ROW EXECUTE FUNCTION base_by_rule();
CREATE TRIGGER base_moves_by_rule BEFORE UPDATE ON audit_keeping FOR EACH ROW
    WHEN ((NEW.organization_id, NEW.base_sequence, NEW.base_hash, NEW.base_at, NEW.base_effects)
          IS DISTINCT FROM
          (OLD.organization_id, OLD.base_sequence, OLD.base_hash, OLD.base_at, OLD.base_effects))
    EXECUTE FUNCTION base_by_rule();
CREATE TRIGGER never_deleted BEFORE DELETE ON audit_keeping
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_keeping EXECUTE FUNCTION refuse_rewriting();
CREATE CONSTRAINT TRIGGER recorded AFTER UPDATE OF months, held_at, base_sequence ON audit_keeping
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unrecorded('organization_id');
CREATE CONSTRAINT TRIGGER recorded_at_first AFTER INSERT ON audit_keeping
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.months IS NOT NULL OR NEW.held_at IS NOT NULL)
    EXECUTE FUNCTION refuse_unrecorded('organization_id');

-- Rows of the ledger go only when its beginning has moved past them.
CREATE FUNCTION refuse_dropping() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.sequence IS NULL OR NOT EXISTS (
        SELECT FROM public.audit_keeping k
        WHERE k.organization_id = OLD.organization_id AND k.base_sequence >= OLD.sequence
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = 'The ledger cannot be rewritten.';
    END IF;
    RETURN OLD;
END $$;
DROP TRIGGER never_rewritten ON audit_event;
CREATE TRIGGER never_rewritten BEFORE UPDATE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER never_deleted BEFORE DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION refuse_dropping();
DROP TRIGGER never_deleted ON audit_particulars;
CREATE TRIGGER never_deleted BEFORE DELETE ON audit_particulars
    FOR EACH ROW EXECUTE FUNCTION refuse_dropping();
DROP TRIGGER never_deleted ON audit_effect;
CREATE TRIGGER never_deleted BEFORE DELETE ON audit_effect
    FOR EACH ROW EXECUTE FUNCTION refuse_dropping();

-- What was done before the beginning to who holds what, as far as it still stands.
CREATE FUNCTION base_effects(p_organization uuid, p_base bigint) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        sha256(convert_to(string_agg(f.text, E'\\n' ORDER BY f.id), 'UTF8')), ''::bytea)
    FROM public.audit_effect f
    WHERE f.organization_id = p_organization AND f.sequence <= p_base
$$;

-- Moves the beginning of a chain to this entry and drops what lies before it; returns how many
-- entries went. Of what they did to who holds what, the newest word on each row stays where the row
-- still stood, so that "as of" is right from there on. The trigger on the beginning says whether.
CREATE FUNCTION ledger_drop(p_organization uuid, p_up_to bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_dropped bigint;
BEGIN
    PERFORM public.require_ledger(p_organization);
    PERFORM FROM public.audit_keeping WHERE organization_id = p_organization FOR UPDATE;
    UPDATE public.audit_keeping k
    SET base_sequence = p_up_to, base_hash = e.hash, base_at = e.at,
        base_effects = (
            SELECT coalesce(
                sha256(convert_to(string_agg(f.text, E'\\n' ORDER BY f.id), 'UTF8')), ''::bytea)
            FROM public.effects_standing(p_organization, p_up_to) f
        )
    FROM public.audit_event e
    WHERE k.organization_id = p_organization
      AND e.organization_id = p_organization AND e.sequence = p_up_to;
    IF NOT FOUND THEN
        RAISE insufficient_privilege USING MESSAGE = 'Retention does not let these entries go.';
    END IF;
    DELETE FROM public.audit_effect f
    WHERE f.organization_id = p_organization AND f.sequence <= p_up_to
      AND f.id NOT IN (SELECT s.id FROM public.effects_standing(p_organization, p_up_to) s);
    DELETE FROM public.audit_particulars
    WHERE organization_id = p_organization AND sequence <= p_up_to;
    DELETE FROM public.audit_event
    WHERE organization_id = p_organization AND sequence <= p_up_to;
    GET DIAGNOSTICS v_dropped = ROW_COUNT;
    RETURN v_dropped;
END $$;

CREATE FUNCTION effects_standing(p_organization uuid, p_up_to bigint)
RETURNS TABLE (id bigint, text text) LANGUAGE sql STABLE AS $$
    SELECT n.id, n.text FROM (
        SELECT DISTINCT ON (f.kind, f."row") f.id, f.text
        FROM public.audit_effect f
        WHERE f.organization_id = p_organization AND f.sequence <= p_up_to
        ORDER BY f.kind, f."row", f.id DESC
    ) AS n
    WHERE n.text::jsonb -> 'after' <> 'null'
$$;

-- The ledgers with entries that their rule no longer keeps.
CREATE FUNCTION retention_due() RETURNS TABLE (organization_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT k.organization_id FROM public.audit_keeping k
    WHERE k.months IS NOT NULL AND k.held_at IS NULL
      AND k.months_set_at <= clock_timestamp() - interval '7 days'
      AND k.delivered_sequence > k.base_sequence
      AND EXISTS (
          SELECT FROM public.audit_event e
          WHERE e.organization_id = k.organization_id AND e.sequence = k.base_sequence + 1
            AND e.at <= clock_timestamp() - make_interval(months => k.months)
      )
      AND (SELECT public.app_org()) IS NULL
    ORDER BY 1
$$;
"""

ERASING = """
-- Words are never emptied under a hold, whoever tries, nor without an entry that says so.
CREATE FUNCTION refuse_emptying() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM public.audit_keeping k
        WHERE k.organization_id = OLD.organization_id AND k.held_at IS NOT NULL
    ) THEN
        PERFORM public.refuse_held();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER never_emptied_while_held BEFORE UPDATE ON audit_particulars FOR EACH ROW
    WHEN (OLD.words IS NOT NULL AND NEW.words IS NULL) EXECUTE FUNCTION refuse_emptying();
CREATE CONSTRAINT TRIGGER emptied_on_record AFTER UPDATE ON audit_particulars
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.words IS NOT NULL AND NEW.words IS NULL)
    EXECUTE FUNCTION refuse_unrecorded('organization_id');

-- Every text in the words of an entry, a line each.
CREATE FUNCTION words_said(p_words jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(said #>> '{}', E'\\n')
    FROM jsonb_path_query(p_words, 'strict $.** ? (@.type() == "string")') AS said
$$;

-- Under which names, addresses and logins the log knows somebody.
CREATE FUNCTION ledger_labels(p_organization uuid, p_person uuid)
RETURNS TABLE (kind text, label text) LANGUAGE sql STABLE AS $$
    WITH own AS (
        SELECT e.action, e.actor_id = p_person AS acts, e.target_id = p_person AS is_target,
               p.words::jsonb AS said
        FROM public.audit_event e
        JOIN public.audit_particulars p USING (organization_id, sequence)
        WHERE e.organization_id = p_organization
          AND (e.actor_id = p_person OR e.target_id = p_person)
          AND pg_input_is_valid(p.words, 'jsonb')
    )
    SELECT DISTINCT found.kind, lower(btrim(found.label))
    FROM own CROSS JOIN LATERAL (
        SELECT 'name', own.said ->> 'actor' WHERE own.acts
        UNION ALL SELECT 'name', own.said ->> 'target' WHERE own.is_target
        UNION ALL
        SELECT f.field, side #>> '{}'
        FROM (VALUES ('name'), ('email'), ('login')) AS f (field)
        CROSS JOIN LATERAL jsonb_path_query(own.said -> 'changes' -> f.field, '$[*]') AS side
        WHERE own.is_target OR own.action = 'member.joined'
    ) AS found (kind, label)
    WHERE btrim(found.label) <> ''
$$;

-- The entries whose words name somebody, and by what: their id, their address or login, or their
-- name alone. A name that stands for another member's id is that member's.
CREATE FUNCTION ledger_naming(p_organization uuid, p_person uuid)
RETURNS TABLE (sequence bigint, found_by text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_like text[];
    v_address text;
    v_name text;
BEGIN
    SELECT array_agg('%' || regexp_replace(
               substr(to_jsonb(l.label)::text, 2, length(to_jsonb(l.label)::text) - 2),
               '([\\\\%_])', '\\\\\\1', 'g') || '%'),
           '(?:^|[^[:alnum:]._%+-])(?:' || string_agg(
               regexp_replace(l.label, '([^[:alnum:][:space:]])', '\\\\\\1', 'g'), '|'
           ) FILTER (WHERE l.kind <> 'name') || ')(?![[:alnum:]_%+-]|\\.[[:alnum:]])',
           '(?:^|[^[:alnum:]])(?:' || string_agg(
               regexp_replace(l.label, '([^[:alnum:][:space:]])', '\\\\\\1', 'g'), '|'
           ) FILTER (WHERE l.kind = 'name') || ')(?![[:alnum:]])'
    INTO v_like, v_address, v_name
    FROM public.ledger_labels(p_organization, p_person) l;
    RETURN QUERY
    SELECT c.sequence, c.found_by FROM (
        SELECT e.sequence, CASE
            WHEN e.actor_id = p_person OR e.target_id = p_person THEN 'id'
            WHEN NOT pg_input_is_valid(p.words, 'jsonb') THEN NULL
            WHEN lower(public.words_said(p.words::jsonb)) ~ v_address THEN 'address'
            WHEN lower(public.words_said(
                p.words::jsonb
                - CASE WHEN e.actor_kind = 'member' AND e.actor_id IS NOT NULL
                    THEN 'actor' ELSE '' END
                - CASE WHEN e.target_kind = 'member' AND e.target_id IS NOT NULL
                    THEN 'target' ELSE '' END)) ~ v_name THEN 'name'
        END AS found_by
        FROM public.audit_event e
        JOIN public.audit_particulars p USING (organization_id, sequence)
        WHERE e.organization_id = p_organization AND p.words IS NOT NULL
          AND (e.actor_id = p_person OR e.target_id = p_person
               OR lower(p.words) LIKE ANY (v_like))
    ) AS c
    WHERE c.found_by IS NOT NULL;
END $$;

-- Empties the words of every entry that names somebody who has left, and touches nothing else;
-- returns how many. `p_names` says whether a bare name is enough.
CREATE FUNCTION ledger_erase(p_organization uuid, p_person uuid, p_names boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_erased bigint;
BEGIN
    PERFORM public.require_ledger(p_organization);
    -- Whoever sets a hold at this moment waits for this, or this for them.
    INSERT INTO public.audit_keeping (organization_id) VALUES (p_organization)
    ON CONFLICT DO NOTHING;
    PERFORM FROM public.audit_keeping k
    WHERE k.organization_id = p_organization AND k.held_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN PERFORM public.refuse_held(); END IF;
    IF NOT EXISTS (
        SELECT FROM public.audit_event e
        WHERE e.organization_id = p_organization AND e.outcome = 'done'
          AND (e.action = 'member.removed' AND e.target_id = p_person
               OR e.action = 'member.left' AND e.actor_id = p_person)
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = 'Only who has left is erased.';
    END IF;
    UPDATE public.audit_particulars p SET words = NULL
    FROM public.ledger_naming(p_organization, p_person) n
    WHERE p.organization_id = p_organization AND p.sequence = n.sequence
      AND (p_names OR n.found_by <> 'name');
    GET DIAGNOSTICS v_erased = ROW_COUNT;
    RETURN v_erased;
END $$;
"""

VERIFY = """
-- Returns the first entry that does not follow from the one before, and why; no row when all do.
-- Looks at the entries after `p_after` up to `p_up_to`, and at the checkpoints among them; without
-- an end also at the chain's head. A chain whose oldest entries were dropped begins after its base,
-- which a checkpoint must name. Runs as its caller, so row security decides which chain it sees.
CREATE OR REPLACE FUNCTION ledger_verify(
    p_organization uuid, p_after bigint DEFAULT 0, p_up_to bigint DEFAULT NULL
) RETURNS TABLE (sequence bigint, reason text) LANGUAGE sql STABLE AS $$
    WITH base AS MATERIALIZED (
        SELECT coalesce(k.base_sequence, 0) AS sequence, coalesce(k.base_hash, ''::bytea) AS hash
        FROM (VALUES (p_organization)) AS asked (organization_id)
        LEFT JOIN audit_keeping k USING (organization_id)
    ), effects AS MATERIALIZED (
        SELECT f.sequence, count(*) AS number,
               encode(sha256(convert_to(string_agg(f.text, E'\\n' ORDER BY f.id), 'UTF8')), 'hex')
                   AS digest,
               bool_and(CASE WHEN pg_input_is_valid(f.text, 'jsonb') THEN
                   (f.text::jsonb ->> 'kind', f.text::jsonb ->> 'row',
                    f.text::jsonb ->> 'holder', f.text::jsonb ->> 'place')
                   IS NOT DISTINCT FROM
                   (f.kind, f."row"::text, f.holder::text, f.place::text)
                   ELSE false END) AS is_like_its_text
        FROM audit_effect f
        WHERE f.organization_id = p_organization AND f.sequence > p_after
          AND f.sequence <= coalesce(p_up_to, 9223372036854775807)
        GROUP BY f.sequence
    ), chained AS (
        SELECT e.*, p.salt, p.words, p.sequence IS NULL AS bare,
               lag(e.sequence, 1, b.sequence) OVER chain AS sequence_before,
               lag(e.hash, 1, b.hash) OVER chain AS hash_before,
               b.sequence AS base_sequence
        FROM audit_event e
        LEFT JOIN audit_particulars p USING (organization_id, sequence)
        CROSS JOIN base b
        WHERE e.organization_id = p_organization
          AND e.sequence BETWEEN p_after AND coalesce(p_up_to, 9223372036854775807)
        WINDOW chain AS (ORDER BY e.sequence)
    ), judged AS (
        SELECT c.sequence, CASE
            WHEN c.sequence <= c.base_sequence THEN 'it lies before the beginning of the log'
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
                    WHEN b.body -> 'effects' IS DISTINCT FROM
                         CASE WHEN f.number > 0 THEN jsonb_build_array(f.number, f.digest) END
                         OR NOT f.is_like_its_text
                        THEN 'what it did to who holds what was changed'
                END
                FROM (SELECT c.body::jsonb AS body OFFSET 0) b
            )
        END AS reason
        FROM chained c
        LEFT JOIN effects f ON f.sequence = c.sequence
        WHERE c.sequence > p_after
    ), newest AS (
        SELECT e.sequence, e.hash FROM audit_event e
        WHERE e.organization_id = p_organization ORDER BY e.sequence DESC LIMIT 1
    ), ended AS (
        SELECT coalesce(n.sequence, b.sequence) AS sequence,
               coalesce(n.hash, nullif(b.hash, ''::bytea)) AS hash
        FROM base b LEFT JOIN newest n ON true
    )
    SELECT flaw.sequence, flaw.reason FROM (
     SELECT j.sequence, 1, j.reason FROM judged j WHERE j.reason IS NOT NULL
     UNION ALL
     SELECT c.sequence, 2, 'it is not what was signed'
     FROM audit_checkpoint c
     JOIN audit_event e ON e.organization_id = c.organization_id AND e.sequence = c.sequence
     WHERE c.organization_id = p_organization AND c.sequence > p_after
       AND c.sequence <= coalesce(p_up_to, 9223372036854775807) AND c.hash <> e.hash
     UNION ALL
     SELECT b.sequence + 1, 0, 'the beginning of the log is not what was signed'
     FROM base b
     WHERE b.sequence > 0 AND (NOT EXISTS (
         SELECT FROM audit_checkpoint c
         WHERE c.organization_id = p_organization AND c.sequence = b.sequence AND c.hash = b.hash
     ) OR p_up_to IS NULL AND base_effects(p_organization, b.sequence) IS DISTINCT FROM (
         SELECT k.base_effects FROM audit_keeping k WHERE k.organization_id = p_organization
     ))
     UNION ALL
     SELECT n.sequence + 1, 3, CASE
         WHEN n.sequence < h.sequence THEN 'the newest entries are missing'
         ELSE 'the head of the chain was changed'
     END
     FROM (VALUES (p_organization)) AS asked (organization_id)
     CROSS JOIN ended n
     LEFT JOIN audit_head h ON h.organization_id = asked.organization_id
     WHERE p_up_to IS NULL AND (nullif(n.sequence, 0), n.hash)
           IS DISTINCT FROM (h.sequence, h.hash)
     UNION ALL
     SELECT n.sequence + 1, 4, 'the newest entries are missing'
     FROM ended n
     WHERE p_up_to IS NULL AND n.sequence < (
         SELECT max(c.sequence) FROM audit_checkpoint c WHERE c.organization_id = p_organization)
    ) AS flaw (sequence, weight, reason)
    ORDER BY flaw.sequence, flaw.weight LIMIT 1
$$;
"""

FUNCTIONS = (
    "require_ledger(uuid)",
    "checkpoint_keep(uuid, bigint, bytea, timestamptz, text, bytea)",
    "checkpoint_delivered(uuid, bigint, text)",
    "checkpoints_due()",
    "keeping_retain(uuid, integer)",
    "keeping_hold(uuid, uuid, text, text)",
    "keeping_release(uuid)",
    "ledger_drop(uuid, bigint)",
    "effects_standing(uuid, bigint)",
    "base_effects(uuid, bigint)",
    "retention_due()",
    "words_said(jsonb)",
    "ledger_labels(uuid, uuid)",
    "ledger_naming(uuid, uuid)",
    "ledger_erase(uuid, uuid, boolean)",
)

# The web role alone: the portal has no business with what proves an organization's log.
RIGHTS = "".join(
    f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC;\n"
    f"GRANT EXECUTE ON FUNCTION {function} TO {WEB};\n"
    for function in FUNCTIONS
)

REVERSE = """
DROP TRIGGER emptied_on_record ON audit_particulars;
DROP TRIGGER never_emptied_while_held ON audit_particulars;
DROP TRIGGER never_deleted ON audit_event;
DROP TRIGGER never_rewritten ON audit_event;
CREATE TRIGGER never_rewritten BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
DROP TRIGGER never_deleted ON audit_particulars;
CREATE TRIGGER never_deleted BEFORE DELETE ON audit_particulars
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
DROP TRIGGER never_deleted ON audit_effect;
CREATE TRIGGER never_deleted BEFORE DELETE ON audit_effect
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
DROP FUNCTION refuse_emptying();
DROP FUNCTION refuse_dropping();
DROP TRIGGER base_by_rule ON audit_keeping;
DROP TRIGGER base_moves_by_rule ON audit_keeping;
DROP FUNCTION base_by_rule();
DROP FUNCTION refuse_held();
""" + "".join(f"DROP FUNCTION {function};\n" for function in reversed(FUNCTIONS))

VERIFY_BEFORE = """
-- Returns the first entry that does not follow from the one before, and why; no row when all do.
-- Looks at the entries after `p_after` up to `p_up_to`; without an end also at the chain's head.
-- Runs as its caller, so row security decides which chain it sees.
CREATE OR REPLACE FUNCTION ledger_verify(
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
"""

CHECKPOINT = [
    (
        "pk",
        models.CompositePrimaryKey(
            "organization_id",
            "sequence",
            blank=True,
            editable=False,
            primary_key=True,
            serialize=False,
        ),
    ),
    ("organization_id", models.UUIDField()),
    ("sequence", models.BigIntegerField()),
    ("hash", models.BinaryField()),
    ("at", models.DateTimeField()),
    ("key", models.TextField(help_text="Which key signed: the start of its fingerprint.")),
    ("signature", models.BinaryField()),
]
KEPT = [
    ("organization_id", models.UUIDField(primary_key=True, serialize=False)),
    ("months", models.PositiveSmallIntegerField(null=True, help_text="Empty: for ever.")),
    ("months_set_at", models.DateTimeField(null=True)),
    ("held_at", models.DateTimeField(null=True)),
    ("held_by", models.UUIDField(null=True)),
    ("held_by_label", models.TextField(default="", db_default="")),
    ("held_reason", models.TextField(default="", db_default="")),
    (
        "base_sequence",
        models.BigIntegerField(
            default=0, db_default=0, help_text="The last entry that was dropped."
        ),
    ),
    ("base_hash", models.BinaryField(default=b"", db_default=b"")),
    ("base_at", models.DateTimeField(null=True)),
    ("base_effects", models.BinaryField(default=b"", db_default=b"")),
    (
        "delivered_sequence",
        models.BigIntegerField(
            default=0,
            db_default=0,
            help_text="The newest checkpoint that lies outside the database.",
        ),
    ),
    ("delivered_at", models.DateTimeField(null=True)),
    ("failing_since", models.DateTimeField(null=True)),
    ("failure", models.TextField(default="", db_default="")),
]


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_effects")]

    operations = [
        migrations.CreateModel(name="Checkpoint", fields=CHECKPOINT),
        migrations.CreateModel(
            name="Keeping",
            fields=KEPT,
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("months__isnull", True), ("months__gte", 12), _connector="OR"
                        ),
                        name="keeping_at_least_a_year",
                    )
                ],
            },
        ),
        migrations.RunSQL(CHECKPOINTS + KEEPING + ERASING, REVERSE),
        migrations.RunSQL(VERIFY, VERIFY_BEFORE),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
