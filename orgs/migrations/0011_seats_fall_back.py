"""More seats than a plan has are there for whoever sits on them: one that falls free is gone."""

from __future__ import annotations

from django.db import migrations, models

from config.rights import web_role

FALL_BACK = f"""
GRANT INSERT (seats_of_plan), UPDATE (seats_of_plan) ON orgs_organization TO {web_role()};
-- `seats` is no deed here: it follows from who left, which has its entry.
CREATE FUNCTION seats_fall_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.seats := greatest(NEW.seats_of_plan, NEW.seats_used);
    RETURN NEW;
END $$;
CREATE TRIGGER seats_fall_back BEFORE UPDATE OF seats_used ON orgs_organization FOR EACH ROW
    WHEN (NEW.seats_used < OLD.seats_used AND NEW.seats > NEW.seats_of_plan)
    EXECUTE FUNCTION seats_fall_back();
"""
REVERSE = "DROP FUNCTION seats_fall_back() CASCADE"


class Migration(migrations.Migration):
    dependencies = [("orgs", "0010_more_entitlements")]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="seats_of_plan",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="What the plan has, where more are in use; each that falls free is gone.",
                null=True,
            ),
        ),
        migrations.RunSQL(FALL_BACK, REVERSE),
    ]
