"""The rows below an organization, in SQL: places, and about a million grants of roles on them.

People, groups and ledgers are in `rows.py`, how all of it gets there in `seed.py`.
"""

# The rest of `rows.PLAN`: where the rows of each organization begin, and who is much in demand.
PLAN = """
ALTER TABLE bench_plan
    ADD workspaces bigint, ADD projects bigint, ADD first_workspace bigint, ADD first_project bigint,
    ADD heavy bigint, ADD shares bigint, ADD resource_shares bigint;
UPDATE bench_plan SET
    workspaces = CASE slug WHEN 'large' THEN %(workspaces)s WHEN 'fifty' THEN 4 ELSE 2 END,
    projects = CASE slug WHEN 'large' THEN %(projects)s WHEN 'fifty' THEN 50 ELSE 10 END,
    heavy = CASE slug WHEN 'large' THEN members / 2 + 1 ELSE 0 END,
    shares = CASE slug WHEN 'large' THEN 12 ELSE 6 END,
    resource_shares = CASE slug WHEN 'large' THEN 8 ELSE 2 END;
UPDATE bench_plan o SET first_workspace = before.workspaces, first_project = before.projects
FROM (SELECT n, sum(workspaces) OVER w - workspaces AS workspaces,
             sum(projects) OVER w - projects AS projects
      FROM bench_plan WINDOW w AS (ORDER BY n)) before
WHERE before.n = o.n;
CREATE TABLE bench_roles AS
SELECT split_part(p.codename, '_', 1) AS scope, p.id AS permission_id, p.codename,
       row_number() OVER (PARTITION BY split_part(p.codename, '_', 1) ORDER BY p.codename) - 1 AS nth,
       count(*) OVER (PARTITION BY split_part(p.codename, '_', 1)) AS many
FROM auth_permission p JOIN django_content_type c ON c.id = p.content_type_id
WHERE c.app_label = 'projects' AND p.codename ~ '^(workspace|project|resource)_';
"""

WORKSPACES = """
INSERT INTO projects_workspace (id, organization_id, name, description, created_at)
SELECT bench_id(7, o.first_workspace + i), o.id, format('Workspace %s', i), '', now()
FROM bench_plan o CROSS JOIN LATERAL generate_series(1, o.workspaces) i
"""

PROJECTS = """
INSERT INTO projects_project (id, organization_id, workspace_id, name, description, is_product,
                              environment, policies, prebuilds, state, deletes_at, created_at)
SELECT bench_id(8, o.first_project + i), o.id,
       bench_id(7, o.first_workspace + 1 + (i - 1) * o.workspaces / o.projects),
       (ARRAY['Atlas', 'Beacon', 'Cedar', 'Delta', 'Ember', 'Fjord', 'Garnet', 'Harbour', 'Iris',
              'Juniper', 'Krill', 'Lumen', 'Meadow', 'Nimbus', 'Orchard', 'Prism', 'Quarry', 'Reef'
        ])[1 + bench_draw(i, 18)] || ' ' || i,
       'Work of one team', i % 8 = 0,
       (ARRAY['', 'production', 'staging', 'development'])[1 + bench_draw(i + 5, 4)], '{}', '{}',
       CASE WHEN i % 200 = 33 THEN 'deleted' WHEN i % 20 = 7 THEN 'archived' ELSE 'active' END,
       CASE WHEN i % 200 = 33 THEN now() + interval '20 days' END,
       now() - bench_draw(i, 63072000) * interval '1 second'
FROM bench_plan o CROSS JOIN LATERAL generate_series(1, o.projects) i
"""

# Two in each project: an agent and a workflow.
RESOURCES = """
INSERT INTO projects_resource (id, organization_id, project_id, kind, name, description,
                               configuration, version, published_at, created_at, changed_at)
SELECT bench_id(9, 2 * (o.first_project + i) - k), o.id, bench_id(8, o.first_project + i),
       CASE k WHEN 0 THEN 'agent' ELSE 'workflow' END, format('Helper %s', i), '', '{}', 1,
       CASE WHEN i % 2 = 0 THEN now() END, now(), now()
FROM bench_plan o
CROSS JOIN LATERAL generate_series(1, o.projects) i CROSS JOIN generate_series(0, 1) k
"""


