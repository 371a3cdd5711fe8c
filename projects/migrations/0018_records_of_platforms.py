"""Records of platforms: proofs, what a record was verified with, and answers that are kept."""

from __future__ import annotations

from django.db import migrations, models

RECEIPTS = """
-- Keep what was answered under a name, in the bound organization; false where one is kept already.
CREATE FUNCTION receipt_kept(p_name text, p_digest bytea, p_answer jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.projects_receipt (id, organization_id, name, digest, answer, created_at)
    VALUES (gen_random_uuid(), public.app_org(), p_name, p_digest, p_answer, clock_timestamp())
    ON CONFLICT (organization_id, name) DO NOTHING;
    RETURN FOUND;
END $$;
"""
# A platform chooses the ids of its executions, so an id is one of an organization alone: nobody
# learns whether another has it.
ID = """
ALTER TABLE projects_execution DROP CONSTRAINT projects_execution_pkey,
    ADD PRIMARY KEY (organization_id, id)
"""
ID_REVERSE = """
ALTER TABLE projects_execution DROP CONSTRAINT projects_execution_pkey, ADD PRIMARY KEY (id)
"""
_KINDS = [("run", "Run"), ("conversation", "Conversation"), ("log", "Log"), ("proof", "Proof")]


class Migration(migrations.Migration):
    dependencies = [("projects", "0017_decisions_for_platforms")]

    operations = [
        migrations.AlterField("execution", "kind", models.TextField(choices=_KINDS, default="run")),
        migrations.AddField("execution", "key_id", models.UUIDField(blank=True, null=True)),
        migrations.AddField(
            "execution", "verification_id", models.UUIDField(blank=True, null=True)
        ),
        migrations.RunSQL(ID, ID_REVERSE),
        migrations.RunSQL(RECEIPTS, "DROP FUNCTION receipt_kept(text, bytea, jsonb)"),
    ]
