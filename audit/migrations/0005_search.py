"""Full-text search of the log, and filters that are kept.

Each entry has a document of what it can be found by; one index holds them in stretches, so that a
search reads the newest first and stops where its page is full.
"""

from __future__ import annotations

from django.db import migrations, models
from django.db.models.functions import Lower
from uuid6 import uuid7

from config.rights import web_role

DOCUMENTS = r"""
-- What an entry is found by: each word of its names, its reason and its changed values, with a
-- letter for its kind before it. It stands beside the words, and goes with them.
ALTER TABLE audit_particulars ADD COLUMN document tsvector;

-- The words in a JSON text, without case and accents. What separates them is written out here,
-- so that every database splits alike: escapes, colour codes of a terminal, spaces, punctuation.
-- Marks that nobody sees (zero width, direction) are taken out before, wherever they stand.
CREATE FUNCTION log_words(p_said jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_said text := p_said::text;
BEGIN
    IF octet_length(v_said) = char_length(v_said) THEN
        v_said := lower(v_said);
    ELSE
        v_said := regexp_replace(
            public.fold_name(v_said),
            '[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]', '', 'g');
    END IF;
    RETURN regexp_split_to_array(v_said,
        '(\\u001b\[[0-9;]*[a-z]|\\u[0-9a-f]{4}|\\["\\/bfnrt]'
        '|[\s\u0001-\u0020!-/:-@\[\]^_`{-\u00bf\u060c\u061b\u061f\u2000-\u206f\u3000-\u303f])+');
END $$;

-- An id as it stands in a document.
CREATE FUNCTION log_id(p_id uuid) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT pg_catalog.rtrim(pg_catalog.encode(pg_catalog.uuid_send(p_id), 'base64'), '=')
$$;

-- The document of an entry: w a word, q the request, i the address, r who acted, t the target,
-- a the action, n its noun, o an outcome other than done. `p_words` is null once erased.
CREATE FUNCTION log_document(p_event audit_event, p_words text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_facts jsonb := CASE WHEN p_event.body IS JSON OBJECT THEN p_event.body::jsonb END;
    v_words jsonb := CASE WHEN p_words IS JSON OBJECT THEN p_words::jsonb END;
    v_found text[] := public.log_words(jsonb_build_array(
        v_words -> 'actor', v_words -> 'target', v_words -> 'changes',
        v_facts -> 'reason', v_facts -> 'changes', p_event.action));
BEGIN
    RETURN array_to_tsvector(ARRAY(
        SELECT 'w' || left(word, 40) FROM unnest(v_found[:400]) AS word
        WHERE word NOT IN ('', 'null')
        UNION ALL
        SELECT left(term, 80) FROM unnest(ARRAY[
            'q' || nullif(v_facts ->> 'request', ''),
            'i' || nullif(v_words ->> 'ip', ''),
            'r' || public.log_id(p_event.actor_id),
            't' || public.log_id(p_event.target_id),
            'a' || p_event.action,
            'n' || split_part(p_event.action, '.', 1),
            'o' || nullif(p_event.outcome, 'done')
        ]) AS term WHERE term IS NOT NULL));
END $$;
REVOKE ALL ON FUNCTION log_document FROM PUBLIC;

CREATE FUNCTION log_describe() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_event public.audit_event;
BEGIN
    SELECT e.* INTO v_event FROM public.audit_event e
    WHERE e.organization_id = NEW.organization_id AND e.sequence = NEW.sequence;
    NEW.document := public.log_document(v_event, NEW.words);
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION log_describe FROM PUBLIC;

-- What is there already.
ALTER TABLE audit_particulars DISABLE TRIGGER USER;
UPDATE audit_particulars p SET document = log_document(e, p.words)
FROM audit_event e WHERE e.organization_id = p.organization_id AND e.sequence = p.sequence;
ALTER TABLE audit_particulars ENABLE TRIGGER USER;

CREATE TRIGGER searchable BEFORE INSERT ON audit_particulars
    FOR EACH ROW EXECUTE FUNCTION log_describe();
-- Erased words are found no longer; the facts still are.
CREATE TRIGGER searchable_no_longer BEFORE UPDATE OF words ON audit_particulars
    FOR EACH ROW EXECUTE FUNCTION log_describe();
"""