def _grants(scope: str, table: str, whom: str, drawn: str, kind: int) -> str:
    """`drawn` gives whom, place and a number to draw the role and the end by: some have ended."""
    return f"""
INSERT INTO {table} (id, organization_id, {whom}, content_object_id, permission_id, granted_by_id,
                     granted_at, reason, expires_at)
SELECT bench_id({kind}, row_number() OVER ()), d.organization, d.whom, d.place, r.permission_id,
       d.giver, now() - bench_draw(d.number, 31536000) * interval '1 second', '',
       CASE bench_draw(d.number + 17, 50) WHEN 0 THEN now() - interval '1 day'
            WHEN 1 THEN now() + interval '1 year' WHEN 2 THEN now() + interval '90 days' END
FROM ({drawn}) d (organization, giver, whom, place, number)
JOIN bench_roles r ON r.scope = '{scope}' AND r.nth = d.number % r.many
ON CONFLICT DO NOTHING
"""


# Twelve for everybody who can sign in, and every tenth project for the one who is much in demand.
PROJECT_GRANTS = _grants(
    "project",
    "projects_projectgrant",
    "user_id",
    """
    SELECT o.id, bench_id(3, o.first_member + 1), bench_id(1, o.first_member + i),
           bench_id(8, o.first_project + 1 +
               (bench_draw(i, o.projects) + k * (o.projects / o.shares)) % o.projects), i + k
    FROM bench_plan o CROSS JOIN LATERAL generate_series(1, o.members) i
    CROSS JOIN LATERAL generate_series(0, o.shares - 1) k
    WHERE i % 10 <> 9 AND i <> o.heavy
    UNION ALL
    SELECT o.id, bench_id(3, o.first_member + 1), bench_id(1, o.first_member + o.heavy),
           bench_id(8, o.first_project + 10 * i), i
    FROM bench_plan o CROSS JOIN LATERAL generate_series(1, o.projects / 10) i WHERE o.heavy > 0
    """,
    10,
)

# Three of each group, and one more of each of the five that hold thousands.
PROJECT_GROUP_GRANTS = _grants(
    "project",
    "projects_projectgroupgrant",
    "group_id",
    """
    SELECT o.id, bench_id(3, o.first_member + 1), bench_id(4, o.first_group + g),
           bench_id(8, o.first_project + CASE WHEN g <= 5 AND o.heavy > 0 THEN g ELSE
               6 + (bench_draw(g, o.projects - 5) + k * (o.projects / 3)) % (o.projects - 5) END),
           g + k
    FROM bench_plan o CROSS JOIN LATERAL generate_series(1, o.groups) g
    CROSS JOIN generate_series(0, 2) k
    """,
    11,
)

WORKSPACE_GRANTS = _grants(
    "workspace",
    "projects_workspacegrant",
    "user_id",
    """
    SELECT o.id, bench_id(3, o.first_member + 1),
           bench_id(1, o.first_member + 1 + 10 * bench_draw(w * 100 + j, o.members / 10)),
           bench_id(7, o.first_workspace + w), w + j
    FROM bench_plan o CROSS JOIN LATERAL generate_series(1, o.workspaces) w
    CROSS JOIN LATERAL generate_series(1, CASE WHEN o.heavy > 0 THEN 20 ELSE 1 END) j
    WHERE o.members >= 10
    """,
    12,
)

WORKSPACE_GROUP_GRANTS = _grants(
    "workspace",
    "projects_workspacegroupgrant",
    "group_id",
    """
    SELECT o.id, bench_id(3, o.first_member + 1), bench_id(4, o.first_group + g),
           bench_id(7, o.first_workspace + 1 + g % o.workspaces), g
    FROM bench_plan o CROSS JOIN LATERAL generate_series(1, o.groups) g WHERE g % 20 = 6
    """,
    13,
)

