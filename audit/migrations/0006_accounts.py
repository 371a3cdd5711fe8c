"""Two things that "as of" needs: since when an account was switched off, and counts at any moment.

An account is no row of an organization. Its state is noted all the same wherever its person is a
member, as an effect that says itself when it was. No entry is written for it: the numbers of
entries are what the platform sees of every ledger, and one more in each of a person's organizations
would tell it which they are. The next entry that the organization writes anyway claims it.

Counts are kept every few thousand effects, so that a moment is counted from the last such point on.
"""

from __future__ import annotations

from importlib import import_module

from django.db import migrations, models

from config.rights import web_role

_BEFORE = import_module("audit.migrations.0003_effects")


def _changed(text: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        if text.count(before) != 1:
            raise ValueError(f"Not there once: {before}")
        text = text.replace(before, after)
    return text


def _function(text: str, start: str) -> str:
    begins = text.index(start)
    return text[begins : text.index("END $$;", begins) + len("END $$;")]


CLAIM_BEFORE = _function(_BEFORE.EFFECTS, "CREATE FUNCTION effects_claim(").replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1
)
# What another transaction noted of an account is claimed with what this one did.
CLAIM = _changed(
    CLAIM_BEFORE,
    (
        """          AND organization_id = p_organization
        RETURNING id, text
    )
    SELECT count(*), max(id),""",
        """          AND organization_id = p_organization AND kind <> 'account'
        RETURNING id, text
    ), waiting AS (
        UPDATE public.audit_effect SET sequence = p_sequence
        WHERE organization_id = p_organization AND sequence IS NULL AND kind = 'account'
        RETURNING id, text
    )
    SELECT count(*), (SELECT max(id) FROM claimed),""",
    ),
    (
        "INTO v_number, v_newest, v_digest FROM claimed;",
        """INTO v_number, v_newest, v_digest
    FROM (SELECT * FROM claimed UNION ALL SELECT * FROM waiting) AS noted;""",
    ),
    (
        "WHERE xact = pg_current_xact_id() AND sequence IS NULL AND id > v_after\n    )",
        "WHERE xact = pg_current_xact_id() AND sequence IS NULL AND id > v_after\n"
        "          AND kind <> 'account'\n    )",
    ),
)
WRITE_BEFORE = _function(_BEFORE.WRITE, "CREATE OR REPLACE FUNCTION ledger_write(")
WRITE = _changed(
    WRITE_BEFORE,
    (
        "IF current_setting('app.effects', true) = 'on' THEN",
        """IF current_setting('app.effects', true) = 'on' OR EXISTS (
        SELECT FROM public.audit_effect
        WHERE organization_id = p_organization AND sequence IS NULL AND kind = 'account'
    ) THEN""",
    ),
)

_SETTLE = """
DROP TRIGGER claimed ON audit_effect;
CREATE CONSTRAINT TRIGGER claimed AFTER INSERT ON audit_effect
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW {when}EXECUTE FUNCTION effects_settle();
"""

