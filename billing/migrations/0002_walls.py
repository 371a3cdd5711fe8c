"""Row security, rights and composite keys of billing's tables, and what holds about invoices.

Usage has its walls where it is added up (0003). Numbers, payments and credit are the database's
business, so that no path issues a number twice, leaves one out, or rewrites what was issued.
"""

from __future__ import annotations

from django.db import migrations

from orgs.walls import CASCADE, SET_NULL, wall

MEMBER = "orgs_membership"
SUBSCRIPTION, INVOICE = "billing_subscription", "billing_invoice"
ADDED = "SELECT, INSERT"

INVOICES = """
-- Issue a draft of the bound organization: the next number of the series, in this transaction.
-- The row of the series is locked until it ends, so a number is taken or it is not. Its own copy
-- for the issuer outlives the organization. Null where there is no such draft.
CREATE FUNCTION invoice_issue(p_invoice uuid, p_prefix text, p_issued date, p_due date)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_series text := p_prefix || '-' || to_char(p_issued, 'YYYY'); v_number text; v_last integer;
BEGIN
    PERFORM 1 FROM public.billing_invoice
    WHERE id = p_invoice AND organization_id = public.app_org() AND state = 'draft'
      AND number = '' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO public.billing_invoiceseries AS s (name, last) VALUES (v_series, 1)
    ON CONFLICT (name) DO UPDATE SET last = s.last + 1 RETURNING last INTO v_last;
    v_number := v_series || '-' || lpad(v_last::text, greatest(6, length(v_last::text)), '0');
    PERFORM set_config('bailiwick.issuing', p_invoice::text, true);
    UPDATE public.billing_invoice
    SET number = v_number, state = 'open', issued_on = p_issued, due_on = p_due
    WHERE id = p_invoice;
    PERFORM set_config('bailiwick.issuing', '', true);
    INSERT INTO public.billing_issuedinvoice (number, organization, issued_on, document)
    SELECT v_number, i.organization_id, p_issued, to_jsonb(i) || jsonb_build_object('lines', (
        SELECT coalesce(jsonb_agg(to_jsonb(l) ORDER BY l.position), '[]')
        FROM public.billing_invoiceline l WHERE l.invoice_id = i.id))
    FROM public.billing_invoice i WHERE i.id = p_invoice;
    RETURN v_number;
END $$;

-- What was issued stays as it is: only the state and what is paid go on.
CREATE FUNCTION keep_issued() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft'
                AND EXISTS (SELECT FROM public.orgs_organization WHERE id = OLD.organization_id) THEN
            RAISE EXCEPTION 'an invoice that was issued stays' USING ERRCODE = '23001';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.provider = 'transfer' AND (NEW.state <> 'draft' OR NEW.number <> '') THEN
            RAISE EXCEPTION 'an invoice begins as a draft' USING ERRCODE = '23001';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.provider = 'transfer' AND OLD.state = 'draft' AND NEW.state <> 'draft'
            AND coalesce(current_setting('bailiwick.issuing', true), '') <> NEW.id::text THEN
        RAISE EXCEPTION 'only invoice_issue gives a number' USING ERRCODE = '23001';
    END IF;
    IF OLD.state <> 'draft' AND (
        (OLD.kind, OLD.number, OLD.cause, OLD.title, OLD.currency, OLD.period_start, OLD.period_end,
         OLD.issued_on, OLD.due_on, OLD.seller, OLD.buyer, OLD.purchase_order, OLD.corrects_id,
         OLD.reason, OLD.net, OLD.tax, OLD.gross, OLD.taxes, OLD.provider, OLD.organization_id)
        IS DISTINCT FROM
        (NEW.kind, NEW.number, NEW.cause, NEW.title, NEW.currency, NEW.period_start, NEW.period_end,
         NEW.issued_on, NEW.due_on, NEW.seller, NEW.buyer, NEW.purchase_order, NEW.corrects_id,
         NEW.reason, NEW.net, NEW.tax, NEW.gross, NEW.taxes, NEW.provider, NEW.organization_id)
        OR NEW.state = 'draft'
    ) THEN
        RAISE EXCEPTION 'an invoice that was issued stays as it is' USING ERRCODE = '23001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_issued BEFORE INSERT OR UPDATE OR DELETE ON billing_invoice
    FOR EACH ROW EXECUTE FUNCTION keep_issued();

CREATE FUNCTION keep_issued_lines() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE v_line public.billing_invoiceline := coalesce(NEW, OLD);
BEGIN
    IF EXISTS (SELECT FROM public.billing_invoice i JOIN public.orgs_organization o
               ON o.id = i.organization_id
               WHERE i.id IN (NEW.invoice_id, OLD.invoice_id) AND i.state <> 'draft'
                 AND i.provider = 'transfer') THEN
        RAISE EXCEPTION 'an invoice that was issued stays as it is' USING ERRCODE = '23001';
    END IF;
    RETURN v_line;
END $$;
CREATE TRIGGER keep_issued BEFORE INSERT OR UPDATE OR DELETE ON billing_invoiceline
    FOR EACH ROW EXECUTE FUNCTION keep_issued_lines();

-- What came in counts on the invoice; once all of it has, it is paid.
CREATE FUNCTION count_payments() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE public.billing_invoice
    SET paid = paid + NEW.amount,
        state = CASE WHEN paid + NEW.amount = gross THEN 'paid' ELSE state END,
        settled_on = CASE WHEN paid + NEW.amount = gross THEN NEW.received_on ELSE settled_on END
    WHERE organization_id = NEW.organization_id AND id = NEW.invoice_id AND state = 'open';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'only an open invoice is paid' USING ERRCODE = '23001';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER counted AFTER INSERT ON billing_payment
    FOR EACH ROW EXECUTE FUNCTION count_payments();

-- The balance is the sum of its entries, and never below zero (a check says so).
CREATE FUNCTION count_credit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    -- A row is proposed with nothing: what is taken must not fail the check before it is added up.
    INSERT INTO public.billing_billingdetails
        (id, organization_id, legal_name, street, street_2, postcode, city, region, country, tax_id,
         purchase_order, recipients, credit, provider_customer, changed_at)
    VALUES (gen_random_uuid(), NEW.organization_id, '', '', '', '', '', '', '', '', '', '{}',
            0, '', clock_timestamp())
    ON CONFLICT (organization_id) DO NOTHING;
    UPDATE public.billing_billingdetails SET credit = credit + NEW.amount
    WHERE organization_id = NEW.organization_id;
    RETURN NULL;
END $$;
CREATE TRIGGER counted AFTER INSERT ON billing_creditentry
    FOR EACH ROW EXECUTE FUNCTION count_credit();

-- What the web role may not delete goes with its organization.
CREATE FUNCTION forget_billing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    DELETE FROM public.billing_creditentry WHERE organization_id = OLD.id;
    DELETE FROM public.billing_invoice WHERE organization_id = OLD.id;
    DELETE FROM public.billing_billingdetails WHERE organization_id = OLD.id;
    DELETE FROM public.billing_webhookevent WHERE organization_id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER billing_forgotten AFTER DELETE ON orgs_organization
    FOR EACH ROW EXECUTE FUNCTION forget_billing();

-- For a provider's webhook: whose customer it is. Nothing else is told.
CREATE FUNCTION organization_of_customer(p_customer text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT organization_id FROM public.billing_billingdetails
    WHERE provider_customer = p_customer AND p_customer <> ''
$$;
-- For jobs: where a month is to be invoiced, and where something is open past its day.
CREATE FUNCTION subscriptions_due(p_day date) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT DISTINCT s.organization_id FROM public.billing_subscription s
    JOIN public.orgs_organization o ON o.id = s.organization_id
    WHERE (s.state <> 'ended' OR s.paid_to < s.ends_on) AND s.provider = 'transfer'
      AND (date_trunc('month', s.paid_to::timestamp) + interval '1 month')::date <= p_day
      AND (public.app_org() IS NULL OR s.organization_id = public.app_org())
    ORDER BY s.organization_id
$$;
CREATE FUNCTION invoices_overdue(p_day date) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT DISTINCT organization_id FROM public.billing_invoice
    WHERE state = 'open' AND due_on < p_day AND kind <> 'credit_note'
      AND (public.app_org() IS NULL OR organization_id = public.app_org())
$$;
-- For the operator, who names an invoice by its number.
CREATE FUNCTION organization_of_invoice(p_number text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT organization_id FROM public.billing_invoice WHERE number = p_number AND p_number <> ''
$$;
REVOKE ALL ON FUNCTION organization_of_invoice(text) FROM PUBLIC;
"""
INVOICES_REVERSE = """
DROP FUNCTION organization_of_invoice(text);
DROP FUNCTION invoices_overdue(date);
DROP FUNCTION subscriptions_due(date);
DROP FUNCTION organization_of_customer(text);
DROP FUNCTION forget_billing() CASCADE;
DROP FUNCTION count_credit() CASCADE;
DROP FUNCTION count_payments() CASCADE;
DROP FUNCTION keep_issued_lines() CASCADE;
DROP FUNCTION keep_issued() CASCADE;
DROP FUNCTION invoice_issue(uuid, text, date, date);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0001_initial"),
        ("orgs", "0010_more_entitlements"),
        ("projects", "0018_records_of_platforms"),
    ]

    operations = [
        wall(SUBSCRIPTION, keys={"changed_by_id": (MEMBER, SET_NULL)}),
        wall("billing_term", keys={"subscription_id": (SUBSCRIPTION, CASCADE)}),
        wall(
            "billing_billingdetails",
            rights="SELECT, INSERT, UPDATE",
            # The balance follows its entries, which have theirs.
            recorded="INSERT OR DELETE OR UPDATE OF legal_name, street, street_2, postcode, city,"
            " region, country, tax_id, purchase_order, recipients, provider_customer, method,"
            " method_label",
        ),
        wall(INVOICE, keys={"corrects_id": (INVOICE, CASCADE)}),
        wall("billing_invoiceline", keys={"invoice_id": (INVOICE, CASCADE)}),
        wall("billing_payment", keys={"invoice_id": (INVOICE, CASCADE)}, rights=ADDED),
        wall("billing_creditentry", keys={"invoice_id": (INVOICE, CASCADE)}, rights=ADDED),
        wall("billing_webhookevent", rights=ADDED, recorded=None),
        migrations.RunSQL(INVOICES, INVOICES_REVERSE),
    ]
