"""Owner recovery: proved domains, claims of ownership, and the way in for who is named."""

from __future__ import annotations

import datetime
from typing import Any

import django.db.models.deletion
import django.utils.timezone
import uuid6
from django.db import migrations, models

import orgs.models.recovery
from orgs.walls import SET_NULL, wall

NOTICE = models.Value(datetime.timedelta(hours=72))


def _pk() -> models.UUIDField[Any, Any]:
    return models.UUIDField(default=uuid6.uuid7, editable=False, primary_key=True, serialize=False)


def _organization() -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to="orgs.organization",
    )


def _to(model: str) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=model,
    )


CLAIMS = """
-- The claim that runs stands on the organization's row, for the banner of every page.
CREATE FUNCTION tell_owner_claim() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_organization uuid := coalesce(NEW.organization_id, OLD.organization_id);
BEGIN
    PERFORM FROM public.orgs_organization WHERE id = v_organization FOR NO KEY UPDATE;
    UPDATE public.orgs_organization o
    SET claim_ripe_at = c.ripe_at, claim_name = coalesce(c.name, '')
    FROM (SELECT max(x.ripe_at) AS ripe_at, max(x.claimant_name) AS name
          FROM public.orgs_ownerclaim x
          WHERE x.organization_id = v_organization AND x.state = 'open') c
    WHERE o.id = v_organization;
    RETURN NULL;
END $$;
CREATE TRIGGER told AFTER INSERT OR DELETE OR UPDATE OF state, ripe_at, claimant_name
    ON orgs_ownerclaim FOR EACH ROW EXECUTE FUNCTION tell_owner_claim();

-- Who claims, and who confirmed it, have to stay the Admins they were: else the claim is over.
CREATE FUNCTION void_owner_claims() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE public.orgs_ownerclaim SET state = 'canceled', closed_at = clock_timestamp()
    WHERE organization_id = OLD.organization_id AND state IN ('asked', 'open')
      AND OLD.id IN (claimant_id, second_id);
    RETURN OLD;
END $$;
CREATE TRIGGER claims_voided AFTER UPDATE OF role ON orgs_membership FOR EACH ROW
    WHEN (OLD.role = 'admin' AND NEW.role <> 'admin') EXECUTE FUNCTION void_owner_claims();
CREATE TRIGGER claims_voided_too BEFORE DELETE ON orgs_membership FOR EACH ROW
    WHEN (OLD.role = 'admin') EXECUTE FUNCTION void_owner_claims();

-- The claims for which the clock has something to do: to announce, to invite, to end.
CREATE FUNCTION owner_claims_due(p_now timestamptz)
RETURNS TABLE (organization_id uuid, id uuid) LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT c.organization_id, c.id
    FROM public.orgs_ownerclaim c JOIN public.orgs_organization o ON o.id = c.organization_id
    WHERE c.state IN ('asked', 'open') AND (
        (c.state = 'asked' AND c.created_at + interval '7 days' <= p_now)
        OR (c.state = 'open' AND c.ripe_at + interval '14 days' <= p_now)
        OR (c.method = 'platform'
            AND (c.state = 'asked' OR c.ripe_at <= p_now OR o.owner_count > 0)))
      AND (SELECT public.app_org()) IS NULL
    ORDER BY c.created_at, c.id
$$;
"""

