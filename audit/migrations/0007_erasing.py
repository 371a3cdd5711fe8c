"""Erasing who was invited and never joined, and reading what no erasing takes away.

An invitation is in the log under its own id, with an address for a name: that address is what the
rest of the log is searched for. What was typed as a reason is part of the text that is hashed, and
stays; so that nobody finds that out afterwards, it can be read before.
"""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

from config.rights import web_role

_BEFORE = import_module("audit.migrations.0004_proof").ERASING


def _function(start: str) -> str:
    """As 0004 has it, to be replaced."""
    begins = _BEFORE.index(start)
    end = "$$;\n"
    return str(_BEFORE[begins : _BEFORE.index(end, begins) + len(end)]).replace(
        "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1
    )


def _changed(text: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        if text.count(before) != 1:
            raise ValueError(f"Not there once: {before}")
        text = text.replace(before, after)
    return text


LABELS_BEFORE = _function("CREATE FUNCTION ledger_labels(")
LABELS = _changed(
    LABELS_BEFORE,
    (
        "e.target_id = p_person AS is_target,\n",
        "e.target_id = p_person AS is_target,\n               e.target_kind,\n",
    ),
    (
        "SELECT 'name', own.said ->> 'target' WHERE own.is_target",
        "SELECT CASE own.target_kind WHEN 'invitation' THEN 'email' ELSE 'name' END,\n"
        "               own.said ->> 'target' WHERE own.is_target",
    ),
)

ERASE_BEFORE = _function("CREATE FUNCTION ledger_erase(")
ERASE = _changed(
    ERASE_BEFORE,
    (
        "               OR e.action = 'member.left' AND e.actor_id = p_person)\n",
        "               OR e.action = 'member.left' AND e.actor_id = p_person\n"
        "               OR e.action = 'invitation.sent' AND e.target_id = p_person)\n",
    ),
    (
        "    ) THEN\n        RAISE insufficient_privilege USING MESSAGE = 'Only who has left",
        "    ) OR EXISTS (\n"
        "        SELECT FROM public.audit_event e\n"
        "        WHERE e.organization_id = p_organization AND e.outcome = 'done'\n"
        "          AND e.action = 'invitation.accepted' AND e.target_id = p_person\n"
        "    ) THEN\n        RAISE insufficient_privilege USING MESSAGE = 'Only who has left",
    ),
)

MENTIONS = r"""
-- What is part of the hashed text and stays when somebody is erased: reasons that were typed on
-- entries about them, and reasons and changed values that name them. Runs as its caller.
CREATE FUNCTION ledger_mentions(p_organization uuid, p_person uuid)
RETURNS TABLE (sequence bigint, at timestamptz, reason text, is_about boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_like text[];
    v_address text;
    v_name text;
BEGIN
    SELECT array_agg('%' || regexp_replace(
               substr(to_jsonb(l.label)::text, 2, length(to_jsonb(l.label)::text) - 2),
               '([\\%_])', '\\\1', 'g') || '%'),
           '(?:^|[^[:alnum:]._%+-])(?:' || string_agg(
               regexp_replace(l.label, '([^[:alnum:][:space:]])', '\\\1', 'g'), '|'
           ) FILTER (WHERE l.kind <> 'name') || ')(?![[:alnum:]_%+-]|\.[[:alnum:]])',
           '(?:^|[^[:alnum:]])(?:' || string_agg(
               regexp_replace(l.label, '([^[:alnum:][:space:]])', '\\\1', 'g'), '|'
           ) FILTER (WHERE l.kind = 'name') || ')(?![[:alnum:]])'
    INTO v_like, v_address, v_name
    FROM public.ledger_labels(p_organization, p_person) l;
    RETURN QUERY
    SELECT m.sequence, m.at, m.facts ->> 'reason', m.is_about FROM (
        SELECT e.sequence, e.at, e.outcome = 'done' AND e.target_id = p_person AS is_about,
               CASE WHEN pg_input_is_valid(e.body, 'jsonb') THEN e.body::jsonb END AS facts
        FROM public.audit_event e
        WHERE e.organization_id = p_organization
          AND (e.target_id = p_person OR lower(e.body) LIKE ANY (v_like))
    ) AS m
    CROSS JOIN LATERAL (
        SELECT lower(public.words_said(
            jsonb_build_array(m.facts -> 'reason', m.facts -> 'changes'))) AS text
    ) AS said
    WHERE m.is_about AND m.facts ->> 'reason' <> '' OR said.text ~ v_address OR said.text ~ v_name;
END $$;
"""

RIGHTS = f"""
REVOKE ALL ON FUNCTION ledger_mentions(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_mentions(uuid, uuid) TO {web_role()};
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_accounts")]

    operations = [
        migrations.RunSQL(LABELS, LABELS_BEFORE),
        migrations.RunSQL(ERASE, ERASE_BEFORE),
        migrations.RunSQL(MENTIONS + RIGHTS, "DROP FUNCTION ledger_mentions(uuid, uuid);"),
    ]
