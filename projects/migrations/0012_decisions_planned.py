"""Decisions are planned once a connection, and for the large organization.

Each of these functions is asked on almost every request, and planning one costs more than running
it. A group is found from the place and from the person at once, so it matters little how many
groups either has.
"""

from __future__ import annotations

from importlib import import_module

from django.db import migrations, models

ACCESS = import_module("projects.migrations.0003_access")

_ONCE = "SET plan_cache_mode = force_generic_plan"
_LIVE = "(g.expires_at IS NULL OR g.expires_at > now())"
_SEATS = """
            SELECT s.group_id FROM public.orgs_groupmembership s
            WHERE s.membership_id = p_membership AND s.organization_id = v_org
              AND (s.expires_at IS NULL OR s.expires_at > now())
"""
_CODENAME = (
    "(SELECT p.codename::text FROM public.auth_permission p WHERE p.id = held.permission_id)"
)


def _held(scope: str, place: str) -> str:
    """What is held on one place: by the person, and by the groups that `me` names."""
    return f"""
            SELECT g.permission_id FROM public.projects_{scope}grant g
            WHERE g.user_id = p_person AND g.content_object_id = {place}
              AND g.organization_id = v_org AND {_LIVE}
            UNION ALL
            SELECT g.permission_id FROM public.projects_{scope}groupgrant g
            WHERE g.content_object_id = {place}
              AND g.group_id = ANY ((SELECT me.groups FROM me)::uuid[])
              AND g.organization_id = v_org AND {_LIVE}
"""


DECISIONS = f"""
CREATE OR REPLACE FUNCTION roles_on_workspace(p_workspace uuid, p_person uuid, p_membership uuid)
RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER {_ONCE} AS $$
DECLARE v_org uuid := nullif(current_setting('app.organization', true), '')::uuid;
BEGIN
    RETURN ARRAY(
        WITH me AS MATERIALIZED (SELECT ARRAY({_SEATS}) AS groups)
        SELECT {_CODENAME} FROM ({_held("workspace", "p_workspace")}) held
    );
END $$;

CREATE OR REPLACE FUNCTION roles_on_project(p_project uuid, p_person uuid, p_membership uuid)
RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER {_ONCE} AS $$
DECLARE v_org uuid := nullif(current_setting('app.organization', true), '')::uuid;
BEGIN
    RETURN ARRAY(
        WITH me AS MATERIALIZED (
            SELECT r.workspace_id, ARRAY({_SEATS}) AS groups
            FROM public.projects_project r WHERE r.id = p_project AND r.organization_id = v_org
        )
        SELECT {_CODENAME} FROM (
            {_held("project", "p_project")}
            UNION ALL
            {_held("workspace", "(SELECT me.workspace_id FROM me)")}
        ) held
    );
END $$;

CREATE OR REPLACE FUNCTION roles_on_resource(p_resource uuid, p_person uuid, p_membership uuid)
RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER {_ONCE} AS $$
DECLARE v_org uuid := nullif(current_setting('app.organization', true), '')::uuid;
BEGIN
    RETURN ARRAY(
        WITH me AS MATERIALIZED (
            SELECT x.project_id, r.workspace_id, ARRAY({_SEATS}) AS groups
            FROM public.projects_resource x
            LEFT JOIN public.projects_project r ON r.id = x.project_id
            WHERE x.id = p_resource AND x.organization_id = v_org
        )
        SELECT {_CODENAME} FROM (
            {_held("resource", "p_resource")}
            UNION ALL
            {_held("project", "(SELECT me.project_id FROM me)")}
            UNION ALL
            {_held("workspace", "(SELECT me.workspace_id FROM me)")}
        ) held
    );
END $$;
"""

_PLANNED = (
    "groups_of(uuid)",
    "own_workspaces(uuid, uuid)",
    "own_projects(uuid, uuid)",
    "own_resources(uuid, uuid)",
)

_TABLES = {
    f"{scope}{kind}grant": (f"{scope}_{name}_by_object", grantee)
    for scope in ("workspace", "project", "resource")
    for kind, name, grantee in (("", "grant", "user"), ("group", "group", "group"))
}


def _counted_by_index(
    model: str, name: str, grantee: str
) -> list[migrations.operations.base.Operation]:
    """Who holds a role on a place is counted, and found, without a look at the table."""
    return [
        migrations.RemoveIndex(model_name=model, name=name),
        migrations.AddIndex(
            model_name=model,
            index=models.Index(
                fields=["content_object", grantee], include=["permission", "expires_at"], name=name
            ),
        ),
    ]


def _body(function: str, text: str) -> str:
    """One function as the migration that made it has it, to go back to."""
    start = text.index(f"CREATE FUNCTION {function}(")
    end = text.index("END $$;", start) + len("END $$;")
    return text[start:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)


FORWARD = "\n".join([DECISIONS, *(f"ALTER FUNCTION {name} {_ONCE};" for name in _PLANNED)])
REVERSE = "\n".join(
    [
        *(
            _body(f"roles_on_{scope}", ACCESS.FORWARD)
            for scope in ("workspace", "project", "resource")
        ),
        *(f"ALTER FUNCTION {name} RESET ALL;" for name in _PLANNED),
    ]
)


class Migration(migrations.Migration):
    dependencies = [("projects", "0011_former_parts_follow"), ("orgs", "0009_plans")]

    operations = [
        *(
            operation
            for model, (name, grantee) in _TABLES.items()
            for operation in _counted_by_index(model, name, grantee)
        ),
        migrations.RunSQL(FORWARD, REVERSE),
    ]
