"""The rows of the benchmarks' database, in SQL. How they get there is in `seed.py`."""

FUNCTIONS = """
CREATE FUNCTION bench_id(p_kind bigint, p_number bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (lpad(to_hex(1700000000000 + p_number), 12, '0') || '7' || lpad(to_hex(p_kind), 3, '0')
            || '8000' || lpad(to_hex(p_number), 12, '0'))::uuid
$$;

-- A number that looks random and is the same in every run.
CREATE FUNCTION bench_draw(p_seed bigint, p_below bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (hashint8(p_seed)::bigint & 2147483647) % p_below $$;

CREATE FUNCTION bench_link(p_hash bytea, p_body text, p_first bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RETURN sha256(coalesce(p_hash, p_first) || convert_to(p_body, 'UTF8')); END $$;

CREATE AGGREGATE bench_chain(text, bytea) (SFUNC = bench_link, STYPE = bytea);

CREATE FUNCTION bench_name(p_number bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (ARRAY['Ada', 'Ana', 'Anders', 'Bela', 'Bruno', 'Carla', 'Chidi', 'Dario', 'Dina', 'Edda',
                  'Emre', 'Farah', 'Finn', 'Gita', 'Hugo', 'Ida', 'Ivo', 'Jana', 'Jonas', 'Kaya',
                  'Kofi', 'Lena', 'Luca', 'Maja', 'Milan', 'Nadia', 'Nils', 'Olga', 'Omar', 'Petra',
                  'Quinn', 'Rosa', 'Ravi', 'Selma', 'Sven', 'Tara', 'Ugo', 'Vera', 'Wim', 'Yara'
           ])[1 + bench_draw(p_number, 40)]
        || ' ' ||
           (ARRAY['Adeyemi', 'Andersen', 'Bauer', 'Brandt', 'Castell', 'Dahl', 'Duarte', 'Egger',
                  'Farkas', 'Frost', 'Garber', 'Haas', 'Hoxha', 'Iversen', 'Jansen', 'Kaplan',
                  'Keller', 'Lang', 'Lindt', 'Marek', 'Moreau', 'Nagy', 'Novak', 'Okoro', 'Olsen',
                  'Pereira', 'Petrov', 'Quist', 'Reyes', 'Roth', 'Sauer', 'Silva', 'Tanaka', 'Toth',
                  'Ulrich', 'Varga', 'Vidal', 'Weber', 'Yilmaz', 'Zeman'
           ])[1 + bench_draw(p_number + 1000003, 40)]
$$;
"""

# Where each organization's rows begin. The last two are the one of fifty and the large one.
PLAN = """
CREATE TABLE bench_plan AS
SELECT n, bench_id(2, n) AS id, slug, members, groups, events,
       (sum(members) OVER earlier)::bigint AS first_member,
       (sum(groups) OVER earlier)::bigint AS first_group
FROM (
    SELECT n, format('small-%%s', n) AS slug, 8 + n %% 9 AS members, 3 AS groups, 20 AS events
    FROM generate_series(1, %(small)s::bigint) n
    UNION ALL VALUES (%(small)s::bigint + 1, 'fifty', 50, 10, %(short)s),
                     (%(small)s::bigint + 2, 'large', %(members)s, %(groups)s, %(events)s)
) o
WINDOW earlier AS (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING);
UPDATE bench_plan SET first_member = coalesce(first_member, 0),
                      first_group = coalesce(first_group, 0);
-- Who asks in the measurements: an owner of each small organization, some people of the large one.
CREATE TABLE bench_viewers AS
SELECT o.id AS organization, o.slug, bench_id(1, o.first_member + i) AS person,
       bench_id(3, o.first_member + i) AS membership
FROM bench_plan o
CROSS JOIN LATERAL generate_series(1, CASE o.slug WHEN 'large' THEN 500 ELSE 1 END) i
WHERE i %% 10 <> 9;
"""

PEOPLE = """
INSERT INTO accounts_user (password, is_superuser, id, email, name, state, state_reason, is_active,
                           is_staff, date_joined)
SELECT '!', false, bench_id(1, n), lower(replace(bench_name(n), ' ', '.')) || n || '@example.com',
       bench_name(n), 'active', '', true, false, now()
FROM generate_series(1, (SELECT max(first_member + members) FROM bench_plan)::bigint) n
"""

ORGANIZATIONS = """
INSERT INTO orgs_organization (id, name, slug, state, state_reason, policies, plan,
                               entitlements, created_at, owner_count, member_count, group_count,
                               seats_used)
SELECT id, initcap(replace(slug, '-', ' ')), slug, 'pending', '', '{}', 'enterprise',
       '{group_roles}', now(), 0, 0, 0, 0
FROM bench_plan
"""

