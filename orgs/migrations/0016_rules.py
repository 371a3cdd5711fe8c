"""Policy assertions: rules, exceptions, what breaks them already, and how that is found."""

from __future__ import annotations

import datetime

import django.db.models.deletion
import uuid6
from django.db import migrations, models

from config.rights import web_role
from orgs.walls import CASCADE, SET_NULL, wall

_LIVE = "({0}.expires_at IS NULL OR {0}.expires_at > now())"
_PLACES = ("workspace", "project", "resource")


def _tables(kind: str, holder: str) -> str:
    columns = f"organization_id, {holder}, permission_id, expires_at"
    return " UNION ALL ".join(f"SELECT {columns} FROM public.projects_{p}{kind}" for p in _PLACES)


def _through_groups(grants: str, whom: str) -> str:
    return f"""
        SELECT s.membership_id, least(s.expires_at, g.expires_at)
        FROM {grants} g JOIN public.orgs_groupmembership s ON s.group_id = g.group_id
        WHERE g.organization_id = v_org AND g.permission_id = ANY (p_roles)
          AND s.organization_id = v_org {whom.format("s.membership_id")}
          AND {_LIVE.format("g")} AND {_LIVE.format("s")}"""


def _held(whom: str) -> str:
    own = _tables("grant", "user_id")
    return f"""
        RETURN QUERY {_through_groups("public.orgs_grouprole", whom)};
        IF p_places THEN
            RETURN QUERY {_through_groups(f"({_tables('groupgrant', 'group_id')})", whom)};
            RETURN QUERY
            SELECT m.id, g.expires_at
            FROM public.orgs_membership m JOIN ({own}) g ON g.user_id = m.person_id
            WHERE m.organization_id = v_org AND g.organization_id = v_org
              AND g.permission_id = ANY (p_roles) {whom.format("m.id")} AND {_LIVE.format("g")};
        END IF;"""


# Who breaks a rule, and is not let off.
_MEMBER = f"""
        m.organization_id = v_org AND m.role = ANY (v_case.roles) AND {_LIVE.format("m")}
        AND (v_case.lacks IS NULL OR m.id NOT IN (
            SELECT l.id FROM public.rule_holders(v_case.lacks, v_case.places, p_people) l))
        AND (v_case.domains IS NULL OR split_part(m.email, '@', 2) <> ALL (v_case.domains))
        AND (p_excepted OR NOT EXISTS (
            SELECT FROM public.orgs_ruleexception e
            WHERE e.rule_id = v_case.rule AND e.membership_id = m.id AND e.until > now()))
        AND (p_known OR NOT EXISTS (
            SELECT FROM public.orgs_ruleviolation v
            WHERE v.rule_id = v_case.rule AND v.membership_id = m.id))"""


def _of_everybody(whom: str) -> str:
    return f"""
            RETURN QUERY
            SELECT v_case.rule, m.id, 0
            FROM public.orgs_membership m
            JOIN public.accounts_user u ON u.id = m.person_id AND u.is_active
            WHERE {whom} {_MEMBER}
              AND (v_case.days IS NULL OR coalesce(m.expires_at, 'infinity')
                   > now() + make_interval(days => v_case.days + 1))
            LIMIT p_limit;"""


