"""What a platform asks about people and keys, each in one call: look up, decide, limit, log.

They run behind the wall, find the organization by the token they are given, and name everything
with its schema. Decisions on a key are taken here, because they have to stand and fall with the
money they set aside; decisions on people hand out facts, which `orgs/access.py` decides on.
"""

from __future__ import annotations

from django.db import migrations

_ONCE = "SET plan_cache_mode = force_generic_plan"

TOKENS = f"""
-- A token's `last_used_at` is kept to the minute, and nobody waits for anybody to write it.
CREATE FUNCTION token_seen(p_token uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE public.projects_servicetoken SET last_used_at = clock_timestamp()
    WHERE id = (SELECT t.id FROM public.projects_servicetoken t WHERE t.id = p_token
                FOR UPDATE SKIP LOCKED)
$$;

-- The live token of a digest, with its organization. `key_verify` looks for it in the same way.
CREATE FUNCTION token_used(p_digest bytea)
RETURNS TABLE (id uuid, organization_id uuid, account_id uuid, account text, scopes text[], state text)
LANGUAGE plpgsql SECURITY DEFINER {_ONCE} AS $$
#variable_conflict use_column
DECLARE v_last timestamptz;
BEGIN
    SELECT t.id, t.organization_id, a.id, a.name, t.scopes, o.state, t.last_used_at
    INTO id, organization_id, account_id, account, scopes, state, v_last
    FROM public.projects_servicetoken t
    JOIN public.projects_serviceaccount a ON a.id = t.account_id
    JOIN public.orgs_organization o ON o.id = t.organization_id
    WHERE t.digest = p_digest AND t.revoked_at IS NULL AND a.suspended_at IS NULL
      AND (t.expires_at IS NULL OR t.expires_at > clock_timestamp());
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF v_last IS NULL OR v_last < clock_timestamp() - interval '1 minute' THEN
        PERFORM public.token_seen(id);
    END IF;
    RETURN NEXT;
END $$;

-- Bind the transaction for a service account: what `bind_request` is for a person.
CREATE FUNCTION bind_token(p_digest bytea) RETURNS TABLE (
    id uuid, name text, slug text, state text, state_reason text, closes_at timestamptz,
    policies text[], plan text, seats integer, owner_count integer, member_count integer,
    group_count integer, seats_used integer, entitlements text[],
    token_id uuid, account_id uuid, account text, scopes text[]
) LANGUAGE plpgsql SECURITY DEFINER {_ONCE} AS $$
#variable_conflict use_column
BEGIN
    SELECT o.id, o.name, o.slug, o.state, o.state_reason, o.closes_at, o.policies, o.plan, o.seats,
           o.owner_count, o.member_count, o.group_count, o.seats_used, o.entitlements,
           t.id, t.account_id, t.account, t.scopes
    INTO id, name, slug, state, state_reason, closes_at, policies, plan, seats, owner_count,
         member_count, group_count, seats_used, entitlements, token_id, account_id, account, scopes
    FROM public.token_used(p_digest) t
    JOIN public.orgs_organization o ON o.id = t.organization_id;
    IF NOT FOUND THEN
        PERFORM set_config('app.organization', '', true);
        RETURN;
    END IF;
    PERFORM set_config('app.organization', id::text, true);
    RETURN NEXT;
END $$;
"""

PRICES = f"""
-- What these units of a model cost, in nano-units, rounded half up; NULL where no price is known.
CREATE FUNCTION price_of(p_model text, p_units jsonb) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER {_ONCE} AS $$
DECLARE v_rates jsonb; v_tier jsonb; v_input numeric; v_sum numeric; v_known boolean;
BEGIN
    SELECT p.rates INTO v_rates FROM public.projects_modelprice p WHERE p.model = p_model;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- A long input makes all of its request dearer; the tiers are in order.
    IF v_rates ? 'above' THEN
        SELECT coalesce(sum(u.value::numeric), 0) INTO v_input
        FROM jsonb_each_text(coalesce(p_units, '{{}}')) u
        WHERE u.key ~ '^(explicitly_)?(cached_)?input_.*token|^cache_write_.*token';
        FOR v_tier IN SELECT * FROM jsonb_array_elements(v_rates -> 'above') LOOP
            EXIT WHEN v_input <= (v_tier ->> 'input')::numeric;
            v_rates := v_rates || (v_tier -> 'rates');
        END LOOP;
        v_rates := v_rates - 'above';
    END IF;
    SELECT sum(u.value::numeric * (v_rates ->> u.key)::numeric),
           bool_and(v_rates ? u.key OR u.value::numeric = 0)
    INTO v_sum, v_known FROM jsonb_each_text(coalesce(p_units, '{{}}')) u;
    IF NOT v_known THEN
        RETURN NULL;
    END IF;
    RETURN least(round(coalesce(v_sum, 0) / 1000000), 1000000000000000000)::bigint;
END $$;
"""

