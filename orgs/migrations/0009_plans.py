"""Binding is planned once a connection, and the people of a group are read from its index alone."""

from __future__ import annotations

from django.db import migrations, models

NAME = "group_membership_once"


def _once(**more: object) -> models.UniqueConstraint:
    return models.UniqueConstraint(
        fields=("group", "membership"),
        name=NAME,
        violation_error_message="This person is already in the group.",
        **more,
    )


class Migration(migrations.Migration):
    dependencies = [("orgs", "0008_unread_starts_at_zero")]

    operations = [
        migrations.RemoveConstraint(model_name="groupmembership", name=NAME),
        migrations.AddConstraint(
            model_name="groupmembership", constraint=_once(include=("expires_at",))
        ),
        # Planning it costs several times what running it does.
        migrations.RunSQL(
            "ALTER FUNCTION bind_request(text, uuid) SET plan_cache_mode = force_generic_plan",
            "ALTER FUNCTION bind_request(text, uuid) RESET ALL",
        ),
    ]