# An organization that lost its owners is not open, so that nobody else joins: the one whom the
# platform has named, and announced, still may, as long as no owner is back.
ANSWERS = """
CREATE FUNCTION may_be_taken_up(
    p_organization public.orgs_organization, p_invitation uuid
) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT CASE WHEN EXISTS (
        SELECT FROM public.orgs_ownerclaim c
        WHERE c.organization_id = p_organization.id AND c.invitation_id = p_invitation
          AND c.state = 'completed'
    ) THEN p_organization.owner_count = 0 AND p_organization.state <> 'pending'
    ELSE p_organization.state IN ('pending', 'open') END
$$;
REVOKE ALL ON FUNCTION may_be_taken_up(public.orgs_organization, uuid) FROM PUBLIC;

CREATE OR REPLACE FUNCTION peek_invitation(p_token_hash bytea) RETURNS TABLE (
    id uuid, organization_id uuid, organization_name text, email text, role text, state text,
    expires_at timestamptz, invited_by text
) LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT i.id, o.id, o.name, i.email, i.role,
           CASE WHEN i.state = 'pending' AND i.expires_at <= clock_timestamp() THEN 'expired'
                WHEN NOT public.may_be_taken_up(o, i.id) THEN 'closed' ELSE i.state END,
           i.expires_at, m.name
    FROM public.orgs_invitation i
    JOIN public.orgs_organization o ON o.id = i.organization_id
    LEFT JOIN public.orgs_membership m ON m.id = i.invited_by_id
    WHERE i.token_hash = p_token_hash
$$;

CREATE OR REPLACE FUNCTION accept_invitation(p_token_hash bytea, p_person uuid, p_membership uuid)
RETURNS TABLE (organization_id uuid, invitation_id uuid, membership_id uuid, role text, opened boolean)
LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    v_invitation public.orgs_invitation;
    v_name text;
BEGIN
    UPDATE public.orgs_invitation i SET state = 'accepted', answered_at = clock_timestamp()
    FROM public.orgs_organization o
    WHERE i.token_hash = p_token_hash AND i.state = 'pending' AND i.expires_at > clock_timestamp()
      AND o.id = i.organization_id AND public.may_be_taken_up(o, i.id)
      AND public.is_invited(i.email, p_person)
      -- Whoever the platform named is nobody who runs it, by whatever address they have meanwhile.
      AND NOT EXISTS (SELECT FROM public.orgs_ownerclaim c
                      JOIN public.accounts_user u ON u.id = p_person AND u.is_staff
                      WHERE c.organization_id = i.organization_id AND c.invitation_id = i.id)
      AND NOT EXISTS (SELECT FROM public.orgs_membership m
                      WHERE m.organization_id = i.organization_id AND m.person_id = p_person)
    RETURNING i.* INTO v_invitation;
    IF NOT FOUND THEN RETURN; END IF;
    SELECT coalesce(nullif(u.name, ''), u.email) INTO v_name
    FROM public.accounts_user u WHERE u.id = p_person;
    UPDATE public.orgs_membership m
    SET person_id = p_person, name = v_name, email = v_invitation.email, role = v_invitation.role,
        reason = v_invitation.reason, joined_at = clock_timestamp()
    WHERE m.organization_id = v_invitation.organization_id AND m.person_id IS NULL
      -- The one that was named, unless a roster has brought the address in meanwhile.
      AND m.id = (
          SELECT c.id FROM public.orgs_membership c
          WHERE c.organization_id = v_invitation.organization_id AND c.person_id IS NULL
            AND (c.id = v_invitation.membership_id OR c.email = v_invitation.email)
          ORDER BY c.email = v_invitation.email DESC LIMIT 1)
    RETURNING m.id INTO membership_id;
    IF NOT FOUND THEN
        membership_id := p_membership;
        INSERT INTO public.orgs_membership (
            id, organization_id, person_id, role, name, email, login, origin, invited_by_id,
            reason, joined_at
        ) VALUES (
            p_membership, v_invitation.organization_id, p_person, v_invitation.role, v_name,
            v_invitation.email, '', 'invited', v_invitation.invited_by_id,
            v_invitation.reason, clock_timestamp()
        );
    END IF;
    UPDATE public.orgs_organization o SET state = 'open'
    WHERE o.id = v_invitation.organization_id AND o.state = 'pending' AND o.owner_count > 0;
    opened := FOUND;
    PERFORM set_config('app.organization', v_invitation.organization_id::text, true);
    organization_id := v_invitation.organization_id;
    invitation_id := v_invitation.id;
    role := v_invitation.role;
    RETURN NEXT;
END $$;
"""