VERIFY = f"""
-- May this key do this now? Looks up, decides, limits, sets money aside and logs, in one call.
-- `status`: token (not valid), scope (not for this), key (not valid), price (none is known),
-- refused or allowed. `p_does` is what of a key's scope the action takes; `p_roles` are the roles
-- that include it. A refusal sets nothing aside and counts nowhere but in the log.
CREATE FUNCTION key_verify(
    p_token bytea, p_secret bytea, p_call uuid, p_action text, p_does text, p_roles text[],
    p_project uuid, p_resource uuid, p_model text, p_task text, p_ip inet,
    p_cost bigint, p_units jsonb, p_held_for interval
) RETURNS TABLE (
    status text, reason text, layer text, limit_id uuid, organization_id uuid, key_id uuid,
    key_name text, project_id uuid, reserved bigint, limits jsonb, at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER {_ONCE} AS $$
#variable_conflict use_column
DECLARE
    v record; l record; m record;
    v_now timestamptz := clock_timestamp();
    v_asked uuid[] := '{{}}';
    v_has_budget boolean := false;
    v_ids uuid[] := '{{}}';
    v_starts timestamptz[] := '{{}}';
    v_minutes timestamptz[] := '{{}}';
    v_budgets uuid[] := '{{}}';
    v_project uuid;
    v_published timestamptz;
    v_held text[];
    v_holds boolean := false;
    v_bound text := coalesce(current_setting('app.organization', true), '');
    v_layers constant text[] := '{{key,creator,project,group,organization,plan}}';
    v_start timestamptz; v_minute timestamptz; v_spent bigint; v_count integer; v_why text;
BEGIN
    at := v_now; reason := ''; layer := ''; reserved := 0; limits := '[]';
    -- The token, the key, its holder and its place in one look: each look costs as much as a row.
    SELECT t.id AS token_id, t.organization_id, t.scopes, t.last_used_at AS token_seen_at, o.state,
           s.id AS secret_id, s.ends_at, s.first_used_at, s.last_used_at, s.last_used_ip,
           k.id, k.name, k.kind, k.project_id, k.creator_id, k.account_id, k.cost_centre_id,
           k.executes, k.chats, k.expires_at, k.revoked_at,
           p.state AS project_state, p.policies AS project_policies,
           mb.role, mb.person_id, mb.expires_at AS member_until,
           u.is_active, a.role AS account_role, a.suspended_at,
           -- What was given to the creator there, which is what most keys live on.
           EXISTS (
               SELECT FROM public.projects_projectgrant g
               JOIN public.auth_permission c ON c.id = g.permission_id
               WHERE g.user_id = mb.person_id AND g.content_object_id = p.id
                 AND g.organization_id = t.organization_id
                 AND (g.expires_at IS NULL OR g.expires_at > now())
                 AND c.codename = ANY (p_roles)) AS granted
    INTO v FROM public.projects_servicetoken t
    JOIN public.projects_serviceaccount ta ON ta.id = t.account_id
    JOIN public.orgs_organization o ON o.id = t.organization_id
    LEFT JOIN public.projects_keysecret s ON s.organization_id = t.organization_id
        AND s.digest = p_secret
    LEFT JOIN public.projects_key k ON k.id = s.key_id
    LEFT JOIN public.projects_project p ON p.id = coalesce(k.project_id, p_project)
        AND p.organization_id = t.organization_id
    LEFT JOIN public.orgs_membership mb ON mb.id = k.creator_id
    LEFT JOIN public.accounts_user u ON u.id = mb.person_id
    LEFT JOIN public.projects_serviceaccount a ON a.id = k.account_id
    WHERE t.digest = p_token AND t.revoked_at IS NULL AND ta.suspended_at IS NULL
      AND (t.expires_at IS NULL OR t.expires_at > v_now);
    IF NOT FOUND THEN
        status := 'token'; RETURN NEXT; RETURN;
    END IF;
    organization_id := v.organization_id;
    IF v.token_seen_at IS NULL OR v.token_seen_at < v_now - interval '1 minute' THEN
        PERFORM public.token_seen(v.token_id);
    END IF;
    IF NOT 'decide' = ANY (v.scopes) THEN
        status := 'scope'; RETURN NEXT; RETURN;
    END IF;

    -- What is no key here is one answer to whoever asks; the log says which it was.
    IF v.id IS NULL THEN
        status := 'key'; reason := 'unknown';
    ELSIF v.revoked_at IS NOT NULL THEN
        status := 'key'; reason := 'revoked';
    ELSIF v.expires_at <= v_now THEN
        status := 'key'; reason := 'expired';
    ELSIF v.ends_at <= v_now THEN
        status := 'key'; reason := 'rotated_out';
    END IF;
    IF status = 'key' THEN
        layer := 'key';
        INSERT INTO public.projects_call (
            id, organization_id, at, endpoint, key_id, secret_id, token_id, project_id, creator_id,
            cost_centre_id, action, model, task, ip, allowed, reason, layer, units, estimate, cost,
            noted
        ) VALUES (
            p_call, v.organization_id, v_now, '/v1/keys/verify', v.id, v.secret_id, v.token_id,
            v.project_id, v.creator_id, v.cost_centre_id, p_action, p_model, p_task, p_ip, false,
            reason, layer, p_units, 0, 0, false
        );
        RETURN NEXT; RETURN;
    END IF;

    key_id := v.id; key_name := v.name;
    v_project := coalesce(v.project_id, p_project);
    project_id := v_project;
    <<decision>>
    BEGIN
        IF v.state <> 'open' THEN
            reason := 'organization_closed'; layer := 'organization'; EXIT decision;
        END IF;
        IF NOT (p_does = 'execute' AND v.executes OR p_does = 'chat' AND v.chats) THEN
            reason := 'scope'; layer := 'key'; EXIT decision;
        END IF;
        IF v.project_id IS NOT NULL AND p_project IS NOT NULL AND p_project <> v.project_id THEN
            reason := 'other_project'; layer := 'key'; EXIT decision;
        END IF;
        IF p_resource IS NOT NULL THEN
            SELECT r.project_id, r.published_at INTO v_project, v_published
            FROM public.projects_resource r
            WHERE r.id = p_resource AND r.organization_id = v.organization_id
              AND (coalesce(v.project_id, p_project) IS NULL
                   OR r.project_id = coalesce(v.project_id, p_project));
            IF NOT FOUND THEN
                reason := 'other_project'; layer := 'key'; EXIT decision;
            END IF;
            IF v_project IS NOT NULL AND project_id IS NULL THEN
                project_id := v_project;
                SELECT p.state INTO v.project_state FROM public.projects_project p
                WHERE p.id = v_project;
            END IF;
            v_project := project_id;
        END IF;
        IF v_project IS NOT NULL AND v.project_state IS NULL THEN
            reason := 'other_project'; layer := 'key'; EXIT decision;
        END IF;
        IF v_project IS NOT NULL AND v.project_state <> 'active' THEN
            reason := 'project_closed'; layer := 'project'; EXIT decision;
        END IF;
        IF v.kind = 'personal' AND NOT 'personal_keys' = ANY (v.project_policies) THEN
            reason := 'personal_keys'; layer := 'project'; EXIT decision;
        END IF;

        -- The holder's live rights: the organization role, the groups' and those held there.
        IF v.account_id IS NOT NULL THEN
            IF v.suspended_at IS NOT NULL THEN
                reason := 'holder_inactive'; layer := 'creator'; EXIT decision;
            END IF;
            v_holds := v.account_role = ANY (p_roles) OR (
                v_project IS NOT NULL AND 'project_member' = ANY (p_roles) AND EXISTS (
                    SELECT FROM public.projects_serviceaccountproject x
                    WHERE x.account_id = v.account_id AND x.project_id = v_project
                      AND x.organization_id = v.organization_id));
        ELSE
            IF v.is_active IS NOT TRUE OR v.member_until <= v_now THEN
                reason := 'holder_inactive'; layer := 'creator'; EXIT decision;
            END IF;
            v_holds := v.role = ANY (p_roles) AND v.role <> 'end_user'
                OR p_resource IS NULL AND v.granted;
            IF NOT v_holds AND (v_project IS NOT NULL OR p_resource IS NOT NULL) THEN
                PERFORM set_config('app.organization', v.organization_id::text, true);
                IF p_resource IS NULL THEN
                    v_held := public.roles_on_project(v_project, v.person_id, v.creator_id);
                ELSE
                    v_held := public.roles_on_resource(p_resource, v.person_id, v.creator_id);
                    IF v.role = 'end_user' AND v_published IS NULL THEN
                        v_held := ARRAY(
                            SELECT h FROM unnest(v_held) h WHERE h NOT LIKE 'resource\\_%');
                    END IF;
                END IF;
                PERFORM set_config('app.organization', v_bound, true);
                v_holds := v_held && p_roles;
            END IF;
            IF NOT v_holds THEN
                v_holds := EXISTS (
                    SELECT FROM public.orgs_groupmembership x
                    JOIN public.orgs_grouprole g ON g.group_id = x.group_id
                    JOIN public.auth_permission c ON c.id = g.permission_id
                    WHERE x.membership_id = v.creator_id AND x.organization_id = v.organization_id
                      AND (x.expires_at IS NULL OR x.expires_at > now())
                      AND (g.expires_at IS NULL OR g.expires_at > now())
                      AND c.codename = ANY (p_roles));
            END IF;
        END IF;
        IF NOT v_holds THEN
            reason := 'permission'; layer := 'creator'; EXIT decision;
        END IF;

        -- What each layer lists. Of several that refuse, the one nearest the key is named.
        FOR l IN
            SELECT x.id, x.layer, x.budget, x.rpm, x.allowed_networks, x.allowed_tasks,
                   x.allowed_models
            FROM public.projects_limit x
            WHERE x.organization_id = v.organization_id AND x.subject = ANY (ARRAY[
                v.organization_id, v.cost_centre_id, v_project, v.creator_id, v.id])
        LOOP
            v_why := CASE
                WHEN l.allowed_networks IS NOT NULL
                    AND NOT coalesce(p_ip <<= ANY (l.allowed_networks::inet[]), false) THEN 'network'
                WHEN l.allowed_tasks IS NOT NULL AND NOT p_task = ANY (l.allowed_tasks) THEN 'task'
                WHEN l.allowed_models IS NOT NULL AND NOT p_model = ANY (l.allowed_models) THEN 'model'
                END;
            IF v_why IS NOT NULL AND (limit_id IS NULL OR
                    array_position(v_layers, l.layer) < array_position(v_layers, layer)) THEN
                reason := v_why; layer := l.layer; limit_id := l.id;
            END IF;
            IF l.budget IS NOT NULL OR l.rpm IS NOT NULL THEN
                v_asked := v_asked || l.id;
            END IF;
            v_has_budget := v_has_budget OR l.budget IS NOT NULL;
        END LOOP;
        EXIT decision WHEN reason <> '';

        reserved := p_cost;
        IF reserved IS NULL THEN
            reserved := CASE WHEN p_units IS NULL THEN 0 ELSE public.price_of(p_model, p_units) END;
            IF reserved IS NULL THEN
                reserved := 0;
                IF v_has_budget THEN
                    status := 'price'; reason := 'no_price'; EXIT decision;
                END IF;
            END IF;
        END IF;

        -- One row a layer, locked in one order everywhere; the clock is read under the lock. What
        -- has a budget is what has one here: a budget may begin or end meanwhile.
        FOR m IN
            SELECT x.id, x.layer, x.budget, x.window, x.zone, x.rpm,
                   c.window_at, c.spent, c.reserved, c.minute, c.minute_count
            FROM public.projects_meter c JOIN public.projects_limit x ON x.id = c.id
            WHERE c.id = ANY (v_asked) ORDER BY c.id FOR UPDATE OF c
        LOOP
            v_now := greatest(v_now, clock_timestamp());
            v_start := greatest(m.window_at, public.window_start(m.window, v_now, m.zone));
            v_minute := greatest(m.minute, date_trunc('minute', v_now));
            v_ids := v_ids || m.id; v_starts := v_starts || v_start; v_minutes := v_minutes || v_minute;
            IF m.budget IS NOT NULL THEN
                v_budgets := v_budgets || m.id;
            END IF;
            v_spent := CASE WHEN m.window_at < v_start THEN 0 ELSE m.spent END + m.reserved;
            v_count := CASE WHEN m.minute < v_minute THEN 0 ELSE m.minute_count END;
            v_why := CASE
                WHEN m.budget IS NOT NULL
                    AND (v_spent + reserved > m.budget OR v_spent >= m.budget) THEN 'budget'
                WHEN m.rpm IS NOT NULL AND v_count >= m.rpm THEN 'rpm' END;
            IF v_why IS NOT NULL AND (limit_id IS NULL OR
                    array_position(v_layers, m.layer) < array_position(v_layers, layer)) THEN
                reason := v_why; layer := m.layer; limit_id := m.id;
            END IF;
            limits := limits || jsonb_build_object(
                'id', m.id, 'layer', m.layer, 'budget', m.budget, 'window', m.window,
                'spent', v_spent - m.reserved, 'reserved', m.reserved, 'rpm', m.rpm,
                'used', v_count, 'resets_at', CASE WHEN m.budget IS NOT NULL THEN
                    public.window_end(m.window, public.window_start(m.window, v_start, m.zone), m.zone)
                END, 'minute_resets_at', v_minute + interval '1 minute');
        END LOOP;
    END decision;
    at := v_now;

    IF reason = '' THEN
        status := 'allowed';
        FOR i IN 1 .. cardinality(v_ids) LOOP
            UPDATE public.projects_meter c SET
                window_at = v_starts[i],
                spent = CASE WHEN c.window_at < v_starts[i] THEN 0 ELSE c.spent END,
                told = CASE WHEN c.window_at < v_starts[i] THEN 0 ELSE c.told END,
                reserved = c.reserved
                    + CASE WHEN v_ids[i] = ANY (v_budgets) THEN key_verify.reserved ELSE 0 END,
                minute = v_minutes[i],
                minute_count = CASE WHEN c.minute < v_minutes[i] THEN 1 ELSE c.minute_count + 1 END
            WHERE c.id = v_ids[i];
        END LOOP;
        IF reserved > 0 AND v_budgets <> '{{}}' THEN
            INSERT INTO public.projects_reservation (id, organization_id, limits, amount, expires_at)
            VALUES (p_call, v.organization_id, v_budgets, reserved, v_now + p_held_for);
        END IF;
        -- To five seconds: a busy key is not written each time, and nobody waits for it.
        IF v.last_used_at IS NULL OR v.last_used_at < v_now - interval '5 seconds' THEN
            UPDATE public.projects_keysecret SET first_used_at = coalesce(first_used_at, v_now),
                last_used_at = v_now, last_used_ip = p_ip
            WHERE id = (SELECT x.id FROM public.projects_keysecret x
                        WHERE x.id = v.secret_id FOR UPDATE SKIP LOCKED);
        END IF;
    ELSE
        status := coalesce(status, 'refused');
    END IF;
    INSERT INTO public.projects_call (
        id, organization_id, at, endpoint, key_id, secret_id, token_id, project_id, creator_id,
        cost_centre_id, action, model, task, ip, allowed, reason, layer, units, estimate, cost, noted
    ) VALUES (
        p_call, v.organization_id, v_now, '/v1/keys/verify', v.id, v.secret_id, v.token_id, project_id,
        v.creator_id, v.cost_centre_id, p_action, p_model, p_task, p_ip, status = 'allowed',
        reason, layer, p_units, reserved, 0, false
    );
    RETURN NEXT;
END $$;
"""