FUNCTIONS = f"""
-- Who holds one of these roles by a group or on a place, each with the end of that. NULL for the
-- people means everyone. A role of groups is asked with `p_places` false: no grant is looked at.
CREATE FUNCTION rule_holders(p_roles integer[], p_places boolean, p_people uuid[])
RETURNS TABLE (id uuid, ends timestamptz) LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 200
SET plan_cache_mode = force_custom_plan AS $$
DECLARE v_org uuid := public.app_org();
BEGIN
    IF p_people IS NULL THEN {_held("")}
    ELSE {_held("AND {0} = ANY (p_people)")}
    END IF;
END $$;

REVOKE ALL ON FUNCTION rule_holders(integer[], boolean, uuid[]) FROM PUBLIC;

-- Who breaks which rule in the bound organization, at most so many of each. A case names the
-- organization roles that it is about and what has to be held, or not held, besides; or a role
-- whose holders are counted. Whoever has an exception is left out unless `p_excepted`, whoever is
-- known to break the rule unless `p_known`.
CREATE FUNCTION rule_witnesses(
    p_cases jsonb, p_people uuid[], p_limit integer, p_excepted boolean, p_known boolean
) RETURNS TABLE (rule uuid, membership uuid, number integer)
-- One plan for a single person and for fifty thousand is ruinous for the latter.
LANGUAGE plpgsql STABLE SECURITY DEFINER SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    v_org uuid := public.app_org();
    v_case record;
    v_number integer;
    v_off integer;
BEGIN
    FOR v_case IN SELECT * FROM jsonb_to_recordset(p_cases) AS c (
        rule uuid, roles text[], need integer[], too integer[], lacks integer[], places boolean,
        domains text[], days integer, counts boolean, low integer, high integer)
    LOOP
        IF v_case.counts THEN
            IF v_case.need IS NULL THEN
                SELECT count(*) INTO v_number FROM (
                    SELECT FROM public.orgs_membership m
                    JOIN public.accounts_user u ON u.id = m.person_id AND u.is_active
                    WHERE m.organization_id = v_org AND m.role = ANY (v_case.roles)
                      AND {_LIVE.format("m")}
                    LIMIT coalesce(v_case.high, v_case.low) + 100) counted;
            ELSE
                SELECT count(*) INTO v_number FROM (
                    SELECT DISTINCT h.id FROM public.rule_holders(v_case.need, false, NULL) h
                    JOIN public.orgs_membership m ON m.id = h.id AND m.organization_id = v_org
                    JOIN public.accounts_user u ON u.id = m.person_id AND u.is_active
                    WHERE {_LIVE.format("m")}) counted;
            END IF;
            v_off := greatest(v_case.low - v_number, v_number - v_case.high, 0);
            IF v_off > 0
               AND (p_excepted OR NOT EXISTS (
                    SELECT FROM public.orgs_ruleexception e WHERE e.rule_id = v_case.rule
                      AND e.membership_id IS NULL AND e.until > now()))
               AND (p_known OR NOT EXISTS (
                    SELECT FROM public.orgs_ruleviolation v WHERE v.rule_id = v_case.rule
                      AND v.membership_id IS NULL AND v.off_by >= v_off))
            THEN
                rule := v_case.rule; membership := NULL; number := v_number;
                RETURN NEXT;
            END IF;
        ELSIF v_case.need IS NULL AND p_people IS NULL THEN {_of_everybody("")}
        ELSIF v_case.need IS NULL THEN {_of_everybody("m.id = ANY (p_people) AND")}
        ELSE
            RETURN QUERY
            SELECT v_case.rule, m.id, 0
            FROM (SELECT h.id, max(coalesce(h.ends, 'infinity')) AS ends
                  FROM public.rule_holders(v_case.need, v_case.places, p_people) h
                  GROUP BY h.id) held
            JOIN public.orgs_membership m ON m.id = held.id
            JOIN public.accounts_user u ON u.id = m.person_id AND u.is_active
            WHERE {_MEMBER}
              AND (v_case.too IS NULL OR m.id IN (
                  SELECT t.id FROM public.rule_holders(v_case.too, v_case.places, p_people) t))
              AND (v_case.days IS NULL OR least(held.ends, m.expires_at)
                   > now() + make_interval(days => v_case.days + 1))
            LIMIT p_limit;
        END IF;
    END LOOP;
END $$;

-- What is to be judged after what this transaction has recorded from that entry on: the rules that
-- block, the policies, and whose access changed (NULL: everybody's). No row where no rule blocks
-- or nobody's access changed; an empty one for whoever is not bound to the organization.
CREATE FUNCTION rules_asked(p_organization uuid, p_since bigint)
RETURNS TABLE (rules jsonb, policies text[], people uuid[])
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE v_groups uuid[];
BEGIN
    IF p_organization IS DISTINCT FROM public.app_org() THEN
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT jsonb_agg(jsonb_build_array(r.id, r.text) ORDER BY r.id) INTO rules
    FROM public.orgs_rule r
    WHERE r.organization_id = p_organization AND r.active AND r.blocks;
    IF rules IS NULL THEN RETURN; END IF;
    SELECT o.policies INTO policies FROM public.orgs_organization o WHERE o.id = p_organization;
    IF NOT EXISTS (
        SELECT FROM public.audit_effect e
        WHERE e.organization_id = p_organization AND e.sequence >= p_since
          AND e.kind = 'organization'
    ) THEN
        SELECT array_agg(DISTINCT e.holder) INTO v_groups FROM public.audit_effect e
        WHERE e.organization_id = p_organization AND e.sequence >= p_since
          AND e.kind IN ('group_role', 'workspace_group_grant', 'project_group_grant',
                         'resource_group_grant');
        people := ARRAY(
            SELECT e.holder FROM public.audit_effect e
            WHERE e.organization_id = p_organization AND e.sequence >= p_since
              AND e.holder IS NOT NULL
              AND e.kind IN ('membership', 'seat', 'workspace_grant', 'project_grant',
                             'resource_grant')
            UNION
            SELECT s.membership_id FROM public.orgs_groupmembership s
            WHERE s.organization_id = p_organization AND s.group_id = ANY (v_groups)
            UNION
            -- An address is no access, and yet some rules ask for it.
            SELECT a.target_id FROM public.audit_event a
            WHERE a.organization_id = p_organization AND a.sequence >= p_since
              AND a.action = 'member.changed' AND a.target_id IS NOT NULL
        );
        IF people = '{{}}' THEN RETURN; END IF;
    END IF;
    RETURN NEXT;
END $$;

-- The organizations that have rules, for the job that looks at them by the clock.
CREATE FUNCTION organizations_with_rules() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT DISTINCT r.organization_id FROM public.orgs_rule r
    JOIN public.orgs_organization o ON o.id = r.organization_id AND o.state = 'open'
    WHERE r.active AND (SELECT public.app_org()) IS NULL
$$;

-- A rule is the organization's own: no other role of the database asks for one.
REVOKE ALL ON FUNCTION rule_witnesses(jsonb, uuid[], integer, boolean, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION rules_asked(uuid, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION organizations_with_rules() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rule_witnesses(jsonb, uuid[], integer, boolean, boolean)
    TO {web_role()};
GRANT EXECUTE ON FUNCTION rules_asked(uuid, bigint) TO {web_role()};
GRANT EXECUTE ON FUNCTION organizations_with_rules() TO {web_role()};
"""