# The portal's way: it names an address for an organization without an owner, reads what became of
# it and takes it back. It sees nothing else of the organization.
ASSIGNMENT = """
CREATE FUNCTION require_portal(p_person uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF NOT public.app_portal() OR NOT EXISTS (
        SELECT FROM public.accounts_user u WHERE u.id = p_person AND u.is_staff AND u.is_active
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = 'This is for the portal.';
    END IF;
END $$;
REVOKE ALL ON FUNCTION require_portal(uuid) FROM PUBLIC;

-- Writes into an organization's own ledger, and leaves the transaction bound as it was.
CREATE FUNCTION record_from_portal(
    p_organization uuid, p_person uuid, p_action text, p_claim uuid, p_facts jsonb, p_words jsonb
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_before text := current_setting('app.organization', true);
BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    PERFORM public.ledger_append(p_organization, 'person', p_person, p_action, 'owner_claim',
        p_claim, 'done', p_facts, p_words);
    PERFORM set_config('app.organization', coalesce(v_before, ''), true);
END $$;
REVOKE ALL ON FUNCTION record_from_portal(uuid, uuid, text, uuid, jsonb, jsonb) FROM PUBLIC;

-- Answers `done`, or in one word why not.
CREATE FUNCTION owner_assignment_create(
    p_organization uuid, p_claim uuid, p_email text, p_reason text, p_person uuid, p_name text,
    p_facts jsonb, p_words jsonb
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_organization record;
BEGIN
    PERFORM public.require_portal(p_person);
    SELECT o.state, o.owner_count INTO v_organization
    FROM public.orgs_organization o WHERE o.id = p_organization FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN 'missing'; END IF;
    IF v_organization.state = 'pending' THEN RETURN 'pending'; END IF;
    IF v_organization.owner_count > 0 THEN RETURN 'has_owner'; END IF;
    IF EXISTS (SELECT FROM public.account_emailaddress a
               WHERE a.user_id = p_person AND lower(a.email) = lower(p_email)) THEN
        RETURN 'own_address';
    END IF;
    IF EXISTS (SELECT FROM public.account_emailaddress a
               JOIN public.accounts_user u ON u.id = a.user_id
               WHERE lower(a.email) = lower(p_email) AND u.is_staff) THEN
        RETURN 'superadmin';
    END IF;
    IF EXISTS (SELECT FROM public.orgs_ownerclaim c
               WHERE c.organization_id = p_organization
                 AND (c.state = 'open' OR (c.state = 'asked' AND c.method = 'platform'))) THEN
        RETURN 'running';
    END IF;
    INSERT INTO public.orgs_ownerclaim (
        id, organization_id, method, state, claimant_name, second_name, email, reason, created_at
    ) VALUES (
        p_claim, p_organization, 'platform', 'asked', left(p_email, 100), p_name, p_email, p_reason,
        clock_timestamp()
    );
    PERFORM public.record_from_portal(
        p_organization, p_person, 'owner_claim.created', p_claim, p_facts, p_words);
    RETURN 'done';
END $$;

CREATE FUNCTION owner_assignment_cancel(
    p_organization uuid, p_claim uuid, p_person uuid, p_name text, p_facts jsonb, p_words jsonb
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM public.require_portal(p_person);
    UPDATE public.orgs_ownerclaim c
    SET state = 'canceled', closed_at = clock_timestamp(), closed_by_name = p_name
    WHERE c.organization_id = p_organization AND c.id = p_claim AND c.method = 'platform'
      AND c.state IN ('asked', 'open');
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM public.record_from_portal(
        p_organization, p_person, 'owner_claim.canceled', p_claim, p_facts, p_words);
    RETURN true;
END $$;

-- The newest one, for the container's page: what the platform itself has said, and how it stands.
CREATE FUNCTION owner_assignment_of(p_organization uuid) RETURNS TABLE (
    id uuid, email text, named_by text, reason text, state text, created_at timestamptz,
    ripe_at timestamptz, closed_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT c.id, c.email, c.second_name, c.reason, c.state, c.created_at, c.ripe_at, c.closed_at
    FROM public.orgs_ownerclaim c
    WHERE c.organization_id = p_organization AND c.method = 'platform' AND public.app_portal()
    ORDER BY c.created_at DESC, c.id DESC LIMIT 1
$$;

-- Not the web role's either: it could say of itself that it is the portal.
REVOKE ALL ON FUNCTION
    owner_assignment_create(uuid, uuid, text, text, uuid, text, jsonb, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION
    owner_assignment_cancel(uuid, uuid, uuid, text, jsonb, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION owner_assignment_of(uuid) FROM PUBLIC;
"""