USE = f"""
-- What a call really took. The first report of a verification counts; the same one again gets the
-- same answer. `status`: token, scope, unknown (no such verification), price, taken (another report
-- under this name), settled or repeated. What was set aside is given back, whatever was spent.
CREATE FUNCTION key_use(
    p_token bytea, p_call uuid, p_verification uuid, p_name text, p_digest bytea, p_model text,
    p_units jsonb, p_cost bigint
) RETURNS TABLE (status text, answer jsonb)
LANGUAGE plpgsql SECURITY DEFINER {_ONCE} AS $$
#variable_conflict use_column
DECLARE
    t record; c record; r record;
    v_ids uuid[]; v_held uuid[]; v_amount bigint := 0; v_cost bigint; v_id uuid;
    v_now timestamptz := clock_timestamp();
    v_name text := coalesce(p_name, 'verification ' || p_verification);
    v_model text;
BEGIN
    SELECT * INTO t FROM public.token_used(p_token);
    IF NOT FOUND THEN
        status := 'token'; RETURN NEXT; RETURN;
    END IF;
    IF NOT 'record' = ANY (t.scopes) THEN
        status := 'scope'; RETURN NEXT; RETURN;
    END IF;
    SELECT x.* INTO c FROM public.projects_call x
    WHERE x.organization_id = t.organization_id AND x.id = p_verification
      AND x.endpoint = '/v1/keys/verify' AND x.allowed
      -- The receipt, which lets it be settled once, is kept as long and no longer.
      AND x.at > v_now - interval '30 days';
    IF NOT FOUND THEN
        status := 'unknown'; RETURN NEXT; RETURN;
    END IF;

    -- Two names: the caller's, and the verification's, which is settled once.
    FOREACH v_name IN ARRAY array_remove(ARRAY[p_name, 'verification ' || p_verification], NULL) LOOP
        INSERT INTO public.projects_receipt (id, organization_id, name, digest, answer, created_at)
        VALUES (gen_random_uuid(), t.organization_id, v_name, p_digest, '{{}}', v_now)
        ON CONFLICT (organization_id, name) DO NOTHING RETURNING id INTO v_id;
        IF v_id IS NULL THEN
            SELECT x.digest, x.answer INTO r FROM public.projects_receipt x
            WHERE x.organization_id = t.organization_id AND x.name = v_name;
            IF r.digest = p_digest THEN
                status := 'repeated'; answer := r.answer;
            ELSE
                status := CASE WHEN v_name = p_name THEN 'taken' ELSE 'settled_before' END;
            END IF;
            DELETE FROM public.projects_receipt x
            WHERE x.organization_id = t.organization_id AND x.created_at = v_now
              AND x.answer = '{{}}' AND x.digest = p_digest;
            RETURN NEXT; RETURN;
        END IF;
    END LOOP;

    v_model := coalesce(nullif(p_model, ''), c.model);
    v_cost := coalesce(p_cost, public.price_of(v_model, p_units));
    IF v_cost IS NULL THEN
        DELETE FROM public.projects_receipt x
        WHERE x.organization_id = t.organization_id AND x.created_at = v_now
          AND x.answer = '{{}}' AND x.digest = p_digest;
        status := 'price'; RETURN NEXT; RETURN;
    END IF;

    PERFORM pg_advisory_xact_lock_shared(hashtextextended('settle ' || t.organization_id, 0));
    v_ids := ARRAY(
        SELECT x.id FROM public.projects_limit x
        WHERE x.organization_id = t.organization_id AND x.budget IS NOT NULL AND x.subject = ANY (
            ARRAY[t.organization_id, c.cost_centre_id, c.project_id, c.creator_id, c.key_id]));
    DELETE FROM public.projects_reservation x
    WHERE x.id = p_verification AND x.organization_id = t.organization_id
    RETURNING x.limits, x.amount INTO v_held, v_amount;
    v_held := coalesce(v_held, '{{}}'); v_amount := coalesce(v_amount, 0);
    PERFORM 1 FROM public.projects_meter x WHERE x.id = ANY (v_ids || v_held)
    ORDER BY x.id FOR UPDATE;
    v_now := clock_timestamp();
    UPDATE public.projects_meter x SET
        window_at = greatest(x.window_at, public.window_start(l.window, v_now, l.zone)),
        spent = CASE WHEN x.window_at < public.window_start(l.window, v_now, l.zone)
                     THEN 0 ELSE least(x.spent, 4000000000000000000) END
                + CASE WHEN x.id = ANY (v_ids) THEN v_cost ELSE 0 END,
        told = CASE WHEN x.window_at < public.window_start(l.window, v_now, l.zone)
                    THEN 0 ELSE x.told END,
        reserved = x.reserved - CASE WHEN x.id = ANY (v_held) THEN v_amount ELSE 0 END
    FROM public.projects_limit l WHERE l.id = x.id AND x.id = ANY (v_ids || v_held);
    INSERT INTO public.projects_call (
        id, organization_id, at, endpoint, key_id, secret_id, token_id, project_id, creator_id,
        cost_centre_id, verification_id, action, model, task, ip, allowed, reason, layer, units,
        estimate, cost, noted
    ) VALUES (
        p_call, t.organization_id, v_now, '/v1/usage', c.key_id, c.secret_id, t.id, c.project_id,
        c.creator_id, c.cost_centre_id, c.id, c.action, v_model, c.task, c.ip, true, '', '', p_units,
        c.estimate, v_cost, false
    );
    status := 'settled';
    answer := jsonb_build_object('id', p_call, 'verification', p_verification, 'model', v_model,
        'cost', v_cost, 'estimate', c.estimate, 'at', v_now);
    UPDATE public.projects_receipt x SET answer = key_use.answer
    WHERE x.organization_id = t.organization_id
      AND x.name IN (p_name, 'verification ' || p_verification);
    RETURN NEXT;
END $$;

-- What was set aside and never settled is free again. All meters are locked at once, in the order
-- of everybody else, so that nobody waits in a ring.
CREATE FUNCTION reservations_release(p_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_ids uuid[];
BEGIN
    v_ids := ARRAY(
        SELECT id FROM public.projects_reservation WHERE expires_at <= clock_timestamp()
        ORDER BY expires_at LIMIT p_most FOR UPDATE SKIP LOCKED);
    PERFORM 1 FROM public.projects_meter WHERE id IN (
        SELECT unnest(limits) FROM public.projects_reservation WHERE id = ANY (v_ids))
    ORDER BY id FOR UPDATE;
    UPDATE public.projects_meter m SET reserved = m.reserved - r.amount
    FROM (SELECT l AS id, sum(amount)::bigint AS amount
          FROM public.projects_reservation, unnest(limits) l WHERE projects_reservation.id = ANY (v_ids)
          GROUP BY l) r
    WHERE m.id = r.id;
    DELETE FROM public.projects_reservation WHERE id = ANY (v_ids);
    DELETE FROM public.projects_receipt WHERE created_at < clock_timestamp() - interval '30 days';
    RETURN cardinality(v_ids);
END $$;
"""

