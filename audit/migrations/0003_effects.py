"""What an entry did to who holds what: rows of the access tables before and after, ids only.

Triggers on those tables note it, and the next entry of the transaction claims it: its text names
how many effects there are and their hash. So who could do what, and when, follows from the ledger
alone, and no path to the access tables is outside it.
"""

from __future__ import annotations

from django.db import migrations, models

from config.rights import web_role

EFFECTS = f"""
ALTER TABLE audit_effect ADD COLUMN xact xid8 NOT NULL;
CREATE INDEX effect_unclaimed ON audit_effect (xact, id) WHERE sequence IS NULL;
-- Who ever was an Owner: they hold every place, and are few among the members.
CREATE INDEX effect_of_owner ON audit_effect (organization_id, id)
    WHERE kind = 'membership' AND text LIKE '%"role": "owner"%';

ALTER TABLE audit_effect ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON audit_effect FOR SELECT USING (organization_id = (SELECT app_org()));
GRANT SELECT ON audit_effect TO {web_role()};

-- Claiming names the entry, once; nothing else of an effect ever changes.
CREATE TRIGGER never_rewritten BEFORE UPDATE ON audit_effect FOR EACH ROW
    WHEN (OLD.sequence IS NOT NULL OR (NEW.id, NEW.organization_id, NEW.text, NEW.xact)
          IS DISTINCT FROM (OLD.id, OLD.organization_id, OLD.text, OLD.xact))
    EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER never_deleted BEFORE DELETE ON audit_effect
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_effect EXECUTE FUNCTION refuse_rewriting();

-- What no entry has claimed by the time of commit came after the last one: it gets an entry of its
-- own, so that nothing about access is outside the chain. A transaction without any entry has been
-- refused by then (refuse_unrecorded).
CREATE FUNCTION effects_settle() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF EXISTS (SELECT FROM public.audit_effect WHERE id = NEW.id AND sequence IS NULL) THEN
        PERFORM set_config('app.effects', 'on', true);
        PERFORM set_config('app.effects_after', '', true);
        PERFORM public.ledger_write(
            NEW.organization_id, NULL, 'system', NULL, 'access.stated', 'organization',
            NEW.organization_id, 'done',
            '{{"reason": "", "request": "", "changes": {{}}}}'::jsonb,
            '{{"actor": "Bailiwick", "target": "", "ip": null, "agent": "", "changes": {{}}}}'::jsonb
        );
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER claimed AFTER INSERT ON audit_effect
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION effects_settle();

-- Gives what the transaction noted for an organization to the entry of this number; returns what
-- the entry's text says of it. Begins after what this transaction has claimed already: the index
-- leads through all of that until the commit.
CREATE FUNCTION effects_claim(p_organization uuid, p_sequence bigint) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_after bigint := coalesce(nullif(current_setting('app.effects_after', true), ''), '0')::bigint;
    v_number bigint;
    v_newest bigint;
    v_digest text;
BEGIN
    WITH claimed AS (
        UPDATE public.audit_effect SET sequence = p_sequence
        WHERE xact = pg_current_xact_id() AND sequence IS NULL AND id > v_after
          AND organization_id = p_organization
        RETURNING id, text
    )
    SELECT count(*), max(id),
           encode(sha256(convert_to(string_agg(text, E'\\n' ORDER BY id), 'UTF8')), 'hex')
    INTO v_number, v_newest, v_digest FROM claimed;
    IF NOT EXISTS (
        SELECT FROM public.audit_effect
        WHERE xact = pg_current_xact_id() AND sequence IS NULL AND id > v_after
    ) THEN
        PERFORM set_config('app.effects', '', true);
        PERFORM set_config('app.effects_after', coalesce(v_newest, v_after)::text, true);
    END IF;
    RETURN CASE WHEN v_number = 0 THEN '{{}}'::jsonb
        ELSE jsonb_build_object('effects', jsonb_build_array(v_number, v_digest)) END;
END $$;
REVOKE ALL ON FUNCTION effects_claim FROM PUBLIC;
"""