# Accepting goes back to what 0004 made together with it.
REVERSE_CLAIMS = """
DROP FUNCTION owner_claims_due(timestamptz);
DROP FUNCTION void_owner_claims() CASCADE;
DROP FUNCTION tell_owner_claim() CASCADE;
"""
REVERSE_ASSIGNMENT = """
DROP FUNCTION owner_assignment_of(uuid);
DROP FUNCTION owner_assignment_cancel(uuid, uuid, uuid, text, jsonb, jsonb);
DROP FUNCTION owner_assignment_create(uuid, uuid, text, text, uuid, text, jsonb, jsonb);
DROP FUNCTION record_from_portal(uuid, uuid, text, uuid, jsonb, jsonb);
DROP FUNCTION require_portal(uuid);
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0014_support")]

    operations = [
        migrations.CreateModel(
            name="OrganizationDomain",
            fields=[
                ("id", _pk()),
                ("organization", _organization()),
                ("domain", models.CharField(max_length=253)),
                ("token", models.CharField(default=orgs.models.recovery.new_token, max_length=64)),
                ("added_by", _to("orgs.membership")),
                ("added_by_name", models.CharField(max_length=100)),
                ("added_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("verified_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "domain"), name="domain_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="OwnerClaim",
            fields=[
                ("id", _pk()),
                ("organization", _organization()),
                (
                    "method",
                    models.TextField(
                        choices=[
                            ("admins", "Two Admins together"),
                            ("domain", "A proved domain"),
                            ("platform", "Named by the platform"),
                        ]
                    ),
                ),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("asked", "Not announced yet"),
                            ("open", "Announced"),
                            ("completed", "Completed"),
                            ("canceled", "Canceled"),
                            ("expired", "Expired"),
                        ],
                        default="asked",
                    ),
                ),
                ("claimant", _to("orgs.membership")),
                ("claimant_name", models.CharField(max_length=100)),
                ("second", _to("orgs.membership")),
                ("second_name", models.CharField(db_default="", default="", max_length=100)),
                ("domain", _to("orgs.organizationdomain")),
                ("domain_name", models.CharField(db_default="", default="", max_length=253)),
                ("token", models.CharField(db_default="", default="", max_length=64)),
                ("email", models.EmailField(db_default="", default="", max_length=254)),
                ("invitation", _to("orgs.invitation")),
                ("reason", models.CharField(max_length=500)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("notice_at", models.DateTimeField(null=True)),
                ("ripe_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by_name", models.CharField(db_default="", default="", max_length=100)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(state="open"),
                        fields=("organization",),
                        name="owner_claim_one_open",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(state="asked"),
                        fields=("organization", "claimant"),
                        name="owner_claim_one_asked",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(state__in=["open", "completed"])
                        | models.Q(
                            notice_at__isnull=False,
                            ripe_at__gte=models.F("notice_at") + NOTICE,
                        ),
                        name="owner_claim_announced",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(second__isnull=True)
                        | ~models.Q(second=models.F("claimant")),
                        name="owner_claim_two_people",
                    ),
                ],
                "indexes": [
                    models.Index(
                        fields=["organization", "-created_at", "-id"], name="owner_claim_by_time"
                    ),
                    models.Index(
                        condition=models.Q(state__in=["asked", "open"]),
                        fields=["created_at"],
                        name="owner_claim_running",
                    ),
                ],
            },
        ),
        wall("orgs_organizationdomain", keys={"added_by_id": ("orgs_membership", SET_NULL)}),
        wall(
            "orgs_ownerclaim",
            keys={
                "claimant_id": ("orgs_membership", SET_NULL),
                "second_id": ("orgs_membership", SET_NULL),
                "domain_id": ("orgs_organizationdomain", SET_NULL),
                "invitation_id": ("orgs_invitation", SET_NULL),
            },
        ),
        migrations.RunSQL(CLAIMS, REVERSE_CLAIMS),
        migrations.RunSQL(ANSWERS, migrations.RunSQL.noop),
        migrations.RunSQL(ASSIGNMENT, REVERSE_ASSIGNMENT),
    ]