MEMBERSHIPS = """
INSERT INTO orgs_membership (id, organization_id, person_id, role, name, email, login, origin,
                             invited_by_id, reason, joined_at, last_active_at)
SELECT bench_id(3, o.first_member + i), o.id,
       CASE WHEN i % 10 <> 9 THEN bench_id(1, o.first_member + i) END,
       CASE WHEN i <= 2 THEN 'owner' WHEN i % 50 = 3 THEN 'admin' WHEN i % 20 = 4 THEN 'viewer'
            WHEN i % 10 = 5 THEN 'end_user' ELSE 'member' END,
       bench_name(o.first_member + i),
       lower(replace(bench_name(o.first_member + i), ' ', '.')) || o.first_member + i
           || '@example.com',
       'login-' || o.first_member + i,
       CASE WHEN i = 1 THEN 'founded' WHEN i % 10 = 9 THEN 'imported' ELSE 'invited' END,
       CASE WHEN i > 1 THEN bench_id(3, o.first_member + 1) END, '',
       now() - bench_draw(i, 63072000) * interval '1 second',
       CASE WHEN i % 10 <> 9 THEN now() - bench_draw(i, 86400) * interval '1 second' END
FROM bench_plan o CROSS JOIN LATERAL generate_series(1, o.members) i
"""

GROUPS = """
INSERT INTO orgs_group (id, organization_id, name, description, parent_id, secret, created_at)
SELECT bench_id(4, o.first_group + i), o.id, format('Group %s', i), 'People of one task',
       CASE WHEN i % 4 = 0 THEN bench_id(4, o.first_group + i - 1) END, i % 10 = 7, now()
FROM bench_plan o CROSS JOIN LATERAL generate_series(1, o.groups) i
"""

# Everybody is in three groups: of the large organization's five that hold a tenth of it each, one
# half of the people are in one; and one person is in thirty-two.
SEATS = """
INSERT INTO orgs_groupmembership (id, organization_id, group_id, membership_id, is_maintainer,
                                  added_at, added_by_id, reason, expires_at)
SELECT bench_id(5, row_number() OVER ()), s.* FROM (
    SELECT DISTINCT o.id, bench_id(4, o.first_group + g), bench_id(3, o.first_member + i),
           i % 12 = 0, now(), bench_id(3, o.first_member + 1), '',
           CASE bench_draw(i + g, 100) WHEN 0 THEN now() - interval '1 day'
                WHEN 1 THEN now() + interval '1 year' END
    FROM bench_plan o
    CROSS JOIN LATERAL generate_series(1, o.members) i
    CROSS JOIN LATERAL (SELECT CASE WHEN o.slug = 'large' THEN 5 ELSE 0 END AS big) b
    CROSS JOIN LATERAL (
        SELECT b.big + 1 + (bench_draw(i, o.groups - b.big) + k * greatest((o.groups - b.big) / 3, 1))
                           % (o.groups - b.big)
        FROM generate_series(CASE WHEN b.big > 0 AND i <= o.members / 2 THEN 1 ELSE 0 END, 2) k
        WHERE b.big = 0 OR i <> o.members / 2 + 1
        UNION ALL SELECT 1 + (i - 1) / (o.members / 10) WHERE b.big > 0 AND i <= o.members / 2
        UNION ALL SELECT b.big + j * ((o.groups - b.big) / 33) FROM generate_series(1, 32) j
                  WHERE b.big > 0 AND i = o.members / 2 + 1
    ) AS seat (g)
) s
"""

INVITATIONS = """
INSERT INTO orgs_invitation (id, organization_id, email, role, reason, state, token_hash,
                             invited_by_id, created_at, sent_at, expires_at)
SELECT bench_id(6, o.n * 1000 + i), o.id, format('guest-%s@example.com', i), 'member', '',
       'pending', sha256(convert_to(format('%s %s', o.n, i), 'UTF8')),
       bench_id(3, o.first_member + 1), now(), now(), now() + interval '10 years'
FROM bench_plan o CROSS JOIN LATERAL generate_series(1, least(o.members, 30)) i
WHERE o.slug IN ('fifty', 'large')
"""

COUNTERS = """
UPDATE orgs_organization o
SET state = 'open', owner_count = m.owners, member_count = m.members, group_count = g.groups,
    seats_used = m.people + (SELECT count(*) FROM orgs_invitation i WHERE i.organization_id = o.id)
FROM (
    SELECT organization_id, count(*) AS members, count(person_id) AS people,
           count(*) FILTER (WHERE role = 'owner' AND person_id IS NOT NULL) AS owners
    FROM orgs_membership GROUP BY 1
) m, (SELECT organization_id, count(*) AS groups FROM orgs_group GROUP BY 1) g
WHERE m.organization_id = o.id AND g.organization_id = o.id
"""