SEARCH = r"""
-- What stands before each word in the index: a part of the organization's id, so that nobody's
-- search meets the words of others, and a stretch of 65,536 entries, so that a search reads the
-- newest first and no further than its page needs.
CREATE FUNCTION log_place(p_organization uuid, p_stretch bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT pg_catalog.left(pg_catalog.md5(p_organization::text), 6)
        || pg_catalog.to_hex(p_stretch) || '/'
$$;

-- The cost says how much dearer it is to compute than to look up in the index.
CREATE FUNCTION log_keys(p_organization uuid, p_sequence bigint, p_document tsvector)
RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT COST 100000 AS $$
DECLARE
    v_place text := public.log_place(p_organization, p_sequence >> 16);
BEGIN
    RETURN array_to_tsvector(ARRAY(
        SELECT v_place || word FROM unnest(tsvector_to_array(p_document)) AS word));
END $$;

-- Without a list of what is yet to be sorted in: every search would read all of it.
CREATE INDEX log_search ON audit_particulars
    USING gin (log_keys(organization_id, sequence, document)) WITH (fastupdate = off);
ALTER INDEX log_search ALTER COLUMN 1 SET STATISTICS 0;

CREATE FUNCTION log_term(p_term text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT '''' || pg_catalog.replace(pg_catalog.replace(p_term, '\', '\\'), '''', '''''') || ''''
$$;

-- The text of a query over documents: words that begin so, terms that are all there, one of
-- these, none of those, and one that begins so. Null for nothing asked.
CREATE FUNCTION log_query(
    p_words text[], p_all text[], p_any text[], p_none text[], p_begins text, p_place text
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.string_agg(part, ' & ') FROM (
        SELECT CASE
            -- A request is found by most of its id; a shorter word would find one by chance.
            WHEN pg_catalog.length(word) < 12 THEN public.log_term(p_place || 'w' || word) || ':*'
            ELSE '(' || public.log_term(p_place || 'w' || word) || ':* | '
                     || public.log_term(p_place || 'q' || word) || ':*)' END
        FROM pg_catalog.unnest(p_words) AS word
        UNION ALL
        SELECT public.log_term(p_place || term) FROM pg_catalog.unnest(p_all) AS term
        UNION ALL
        SELECT '(' || pg_catalog.string_agg(public.log_term(p_place || term), ' | ') || ')'
        FROM pg_catalog.unnest(p_any) AS term HAVING pg_catalog.count(*) > 0
        UNION ALL
        SELECT '!' || public.log_term(p_place || term) FROM pg_catalog.unnest(p_none) AS term
        UNION ALL
        SELECT public.log_term(p_place || p_begins) || ':*' WHERE p_begins <> ''
    ) AS parts (part)
$$;

-- A search's words, as `log_query` takes them.
CREATE FUNCTION log_searched(p_text text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT ARRAY(
        SELECT DISTINCT pg_catalog.left(word, 40)
        FROM pg_catalog.unnest(public.log_words(pg_catalog.to_jsonb(p_text))) AS word
        WHERE word <> '' LIMIT 12)
$$;

-- The entries of the bound organization that a query finds, from `p_place` on towards the older
-- or the newer, at most `p_size`; how far it looked; and whether that was the end. It walks some
-- entries first, which finds what is frequent; then the index is asked, a few stretches at a
-- time, which finds what is rare. It runs behind the wall, because row security would keep the
-- index from being used, and keeps to the organization by itself.
CREATE FUNCTION log_find(
    p_text text, p_all text[], p_any text[], p_none text[], p_begins text,
    p_since timestamptz, p_until timestamptz, p_place bigint, p_newer boolean, p_size integer
) RETURNS TABLE (sequences bigint[], reached bigint, finished boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_org CONSTANT uuid := public.app_org();
    v_words CONSTANT text[] := public.log_searched(p_text);
    v_query CONSTANT tsquery :=
        public.log_query(v_words, p_all, p_any, p_none, p_begins, '')::tsquery;
    v_indexed CONSTANT boolean :=
        cardinality(v_words) + cardinality(p_all) + cardinality(p_any) > 0 OR p_begins <> '';
    v_until CONSTANT timestamptz := clock_timestamp() + interval '80 milliseconds';
    v_low bigint;
    v_high bigint;
    v_step bigint;
    v_steps bigint[] := '{250, 750, 1000}';
    v_stretches bigint := 1;
    v_some bigint[];
    v_from bigint;
    v_led_words text[] := v_words;
    v_led text[] := p_all;
BEGIN
    sequences := '{}';
    SELECT e.sequence INTO v_low FROM public.audit_event e
    WHERE e.organization_id = v_org AND e.at >= coalesce(p_since, '-infinity')
    ORDER BY e.at, e.sequence LIMIT 1;
    SELECT e.sequence INTO v_high FROM public.audit_event e
    WHERE e.organization_id = v_org AND e.at < coalesce(p_until, 'infinity')
    ORDER BY e.at DESC, e.sequence DESC LIMIT 1;
    IF p_newer THEN
        v_low := greatest(v_low, p_place + 1);
    ELSE
        v_high := least(v_high, p_place - 1);
    END IF;
    IF NOT v_indexed THEN v_steps := v_steps || 8000::bigint; END IF;
    v_from := CASE WHEN p_newer THEN v_low ELSE v_high - 1999 END;
    FOREACH v_step IN ARRAY v_steps LOOP
        EXIT WHEN NOT coalesce(v_low <= v_high, false) OR cardinality(sequences) >= p_size;
        IF p_newer THEN
            SELECT array_agg(w.sequence) INTO v_some FROM (
                SELECT p.sequence FROM public.audit_particulars p
                WHERE p.organization_id = v_org
                  AND p.sequence BETWEEN v_low AND least(v_high, v_low + v_step - 1)
                  AND (v_query IS NULL OR p.document @@ v_query)
                ORDER BY p.sequence LIMIT p_size - cardinality(sequences)
            ) AS w;
            v_low := v_low + v_step;
        ELSE
            SELECT array_agg(w.sequence) INTO v_some FROM (
                SELECT p.sequence FROM public.audit_particulars p
                WHERE p.organization_id = v_org
                  AND p.sequence BETWEEN greatest(v_low, v_high - v_step + 1) AND v_high
                  AND (v_query IS NULL OR p.document @@ v_query)
                ORDER BY p.sequence DESC LIMIT p_size - cardinality(sequences)
            ) AS w;
            v_high := v_high - v_step;
        END IF;
        sequences := sequences || coalesce(v_some, '{}');
    END LOOP;
    -- What is rarest among those walked through leads the index; the rest is asked of what it
    -- finds. Where nothing is very rare, all terms lead, but for words that many others begin
    -- with: those the index would have to collect.
    IF cardinality(v_words) + cardinality(p_all) > 1 AND cardinality(sequences) < p_size
        AND coalesce(v_low <= v_high, false)
    THEN
        WITH counted AS (
            SELECT t.term, t.is_word, (
                SELECT count(*) FROM public.audit_particulars p
                WHERE p.organization_id = v_org AND p.sequence BETWEEN v_from AND v_from + 1999
                  AND p.document @@ t.query
            ) AS number
            FROM (
                SELECT word, true, public.log_query(ARRAY[word], '{}', '{}', '{}', '', '')::tsquery
                FROM unnest(v_words) AS word
                UNION ALL
                SELECT term, false, public.log_query('{}', ARRAY[term], '{}', '{}', '', '')::tsquery
                FROM unnest(p_all) AS term
            ) AS t (term, is_word, query)
        ), led AS (
            SELECT c.*, CASE
                WHEN l.least <= 2 THEN c.number <= 2
                ELSE l.least > 20 OR c.number <= 20 OR NOT c.is_word
            END AS leads
            FROM counted c CROSS JOIN (SELECT min(number) AS least FROM counted) AS l
        )
        SELECT coalesce(array_agg(term) FILTER (WHERE leads AND is_word), '{}'),
               coalesce(array_agg(term) FILTER (WHERE leads AND NOT is_word), '{}')
        INTO v_led_words, v_led FROM led;
    END IF;
    FOR v_turn IN 1 .. CASE WHEN v_indexed THEN 24 ELSE 0 END LOOP
        EXIT WHEN NOT coalesce(v_low <= v_high, false) OR cardinality(sequences) >= p_size
            OR clock_timestamp() > v_until;
        IF p_newer THEN
            v_step := least(v_high, ((v_low >> 16) + v_stretches) * 65536 - 1);
        ELSE
            v_step := greatest(v_low, ((v_high >> 16) - v_stretches + 1) * 65536);
        END IF;
        sequences := sequences || public.log_look_up(
            v_org, v_query, v_led_words, v_led, p_any, p_begins,
            CASE WHEN p_newer THEN v_low ELSE v_step END,
            CASE WHEN p_newer THEN v_step ELSE v_high END,
            p_newer, p_size - cardinality(sequences));
        IF p_newer THEN v_low := v_step + 1; ELSE v_high := v_step - 1; END IF;
        v_stretches := least(v_stretches * 2, 16);
    END LOOP;
    finished := NOT coalesce(v_low <= v_high, false);
    reached := CASE WHEN p_newer THEN v_low - 1 ELSE v_high + 1 END;
    RETURN NEXT;
END $$;

-- The entries between two that the index finds by these terms and that fit the whole query; of
-- all of them the first are kept.
CREATE FUNCTION log_look_up(
    p_organization uuid, p_query tsquery, p_words text[], p_all text[], p_any text[], p_begins text,
    p_low bigint, p_high bigint, p_newer boolean, p_size integer
) RETURNS bigint[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_keys tsquery;
    v_found bigint[];
BEGIN
    SELECT string_agg('(' || public.log_query(
        p_words, p_all, p_any, '{}', p_begins, public.log_place(p_organization, stretch)
    ) || ')', ' | ')::tsquery INTO v_keys
    FROM generate_series(p_low >> 16, p_high >> 16) AS stretch;
    WITH hits AS MATERIALIZED (
        SELECT p.organization_id, p.sequence, p.document FROM public.audit_particulars p
        WHERE public.log_keys(p.organization_id, p.sequence, p.document) @@ v_keys
    )
    SELECT array_agg(f.sequence) INTO v_found FROM (
        SELECT h.sequence FROM hits h
        WHERE h.organization_id = p_organization AND h.sequence BETWEEN p_low AND p_high
          AND h.document @@ p_query
        ORDER BY CASE WHEN p_newer THEN h.sequence ELSE -h.sequence END LIMIT p_size
    ) AS f;
    RETURN coalesce(v_found, '{}');
END $$;
REVOKE ALL ON FUNCTION log_look_up FROM PUBLIC;
"""

