"""Insights: which projects have them, and the counts of each week, kept by triggers."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
import django.utils.timezone
import uuid6
from django.db import migrations, models

from orgs.walls import CASCADE, SET_NULL, wall

_KEY = "organization_id, week, project_id, resource_id, started_by_id"
_COUNTS = ("runs", "conversations", "succeeded", "failed")
_COLUMNS = (
    "organization_id, started_at, project_id, resource_id, started_by_id, kind::text, state::text"
)
_SUMS = """
        SELECT organization_id, public.execution_week(started_at) AS week,
               project_id, resource_id, started_by_id,
               coalesce(sum(sign) FILTER (WHERE kind = 'run'), 0) AS runs,
               coalesce(sum(sign) FILTER (WHERE kind = 'conversation'), 0) AS conversations,
               coalesce(sum(sign) FILTER (WHERE state = 'succeeded'), 0) AS succeeded,
               coalesce(sum(sign) FILTER (WHERE state = 'failed'), 0) AS failed
        FROM ({rows}) AS executions
        WHERE kind IN ('run', 'conversation')
        GROUP BY 1, 2, 3, 4, 5
"""
_ADDED = ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in _COUNTS)


def _sums(*rows: tuple[int, str]) -> str:
    """What executions come to, by week and key; those of a table with the sign -1 are taken away."""
    each = (f"SELECT {sign} AS sign, {_COLUMNS} FROM {table}" for sign, table in rows)
    return _SUMS.format(rows=" UNION ALL ".join(each))


def _keeper(name: str, *rows: tuple[int, str]) -> str:
    """The function of a trigger. Keys come in one order, so that two who count the same weeks wait
    for each other and never both. What has come to nothing goes."""
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_empty uuid[];
BEGIN
    WITH counted AS (
        INSERT INTO public.projects_executionweek AS kept (id, {_KEY}, {", ".join(_COUNTS)})
        SELECT gen_random_uuid(), change.* FROM ({_sums(*rows)}) AS change
        WHERE (runs, conversations, succeeded, failed) <> (0, 0, 0, 0)
        ORDER BY {_KEY}
        ON CONFLICT ({_KEY}) DO UPDATE SET {_ADDED}
        RETURNING id, runs + conversations AS total
    )
    SELECT array_agg(id) INTO v_empty FROM counted WHERE total = 0;
    IF v_empty IS NOT NULL THEN
        DELETE FROM public.projects_executionweek
        WHERE id = ANY (v_empty) AND runs + conversations = 0;
    END IF;
    RETURN NULL;
END $$;
"""


# A week begins where the installation's own week does, so its zone is a part of the function:
# `execution_weeks_rebuild` changes it, and counts everything anew.
FORWARD = f"""
CREATE FUNCTION execution_week(p_at timestamptz) RETURNS date LANGUAGE sql STABLE AS
$$ SELECT date_trunc('week', p_at AT TIME ZONE 'UTC')::date $$;
{_keeper("executions_come", (1, "come"))}
{_keeper("executions_change", (1, "come"), (-1, "gone"))}
{_keeper("executions_go", (-1, "gone"))}
CREATE TRIGGER executions_come AFTER INSERT ON projects_execution
    REFERENCING NEW TABLE AS come FOR EACH STATEMENT EXECUTE FUNCTION executions_come();
CREATE TRIGGER executions_change AFTER UPDATE ON projects_execution
    REFERENCING NEW TABLE AS come OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION executions_change();
CREATE TRIGGER executions_go AFTER DELETE ON projects_execution
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION executions_go();

-- In which zone the weeks are counted now.
CREATE FUNCTION execution_weeks_zone() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT (regexp_match(prosrc, 'TIME ZONE ''([^'']+)'''))[1] FROM pg_proc
    WHERE oid = 'public.execution_week(timestamptz)'::regprocedure
$$;

-- Whoever reports an execution meanwhile waits.
CREATE FUNCTION execution_weeks_rebuild(p_zone text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE public.projects_execution IN SHARE ROW EXCLUSIVE MODE;
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION public.execution_week(p_at timestamptz) RETURNS date'
        ' LANGUAGE sql STABLE AS $f$ SELECT date_trunc(''week'', p_at AT TIME ZONE %L)::date $f$',
        p_zone
    );
    DELETE FROM public.projects_executionweek;
    INSERT INTO public.projects_executionweek (id, {_KEY}, {", ".join(_COUNTS)})
    SELECT gen_random_uuid(), come.*
    FROM ({_sums((1, "public.projects_execution"))}) AS come;
END $$;
REVOKE ALL ON FUNCTION execution_weeks_rebuild(text) FROM PUBLIC;
SELECT execution_weeks_rebuild('UTC');
"""
REVERSE = """
DROP TRIGGER executions_come ON projects_execution;
DROP TRIGGER executions_change ON projects_execution;
DROP TRIGGER executions_go ON projects_execution;
DROP FUNCTION execution_weeks_rebuild(text);
DROP FUNCTION execution_weeks_zone();
DROP FUNCTION executions_come();
DROP FUNCTION executions_change();
DROP FUNCTION executions_go();
DROP FUNCTION execution_week(timestamptz);
"""


def _id() -> Any:
    return models.UUIDField(default=uuid6.uuid7, editable=False, primary_key=True, serialize=False)


def _organization() -> Any:
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to="orgs.organization",
    )


class Migration(migrations.Migration):
    dependencies = [("projects", "0019_rollup_mark")]

    operations = [
        migrations.CreateModel(
            name="ProjectInsights",
            fields=[
                ("id", _id()),
                ("enabled_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("organization", _organization()),
                (
                    "project",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="insights",
                        to="projects.project",
                    ),
                ),
                (
                    "enabled_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="orgs.membership",
                    ),
                ),
            ],
            options={"default_permissions": ()},
        ),
        migrations.CreateModel(
            name="ExecutionWeek",
            fields=[
                ("id", _id()),
                ("week", models.DateField()),
                ("project_id", models.UUIDField(null=True)),
                ("resource_id", models.UUIDField(null=True)),
                ("started_by_id", models.UUIDField(null=True)),
                *((name, models.IntegerField()) for name in _COUNTS),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="orgs.organization",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["project_id", "week"], name="execution_week_by_project"),
                    models.Index(
                        fields=["project_id", "started_by_id", "week"],
                        name="execution_week_by_person",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=[
                            "organization",
                            "week",
                            "project_id",
                            "resource_id",
                            "started_by_id",
                        ],
                        name="execution_week_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="execution",
            index=models.Index(
                condition=models.Q(
                    ("kind__in", ("run", "conversation")), ("started_by__isnull", False)
                ),
                fields=["project", "started_by", "started_at"],
                name="execution_first_use",
            ),
        ),
        wall(
            "projects_projectinsights",
            keys={
                "project_id": ("projects_project", CASCADE),
                "enabled_by_id": ("orgs_membership", SET_NULL),
            },
        ),
        wall("projects_executionweek", rights="SELECT", recorded=None),
        migrations.RunSQL(FORWARD, REVERSE),
    ]
