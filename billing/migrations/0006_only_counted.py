"""What only the database itself writes: numbers, what is paid, and the balance of credit.

A setting of the session (`bailiwick.issuing`) is one that anybody may make. Who writes is not: the
functions that number and count run as the owner of these tables, and whoever else does is refused.
"""

from __future__ import annotations

from django.db import migrations

GUARDS = """
-- Not a definer: `current_user` is whoever the statement runs as.
CREATE FUNCTION keep_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT relowner FROM pg_class WHERE oid = TG_RELID) = current_user::regrole THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.paid <> 0 THEN
            RAISE EXCEPTION 'what is paid is counted' USING ERRCODE = '23001';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.paid <> OLD.paid THEN
        RAISE EXCEPTION 'what is paid is counted' USING ERRCODE = '23001';
    END IF;
    IF (NEW.number, NEW.provider) IS DISTINCT FROM (OLD.number, OLD.provider) THEN
        RAISE EXCEPTION 'a number and its issuer stay' USING ERRCODE = '23001';
    END IF;
    IF NEW.state = OLD.state THEN
        RETURN NEW;
    END IF;
    IF OLD.state = 'draft' THEN
        RAISE EXCEPTION 'only invoice_issue gives a number' USING ERRCODE = '23001';
    END IF;
    -- Forward alone: from open to paid, once all of it is, and to void.
    IF NEW.state = 'paid' AND OLD.state = 'open'
            AND (NEW.paid = NEW.gross OR NEW.kind = 'credit_note') THEN
        RETURN NEW;
    END IF;
    IF NEW.state = 'void' AND (
            OLD.state = 'open' AND NEW.provider <> 'transfer'
            OR EXISTS (SELECT FROM public.billing_invoice n
                       WHERE n.organization_id = OLD.organization_id AND n.corrects_id = OLD.id
                         AND n.kind = 'credit_note' AND n.state <> 'draft')) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an invoice goes from open to paid or void' USING ERRCODE = '23001';
END $$;
-- In the order of their names: `keep_issued` speaks first.
CREATE TRIGGER keep_what_is_counted BEFORE INSERT OR UPDATE ON billing_invoice
    FOR EACH ROW EXECUTE FUNCTION keep_counted();

CREATE FUNCTION keep_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT relowner FROM pg_class WHERE oid = TG_RELID) <> current_user::regrole
            AND (TG_OP = 'INSERT' AND NEW.credit <> 0
                 OR TG_OP = 'UPDATE' AND NEW.credit <> OLD.credit) THEN
        RAISE EXCEPTION 'the balance is the sum of its entries' USING ERRCODE = '23001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_balance BEFORE INSERT OR UPDATE ON billing_billingdetails
    FOR EACH ROW EXECUTE FUNCTION keep_balance();
"""
REVERSE = """
DROP FUNCTION keep_balance() CASCADE;
DROP FUNCTION keep_counted() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_providers")]

    operations = [migrations.RunSQL(GUARDS, REVERSE)]