DECIDE = f"""
-- The facts of up to thousands of questions at once, in the order asked: who, what they hold, and
-- the place as it is. `orgs/access.py` decides on them, as it does for every page. The first row
-- alone brings the organization.
CREATE FUNCTION decision_facts(
    p_token bytea, p_subject_kinds text[], p_subjects text[], p_place_kinds text[], p_places text[]
) RETURNS TABLE (
    status text, organization jsonb, question integer, subject boolean, membership_id uuid,
    person_id uuid, member_name text, roles text[], key_id uuid, key_name text, key_reason text,
    key_project uuid, executes boolean, chats boolean, account_id uuid, place uuid,
    place_state text, place_kind text, place_project uuid, place_published timestamptz, held text[],
    key_waits boolean
) LANGUAGE plpgsql SECURITY DEFINER {_ONCE} AS $$
#variable_conflict use_column
DECLARE
    t record; q record; k record; v_slug text;
    v_uuid constant text := '^[0-9a-fA-F]{{8}}-([0-9a-fA-F]{{4}}-){{3}}[0-9a-fA-F]{{12}}$';
    v_now timestamptz := clock_timestamp();
    v_bound text := coalesce(current_setting('app.organization', true), '');
BEGIN
    SELECT * INTO t FROM public.token_used(p_token);
    IF NOT FOUND THEN
        status := 'token'; RETURN NEXT; RETURN;
    END IF;
    IF NOT 'decide' = ANY (t.scopes) THEN
        status := 'scope'; RETURN NEXT; RETURN;
    END IF;
    PERFORM set_config('app.organization', t.organization_id::text, true);
    SELECT to_jsonb(o) INTO organization FROM (
        SELECT x.id, x.name, x.slug, x.state, x.state_reason, x.closes_at, x.policies, x.plan,
               x.seats, x.owner_count, x.member_count, x.group_count, x.seats_used, x.entitlements
        FROM public.orgs_organization x WHERE x.id = t.organization_id) o;
    status := 'ok'; v_slug := organization ->> 'slug';
    FOR q IN
        SELECT * FROM unnest(p_subject_kinds, p_subjects, p_place_kinds, p_places)
        WITH ORDINALITY AS asked(subject_kind, subject, place_kind, place, n)
    LOOP
        question := q.n; subject := false; membership_id := NULL; person_id := NULL;
        member_name := NULL; roles := '{{}}'; key_id := NULL; key_name := NULL; key_reason := NULL;
        key_project := NULL; executes := NULL; chats := NULL; account_id := NULL; place := NULL;
        place_state := NULL; place_kind := NULL; place_project := NULL; place_published := NULL;
        held := '{{}}'; key_waits := NULL;
        IF q.subject_kind = 'key' THEN
            SELECT x.id, x.name, x.project_id, x.executes, x.chats, x.creator_id, x.account_id,
                   x.kind = 'personal' AND NOT 'personal_keys' = ANY (p.policies) AS waits,
                   CASE WHEN x.revoked_at IS NOT NULL THEN 'revoked'
                        WHEN x.expires_at <= v_now THEN 'expired' END AS ended,
                   a.role, a.suspended_at
            INTO k FROM public.projects_key x
            LEFT JOIN public.projects_project p ON p.id = x.project_id
            LEFT JOIN public.projects_serviceaccount a ON a.id = x.account_id
            WHERE x.organization_id = t.organization_id
              AND x.id = CASE WHEN q.subject ~ v_uuid THEN q.subject::uuid END;
            IF FOUND THEN
                key_id := k.id; key_name := k.name; key_project := k.project_id;
                executes := k.executes; chats := k.chats; key_reason := k.ended;
                key_waits := k.waits;
                account_id := k.account_id; membership_id := k.creator_id;
                subject := account_id IS NOT NULL AND k.suspended_at IS NULL;
                roles := CASE WHEN subject THEN array_remove(ARRAY[k.role], '') ELSE '{{}}' END;
            END IF;
        END IF;
        IF q.subject_kind = 'user' THEN
            IF q.subject ~ v_uuid THEN
                membership_id := q.subject::uuid;
            ELSIF q.subject <> '' THEN
                SELECT m.id INTO membership_id FROM public.orgs_membership m
                WHERE m.organization_id = t.organization_id
                  AND m.email = lower(q.subject) AND m.email <> '';
            END IF;
        END IF;
        IF membership_id IS NOT NULL THEN
            SELECT true, m.id, m.person_id, m.name, ARRAY[m.role] || ARRAY(
                SELECT DISTINCT p.codename::text FROM public.orgs_groupmembership s
                JOIN public.orgs_grouprole g ON g.group_id = s.group_id
                JOIN public.auth_permission p ON p.id = g.permission_id
                WHERE s.membership_id = m.id
                  AND (s.expires_at IS NULL OR s.expires_at > now())
                  AND (g.expires_at IS NULL OR g.expires_at > now()))
            INTO subject, membership_id, person_id, member_name, roles
            FROM public.orgs_membership m JOIN public.accounts_user u ON u.id = m.person_id
            WHERE m.id = membership_id AND m.organization_id = t.organization_id AND u.is_active
              AND (m.expires_at IS NULL OR m.expires_at > now());
            subject := coalesce(subject, false);
        END IF;
        IF q.place_kind = 'organization' THEN
            IF q.place IN (t.organization_id::text, v_slug) THEN
                place := t.organization_id;
            END IF;
        ELSIF q.place ~ v_uuid THEN
            IF q.place_kind = 'workspace' THEN
                SELECT w.id INTO place FROM public.projects_workspace w
                WHERE w.organization_id = t.organization_id AND w.id = q.place::uuid;
                held := public.roles_on_workspace(place, person_id, membership_id);
            ELSIF q.place_kind = 'project' THEN
                SELECT p.id, p.state, p.id INTO place, place_state, place_project
                FROM public.projects_project p
                WHERE p.organization_id = t.organization_id AND p.id = q.place::uuid;
                held := public.roles_on_project(place, person_id, membership_id);
            ELSIF q.place_kind = 'resource' THEN
                SELECT r.id, r.kind, r.project_id, r.published_at, p.state
                INTO place, place_kind, place_project, place_published, place_state
                FROM public.projects_resource r
                LEFT JOIN public.projects_project p ON p.id = r.project_id
                WHERE r.organization_id = t.organization_id AND r.id = q.place::uuid;
                held := public.roles_on_resource(place, person_id, membership_id);
            END IF;
            IF subject AND account_id IS NOT NULL AND place_project IS NOT NULL AND EXISTS (
                SELECT FROM public.projects_serviceaccountproject s
                WHERE s.account_id = decision_facts.account_id AND s.project_id = place_project
                  AND s.organization_id = t.organization_id
            ) THEN
                held := held || 'project_member'::text;
            END IF;
        END IF;
        RETURN NEXT;
        organization := NULL;
    END LOOP;
    PERFORM set_config('app.organization', v_bound, true);
    IF question IS NULL THEN
        RETURN NEXT;
    END IF;
END $$;
"""