RESOURCE_GRANTS = _grants(
    "resource",
    "projects_resourcegrant",
    "user_id",
    """
    SELECT o.id, bench_id(3, o.first_member + 1), bench_id(1, o.first_member + i),
           bench_id(9, 2 * o.first_project + 1 + (bench_draw(i + 777, 2 * o.projects)
               + k * (2 * o.projects / o.resource_shares)) % (2 * o.projects)), i + k
    FROM bench_plan o CROSS JOIN LATERAL generate_series(1, o.members) i
    CROSS JOIN LATERAL generate_series(0, o.resource_shares - 1) k
    WHERE i % 10 <> 9
    """,
    14,
)

RESOURCE_GROUP_GRANTS = _grants(
    "resource",
    "projects_resourcegroupgrant",
    "group_id",
    """
    SELECT o.id, bench_id(3, o.first_member + 1), bench_id(4, o.first_group + g),
           bench_id(9, 2 * o.first_project + 1 + bench_draw(g + k * 7, 2 * o.projects)), g + k
    FROM bench_plan o CROSS JOIN LATERAL generate_series(1, o.groups) g
    CROSS JOIN generate_series(0, 1) k
    """,
    15,
)

# The first two groups of a small organization carry a role; in the large one every fortieth, the
# first of thousands, and exactly one that reaches every project.
GROUP_ROLES = """
INSERT INTO orgs_grouprole (id, organization_id, content_object_id, group_id, permission_id,
                            granted_by_id, granted_at, reason)
SELECT bench_id(16, row_number() OVER ()), o.id, o.id, bench_id(4, o.first_group + g), p.id,
       bench_id(3, o.first_member + 1), now(), ''
FROM bench_plan o
CROSS JOIN LATERAL generate_series(1, o.groups) g
JOIN auth_permission p ON p.codename = CASE
    WHEN g = 10 THEN 'projects_admin'
    WHEN o.heavy = 0 AND g > 2 OR o.heavy > 0 AND g > 1 AND g % 40 <> 8 THEN NULL
    ELSE (ARRAY['insights_viewer', 'runners_admin', 'groups_admin', 'automations_admin',
                'audit_log_reader', 'billing_viewer'])[1 + (g - 1) % 6] END
JOIN django_content_type c ON c.id = p.content_type_id AND c.app_label = 'orgs'
"""

# Who asks, and for what: a project and a resource that were given to them, and a project that, but
# for chance, was not.
ASKERS = """
CREATE TABLE bench_askers AS
SELECT a.kind, o.id AS organization, o.slug, bench_id(1, o.first_member + a.i) AS person,
       bench_id(3, o.first_member + a.i) AS membership,
       bench_id(8, o.first_project + a.project) AS project,
       bench_id(8, o.first_project + 6 + bench_draw(a.j + 3, o.projects - 5)) AS another,
       bench_id(9, 2 * o.first_project + 1 + bench_draw(a.i + 777, 2 * o.projects)) AS resource
FROM bench_plan o CROSS JOIN LATERAL (
    SELECT 'typical' AS kind, i, i AS j, 1 + bench_draw(i, o.projects) AS project
    FROM generate_series(12, o.members, greatest(o.members / 5000, 1) * 10) i
    WHERE o.heavy > 0 AND i <> o.heavy
    UNION ALL
    SELECT 'heavy', o.heavy, j, 10 * j FROM generate_series(1, o.projects / 10) j WHERE o.heavy > 0
    UNION ALL
    SELECT 'small', 6, o.n, 1 + bench_draw(6, o.projects) WHERE o.heavy = 0 AND o.slug <> 'fifty'
) a
"""

IN_ORDER = (
    WORKSPACES,
    PROJECTS,
    RESOURCES,
    PROJECT_GRANTS,
    PROJECT_GROUP_GRANTS,
    WORKSPACE_GRANTS,
    WORKSPACE_GROUP_GRANTS,
    RESOURCE_GRANTS,
    RESOURCE_GROUP_GRANTS,
    GROUP_ROLES,
    ASKERS,
)
TABLES = (
    "projects_workspace",
    "projects_project",
    "projects_resource",
    "projects_projectgrant",
    "projects_projectgroupgrant",
    "projects_workspacegrant",
    "projects_workspacegroupgrant",
    "projects_resourcegrant",
    "projects_resourcegroupgrant",
    "orgs_grouprole",
)