ACCOUNTS = f"""
-- Hardly ever is there one: asked for by each entry.
CREATE INDEX effect_of_account_waits ON audit_effect (organization_id)
    WHERE sequence IS NULL AND kind = 'account';
{CLAIM}
{WRITE}
{_SETTLE.format(when="WHEN (NEW.kind <> 'account') ")}
-- An account was switched on or off, as one of its organizations has to know it.
CREATE FUNCTION account_note(p_organization uuid, p_membership uuid, p_active boolean)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.audit_effect (organization_id, kind, "row", holder, place, text, xact)
    VALUES (p_organization, 'account', p_membership, p_membership, NULL, jsonb_build_object(
        'kind', 'account', 'row', p_membership, 'holder', p_membership, 'place', NULL,
        'before', jsonb_build_object('is_active', NOT p_active),
        'after', jsonb_build_object('is_active', p_active, 'at', to_char(
            clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    )::text, pg_current_xact_id())
$$;
REVOKE ALL ON FUNCTION account_note(uuid, uuid, boolean) FROM PUBLIC;

CREATE FUNCTION account_switched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM public.account_note(m.organization_id, m.id, NEW.is_active)
    FROM public.orgs_membership m WHERE m.person_id = NEW.id ORDER BY m.id;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION account_switched() FROM PUBLIC;
CREATE TRIGGER switched AFTER UPDATE OF is_active ON accounts_user FOR EACH ROW
    WHEN (OLD.is_active IS DISTINCT FROM NEW.is_active) EXECUTE FUNCTION account_switched();

-- Who becomes a member with an account that is off; and whose membership gets another account.
CREATE FUNCTION account_joined() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_active boolean := (SELECT u.is_active FROM public.accounts_user u WHERE u.id = NEW.person_id);
BEGIN
    IF NOT v_active OR TG_OP = 'UPDATE' THEN
        PERFORM public.account_note(NEW.organization_id, NEW.id, v_active);
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION account_joined() FROM PUBLIC;
CREATE TRIGGER account_joined AFTER INSERT OR UPDATE OF person_id ON orgs_membership FOR EACH ROW
    WHEN (NEW.person_id IS NOT NULL) EXECUTE FUNCTION account_joined();
"""
# From here on it is known; of what was before, the log says what it said.
NOTE_ALL = """
SELECT account_note(m.organization_id, m.id, false)
FROM orgs_membership m JOIN accounts_user u ON u.id = m.person_id
WHERE NOT u.is_active ORDER BY m.id;
"""
ACCOUNTS_REVERSE = f"""
DROP TRIGGER account_joined ON orgs_membership;
DROP FUNCTION account_joined();
DROP TRIGGER switched ON accounts_user;
DROP FUNCTION account_switched();
DROP FUNCTION account_note(uuid, uuid, boolean);
{_SETTLE.format(when="")}
{WRITE_BEFORE}
{CLAIM_BEFORE}
DROP INDEX effect_of_account_waits;
"""