WATCH = """
-- The budgets that passed 50, 80 or 100 percent since somebody was last told; each is named once.
CREATE FUNCTION limits_to_tell()
RETURNS TABLE (organization_id uuid, limit_id uuid, percent integer, spent bigint)
LANGUAGE sql SECURITY DEFINER AS $$
    WITH now_at AS (
        SELECT m.id, m.organization_id, m.told, m.spent,
               CASE WHEN m.spent >= l.budget THEN 100
                    WHEN m.spent::numeric * 100 >= l.budget::numeric * 80 THEN 80
                    WHEN m.spent::numeric * 100 >= l.budget::numeric * 50 THEN 50
                    ELSE 0 END AS percent
        FROM public.projects_meter m JOIN public.projects_limit l ON l.id = m.id
        WHERE l.budget IS NOT NULL AND m.spent > 0
          AND m.window_at >= public.window_start(l.window, clock_timestamp(), l.zone)
    )
    SELECT organization_id, id, percent, spent FROM now_at
    WHERE percent > told AND (SELECT public.app_org()) IS NULL
$$;

-- Remember what was told, in the bound organization alone; true for whoever was first.
CREATE FUNCTION limit_told(p_limit uuid, p_percent integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE public.projects_meter SET told = p_percent
    WHERE id = p_limit AND organization_id = public.app_org() AND told < p_percent;
    RETURN FOUND;
END $$;

-- Which organizations have refusals that the ledger does not know of; nobody bound is told.
CREATE FUNCTION organizations_with_refusals() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT DISTINCT organization_id FROM public.projects_call
    WHERE NOT (allowed OR noted) AND (SELECT public.app_org()) IS NULL
$$;

-- Takes them out of the log of the bound organization, counted together.
CREATE FUNCTION refusals_to_note()
RETURNS TABLE (key_id uuid, project_id uuid, reason text, layer text, calls bigint,
               first_at timestamptz, last_at timestamptz, ip inet)
LANGUAGE sql SECURITY DEFINER AS $$
    WITH taken AS (
        UPDATE public.projects_call c SET noted = true
        WHERE c.organization_id = (SELECT public.app_org()) AND NOT (c.allowed OR c.noted)
        RETURNING c.key_id, c.project_id, c.reason, c.layer, c.at, c.ip
    )
    SELECT key_id, max(project_id::text)::uuid, reason, layer, count(*), min(at), max(at),
           CASE WHEN min(ip) = max(ip) THEN max(ip) END
    FROM taken GROUP BY key_id, reason, layer
$$;
"""

REVERSE = """
DROP FUNCTION refusals_to_note();
DROP FUNCTION organizations_with_refusals();
DROP FUNCTION limit_told(uuid, integer);
DROP FUNCTION limits_to_tell();
DROP FUNCTION decision_facts(bytea, text[], text[], text[], text[]);
DROP FUNCTION reservations_release(integer);
DROP FUNCTION key_use(bytea, uuid, uuid, text, bytea, text, jsonb, bigint);
DROP FUNCTION key_verify(
    bytea, bytea, uuid, text, text, text[], uuid, uuid, text, text, inet, bigint, jsonb, interval
);
DROP FUNCTION price_of(text, jsonb);
DROP FUNCTION bind_token(bytea);
DROP FUNCTION token_used(bytea);
DROP FUNCTION token_seen(uuid);
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0016_metering")]

    operations = [migrations.RunSQL([TOKENS, PRICES, VERIFY, USE, DECIDE, WATCH], REVERSE)]