WRITE = """
-- Writes one entry and returns its number. The head's row lock orders the writers of one
-- organization and is held until they commit. Without a time it takes the present, under the lock;
-- with one it tells of the past, before any newer entry. Time never runs back. Only the owner may
-- call it: everybody else would choose a time, or another organization. What this transaction did
-- to who holds what, and no entry has claimed yet, is claimed by this one.
-- The plan of the look-up below is kept: made while there are few heads it would read them all, and
-- then each dead version of a long transaction.
CREATE OR REPLACE FUNCTION ledger_write(
    p_organization uuid, p_at timestamptz, p_actor_kind text, p_actor_id uuid, p_action text,
    p_target_kind text, p_target_id uuid, p_outcome text, p_facts jsonb, p_words jsonb
) RETURNS bigint LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    head record;
    v_sequence bigint;
    v_at timestamptz;
    v_salt bytea := uuid_send(gen_random_uuid());
    v_words text := p_words::text;
    v_body text;
    v_hash bytea;
    v_effects jsonb := '{}';
BEGIN
    -- Where this transaction left the head, so that it is not looked for: many entries leave many
    -- dead versions of this row, and until the commit the index leads through all of them. Anybody
    -- may have set the place; what lies there is the head only if this transaction wrote it.
    SELECT h.ctid AS place, h.sequence, h.at, h.hash INTO head
    FROM public.audit_head h
    WHERE h.ctid = nullif(current_setting('app.head', true), '')::tid
      AND h.organization_id = p_organization AND h.xact = pg_current_xact_id();
    IF NOT FOUND THEN
        SELECT h.ctid AS place, h.sequence, h.at, h.hash INTO head
        FROM public.audit_head h WHERE h.organization_id = p_organization FOR UPDATE;
    END IF;
    IF NOT FOUND THEN
        INSERT INTO public.audit_head (organization_id, sequence, at, hash, xact)
        VALUES (p_organization, 0, '-infinity', '', pg_current_xact_id()) ON CONFLICT DO NOTHING;
        SELECT h.ctid AS place, h.sequence, h.at, h.hash INTO head
        FROM public.audit_head h WHERE h.organization_id = p_organization FOR UPDATE;
    END IF;
    v_sequence := head.sequence + 1;
    v_at := greatest(coalesce(p_at, clock_timestamp()), head.at);
    IF current_setting('app.effects', true) = 'on' THEN
        v_effects := public.effects_claim(p_organization, v_sequence);
    END IF;
    v_body := (p_facts || v_effects || jsonb_build_object(
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
    WHERE ctid = head.place
    RETURNING ctid INTO head.place;
    PERFORM set_config('app.head', head.place::text, true);
    RETURN v_sequence;
END $$;

-- Deferred to commit by the tables that use it: a change of an organization without an entry in
-- its ledger, in the same transaction, is refused. The argument names the organization's column.
CREATE OR REPLACE FUNCTION refuse_unrecorded() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET enable_seqscan = off AS $$
DECLARE
    v_organization uuid := (to_jsonb(coalesce(NEW, OLD)) ->> TG_ARGV[0])::uuid;
BEGIN
    -- First where the newest entry left the head: asked for each of many changes.
    IF EXISTS (
        SELECT FROM public.audit_head
        WHERE ctid = nullif(current_setting('app.head', true), '')::tid
          AND organization_id = v_organization AND xact = pg_current_xact_id()
    ) THEN
        RETURN NULL;
    END IF;
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

WRITE_BEFORE = """
-- Writes one entry and returns its number. The head's row lock orders the writers of one
-- organization and is held until they commit. Without a time it takes the present, under the lock;
-- with one it tells of the past, before any newer entry. Time never runs back. Only the owner may
-- call it: everybody else would choose a time, or another organization.
CREATE OR REPLACE FUNCTION ledger_write(
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

-- Deferred to commit by the tables that use it: a change of an organization without an entry in
-- its ledger, in the same transaction, is refused. The argument names the organization's column.
CREATE OR REPLACE FUNCTION refuse_unrecorded() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
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

REVERSE = """
DROP FUNCTION effects_claim(uuid, bigint);
DROP FUNCTION effects_settle() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_chain"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        migrations.CreateModel(
            name="Effect",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("organization_id", models.UUIDField()),
                ("sequence", models.BigIntegerField(null=True)),
                ("kind", models.TextField()),
                ("row", models.UUIDField()),
                ("holder", models.UUIDField(null=True)),
                ("place", models.UUIDField(null=True)),
                ("text", models.TextField(help_text="The JSON text that the entry’s hash is of.")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organization_id", "sequence"], name="effect_of_entry"),
                    models.Index(
                        fields=["organization_id", "kind", "row", "-id"], name="effect_of_row"
                    ),
                    models.Index(
                        fields=["organization_id", "holder", "-id"], name="effect_by_holder"
                    ),
                    models.Index(
                        fields=["organization_id", "place", "-id"],
                        condition=models.Q(place__isnull=False),
                        name="effect_by_place",
                    ),
                ],
            },
        ),
        migrations.RunSQL(EFFECTS, REVERSE),
        migrations.RunSQL(WRITE, WRITE_BEFORE),
    ]