COUNTS = f"""
-- Who ever was an Admin, and who ever had an end: both are few among the members.
CREATE INDEX effect_of_admin ON audit_effect (organization_id, id)
    WHERE kind = 'membership' AND text LIKE '%"role": "admin"%';
CREATE INDEX effect_with_end ON audit_effect (organization_id, id)
    WHERE kind = 'membership' AND text LIKE '%"expires_at": "%';

ALTER TABLE audit_tally ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON audit_tally FOR SELECT USING (organization_id = (SELECT app_org()));
GRANT SELECT ON audit_tally TO {web_role()};

-- What a row counts as; nothing where it is gone, or where nobody has joined under it yet.
CREATE FUNCTION counted_as(p_kind text, p_row jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN jsonb_typeof(p_row) IS DISTINCT FROM 'object' THEN NULL
        WHEN p_kind = 'membership' THEN
            CASE WHEN (p_row ->> 'is_person')::boolean THEN 'membership ' || (p_row ->> 'role') END
        WHEN p_kind = 'project' THEN 'project ' || (p_row ->> 'state')
        WHEN p_kind IN ('group', 'workspace') THEN p_kind
    END
$$;

-- How many there were of each after this entry: those of the last point that was kept, and what was
-- done since. Each effect takes its row from what it counted as before to what it counts as after;
-- of what stood before the beginning of the log only the last word was kept. A long way is kept in
-- steps, so it is gone once.
CREATE FUNCTION effects_counted(p_organization uuid, p_sequence bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET enable_seqscan = off AS $$
DECLARE
    v_step constant integer := 2000;
    v_base bigint;
    v_from bigint;
    v_said jsonb;
BEGIN
    PERFORM public.require_ledger(p_organization);
    v_base := coalesce((
        SELECT k.base_sequence FROM public.audit_keeping k WHERE k.organization_id = p_organization
    ), 0);
    FOR v_round IN 1 .. 2 LOOP
        SELECT t.sequence, t.said INTO v_from, v_said FROM public.audit_tally t
        WHERE t.organization_id = p_organization
          AND t.sequence BETWEEN greatest(v_base, 1) AND p_sequence
        ORDER BY t.sequence DESC LIMIT 1;
        v_from := coalesce(v_from, 0); v_said := coalesce(v_said, '{{}}');
        EXIT WHEN v_round = 2 OR current_setting('transaction_read_only') = 'on' OR (
            SELECT count(*) FROM (
                SELECT FROM public.audit_effect e
                WHERE e.organization_id = p_organization
                  AND e.sequence > v_from AND e.sequence <= p_sequence
                LIMIT 2 * v_step) some_of) < 2 * v_step;
        INSERT INTO public.audit_tally (organization_id, sequence, said)
        WITH placed AS MATERIALIZED (
            SELECT n.sequence, div(sum(n.number) OVER (ORDER BY n.sequence) - n.number, v_step)
                   AS step
            FROM (
                SELECT e.sequence, count(*) AS number FROM public.audit_effect e
                WHERE e.organization_id = p_organization
                  AND e.sequence > v_from AND e.sequence <= p_sequence
                GROUP BY e.sequence
            ) n
        ), steps AS (
            SELECT p.step, max(p.sequence) AS until FROM placed p GROUP BY p.step
        ), moved AS (
            SELECT p.step, m.counted, sum(m.by) AS by
            FROM public.effects_moved(p_organization, v_from, p_sequence, v_base) m
            JOIN placed p USING (sequence) GROUP BY p.step, m.counted
        ), whole AS (
            SELECT c.counted, s.step, s.until,
                   coalesce((v_said ->> c.counted)::bigint, 0)
                   + sum(coalesce(m.by, 0)) OVER (PARTITION BY c.counted ORDER BY s.step) AS number
            FROM steps s
            CROSS JOIN (
                SELECT DISTINCT counted FROM moved UNION SELECT jsonb_object_keys(v_said)
            ) c
            LEFT JOIN moved m ON m.step = s.step AND m.counted = c.counted
        )
        -- The last one is not at its end yet.
        SELECT p_organization, w.until, jsonb_object_agg(w.counted, w.number)
        FROM whole w WHERE w.step < (SELECT max(s.step) FROM steps s)
        GROUP BY w.until
        ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN (
        SELECT coalesce(jsonb_object_agg(c.counted, c.number), '{{}}') FROM (
            SELECT t.counted, sum(t.number) AS number FROM (
                SELECT m.counted, m.by AS number
                FROM public.effects_moved(p_organization, v_from, p_sequence, v_base) m
                UNION ALL SELECT k.key, k.value::bigint FROM jsonb_each_text(v_said) k
            ) t GROUP BY t.counted
        ) c
    );
END $$;

CREATE FUNCTION effects_moved(
    p_organization uuid, p_after bigint, p_up_to bigint, p_base bigint
) RETURNS TABLE (sequence bigint, counted text, by bigint) LANGUAGE sql STABLE AS $$
    SELECT r.sequence, r.counted, sum(r.by)::bigint FROM (
        SELECT n.sequence, c.counted, c.by
        FROM (
            SELECT e.sequence, e.kind, e.text::jsonb AS said FROM public.audit_effect e
            WHERE e.organization_id = p_organization
              AND e.sequence > p_after AND e.sequence <= p_up_to
              AND e.kind IN ('membership', 'group', 'workspace', 'project')
            OFFSET 0
        ) n
        CROSS JOIN LATERAL (VALUES
            (public.counted_as(n.kind, n.said -> 'after'), 1),
            (CASE WHEN n.sequence > p_base THEN public.counted_as(n.kind, n.said -> 'before') END,
             -1)
        ) AS c (counted, by)
        WHERE c.counted IS NOT NULL
    ) r GROUP BY r.sequence, r.counted
$$;
REVOKE ALL ON FUNCTION effects_moved(uuid, bigint, bigint, bigint) FROM PUBLIC;
"""
# A long past is counted here, once, and not by the first reader who asks for it.
COUNT_ALL = """
DO $$
DECLARE h record;
BEGIN
    FOR h IN SELECT organization_id, sequence FROM audit_head LOOP
        PERFORM set_config('app.organization', h.organization_id::text, true);
        PERFORM effects_counted(h.organization_id, h.sequence);
    END LOOP;
    PERFORM set_config('app.organization', '', true);
END $$;
"""
COUNTS_REVERSE = """
DROP FUNCTION effects_counted(uuid, bigint);
DROP FUNCTION effects_moved(uuid, bigint, bigint, bigint);
DROP FUNCTION counted_as(text, jsonb);
DROP INDEX effect_with_end;
DROP INDEX effect_of_admin;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0005_search"),
        ("accounts", "0001_initial"),
        ("orgs", "0012_effects"),
    ]

    operations = [
        migrations.RunSQL(ACCOUNTS, ACCOUNTS_REVERSE),
        migrations.CreateModel(
            name="Tally",
            fields=[
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
                ("said", models.JSONField()),
            ],
        ),
        migrations.RunSQL(COUNTS, COUNTS_REVERSE),
        migrations.RunSQL([COUNT_ALL, NOTE_ALL], migrations.RunSQL.noop),
    ]