REVERSE = """
DROP FUNCTION organizations_with_rules();
DROP FUNCTION rules_asked(uuid, bigint);
DROP FUNCTION rule_witnesses(jsonb, uuid[], integer, boolean, boolean);
DROP FUNCTION rule_holders(integer[], boolean, uuid[]);
"""


def _id() -> tuple[str, models.Field]:
    return "id", models.UUIDField(
        default=uuid6.uuid7, editable=False, primary_key=True, serialize=False
    )


def _organization(related_name: str = "+") -> tuple[str, models.Field]:
    return "organization", models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name=related_name,
        to="orgs.organization",
    )


def _key(name: str, to: str, related_name: str = "+", **more: bool) -> tuple[str, models.Field]:
    return name, models.ForeignKey(
        db_constraint=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name=related_name,
        to=to,
        **more,
    )


class Migration(migrations.Migration):
    dependencies = [("orgs", "0015_recovery"), ("audit", "0003_effects")]

    operations = [
        migrations.CreateModel(
            name="Rule",
            fields=[
                _id(),
                ("text", models.CharField(max_length=600)),
                (
                    "pack",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("S1", "Team and organization access"),
                            ("S2", "Project teams"),
                            ("S3", "Roles through groups"),
                            ("S4", "Central administration"),
                        ],
                        default="",
                    ),
                ),
                ("blocks", models.BooleanField(default=True)),
                ("active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                _key("created_by", "orgs.membership", db_index=False, null=True, blank=True),
                _organization("rules"),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("active", True)),
                        fields=["organization", "id"],
                        name="rule_active",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "text"),
                        name="rule_once",
                        violation_error_message="This rule is there already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RuleException",
            fields=[
                _id(),
                ("reason", models.TextField()),
                ("until", models.DateTimeField(help_text="Void from then on.")),
                ("given_at", models.DateTimeField(auto_now_add=True)),
                _key("given_by", "orgs.membership", db_index=False, null=True, blank=True),
                _key("membership", "orgs.membership", null=True, blank=True),
                _organization(),
                _key("rule", "orgs.rule", "exceptions", db_index=False),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organization", "until"], name="rule_exception_by_end")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("rule", "membership"),
                        name="rule_exception_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until__lte", models.F("given_at") + datetime.timedelta(days=366))
                        ),
                        name="rule_exception_within_a_year",
                        violation_error_message="An exception lasts a year at most.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RuleViolation",
            fields=[
                _id(),
                (
                    "off_by",
                    models.IntegerField(
                        default=0, help_text="How far a number is from its bounds."
                    ),
                ),
                ("since", models.DateTimeField(auto_now_add=True)),
                (
                    "told",
                    models.BooleanField(default=False, help_text="Do the owners know?"),
                ),
                _key("membership", "orgs.membership", null=True, blank=True),
                _organization(),
                _key("rule", "orgs.rule", "violations", db_index=False),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("rule", "membership"),
                        name="rule_violation_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        wall("orgs_rule", keys={"created_by_id": ("orgs_membership", SET_NULL)}),
        wall(
            "orgs_ruleexception",
            keys={
                "rule_id": ("orgs_rule", CASCADE),
                "membership_id": ("orgs_membership", CASCADE),
                "given_by_id": ("orgs_membership", SET_NULL),
            },
        ),
        wall(
            "orgs_ruleviolation",
            keys={
                "rule_id": ("orgs_rule", CASCADE),
                "membership_id": ("orgs_membership", CASCADE),
            },
            # A finding, not a deed: what led to it stands in the ledger.
            recorded=None,
        ),
        migrations.RunSQL(FUNCTIONS, REVERSE),
    ]