# The same bytes that `ledger_append` would store. Twenty people do three quarters of everything;
# one attempt in 250 is denied or fails; the rarest deed is one entry in a thousand.
EVENTS = """
WITH drawn AS (
    SELECT o.id AS organization, s AS sequence,
           now() - interval '2 years' + s * (interval '2 years' / o.events) AS at,
           o.first_member + 1 + CASE WHEN s %% 4 > 0 THEN bench_draw(s, least(20, o.members))
                                     ELSE bench_draw(s, o.members) END AS actor,
           o.first_member + 1 + bench_draw(s + 7, o.members) AS target,
           bench_draw(s + 11, 1000) AS deed,
           CASE bench_draw(s + 13, 500) WHEN 0 THEN 'denied' WHEN 1 THEN 'failed' ELSE 'done' END
               AS outcome,
           decode(md5(s::text), 'hex') AS salt, coalesce(h.hash, ''::bytea) AS before
    FROM bench_plan o
    CROSS JOIN LATERAL generate_series(%(first)s, least(%(last)s, o.events)) s
    LEFT JOIN audit_head h ON h.organization_id = o.id
    OFFSET 0
), told AS (
    SELECT d.organization, d.sequence, d.at, d.outcome, d.salt, d.before,
           bench_id(3, d.actor) AS actor_id, bench_id(3, d.target) AS target_id,
           CASE WHEN deed < 300 THEN 'session.started' WHEN deed < 450 THEN 'member.role_changed'
                WHEN deed < 700 THEN 'group.member_added' WHEN deed < 800 THEN 'group.member_removed'
                WHEN deed < 900 THEN 'invitation.sent' WHEN deed < 980 THEN 'audit.read'
                WHEN deed < 999 THEN 'member.removed' ELSE 'ownership.offered' END AS action,
           CASE WHEN outcome <> 'done' OR deed < 300 THEN '{}'::jsonb
                WHEN deed < 450 THEN '{"role": ["Member", "Admin"]}'
                WHEN deed < 700 THEN '{"group": [null, "Group 12"], "maintainer": [null, false]}'
                WHEN deed < 800 THEN '{"group": ["Group 12", null]}'
                WHEN deed < 900 THEN
                    '{"role": [null, "Member"], "expires_at": [null, "2026-01-01T00:00:00Z"]}'
                WHEN deed < 980 THEN '{}' WHEN deed < 999 THEN '{"role": ["Member", null]}'
                ELSE '{"expires_at": [null, "2026-01-01T00:00:00Z"]}' END AS changes,
           jsonb_build_object(
               'actor', bench_name(d.actor), 'target', bench_name(d.target),
               'ip', '203.0.113.' || d.sequence %% 250,
               'agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
               'changes', '{}'::jsonb)::text AS words
    FROM drawn d
    OFFSET 0
), written AS (
    SELECT *, jsonb_build_object(
        'reason', '', 'request', md5(sequence::text), 'changes', changes,
        'organization', organization, 'sequence', sequence,
        'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'actor', jsonb_build_array('member', actor_id), 'action', action,
        'target', jsonb_build_array('member', target_id), 'outcome', outcome,
        'particulars', encode(sha256(salt || convert_to(words, 'UTF8')), 'hex'))::text AS body
    FROM told
    OFFSET 0
), chained AS MATERIALIZED (
    SELECT *, bench_chain(body, before) OVER (
        PARTITION BY organization ORDER BY sequence ROWS UNBOUNDED PRECEDING) AS hash
    FROM written
), entries AS (
    INSERT INTO audit_event (organization_id, sequence, at, actor_kind, actor_id, action,
                             target_kind, target_id, outcome, body, hash)
    SELECT organization, sequence, at, 'member', actor_id, action, 'member', target_id, outcome,
           body, hash
    FROM chained
), particulars AS (
    INSERT INTO audit_particulars (organization_id, sequence, salt, words)
    SELECT organization, sequence, salt, words FROM chained
)
INSERT INTO audit_head (organization_id, sequence, at, hash, xact)
SELECT DISTINCT ON (organization) organization, sequence, at, hash, pg_current_xact_id()
FROM chained ORDER BY organization, sequence DESC
ON CONFLICT (organization_id) DO UPDATE
SET sequence = excluded.sequence, at = excluded.at, hash = excluded.hash
"""

IN_ORDER = (PEOPLE, ORGANIZATIONS, MEMBERSHIPS, GROUPS, SEATS, INVITATIONS, COUNTERS)