KEPT = f"""
ALTER TABLE audit_savedfilter ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON audit_savedfilter USING (organization_id = (SELECT app_org()))
    WITH CHECK (organization_id = (SELECT app_org()));
GRANT SELECT, INSERT, DELETE ON audit_savedfilter TO {web_role()};
ALTER TABLE audit_savedfilter ADD CONSTRAINT audit_savedfilter_in_org UNIQUE (organization_id, id);
ALTER TABLE audit_savedfilter ALTER COLUMN organization_id SET (n_distinct = 2);
-- It goes with the membership of its maker. No model above this app is named; the key is the
-- database's own.
ALTER TABLE audit_savedfilter ADD CONSTRAINT audit_savedfilter_membership_wall
    FOREIGN KEY (organization_id, membership_id)
    REFERENCES orgs_membership (organization_id, id) ON DELETE CASCADE
    DEFERRABLE INITIALLY IMMEDIATE;
CREATE CONSTRAINT TRIGGER recorded AFTER INSERT OR UPDATE OR DELETE ON audit_savedfilter
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unrecorded('organization_id');
"""

REVERSE = """
DROP FUNCTION log_find(
    text, text[], text[], text[], text, timestamptz, timestamptz, bigint, boolean, integer);
DROP FUNCTION log_look_up(
    uuid, tsquery, text[], text[], text[], text, bigint, bigint, boolean, integer);
DROP FUNCTION log_searched(text);
DROP FUNCTION log_query(text[], text[], text[], text[], text, text);
DROP FUNCTION log_term(text);
DROP INDEX log_search;
DROP FUNCTION log_keys(uuid, bigint, tsvector);
DROP FUNCTION log_place(uuid, bigint);
DROP TRIGGER searchable_no_longer ON audit_particulars;
DROP TRIGGER searchable ON audit_particulars;
DROP FUNCTION log_describe();
DROP FUNCTION log_document(audit_event, text);
DROP FUNCTION log_id(uuid);
DROP FUNCTION log_words(jsonb);
ALTER TABLE audit_particulars DROP COLUMN document;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_proof"), ("orgs", "0004_doors")]

    operations = [
        migrations.RunSQL(DOCUMENTS + SEARCH, REVERSE),
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("organization_id", models.UUIDField()),
                ("membership_id", models.UUIDField()),
                ("name", models.CharField(max_length=60)),
                (
                    "query",
                    models.JSONField(
                        default=dict, help_text="The fields as they stand in an address."
                    ),
                ),
                ("shared", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        "organization_id",
                        "membership_id",
                        Lower("name"),
                        name="saved_filter_one_name_a_person",
                        violation_error_message="You have a filter of this name.",
                    )
                ],
            },
        ),
        migrations.RunSQL(KEPT, migrations.RunSQL.noop),
    ]
