"""The day from which a smaller plan or fewer seats hold."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_usage")]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="next_on",
            field=models.DateField(blank=True, help_text="From when `next_*` holds.", null=True),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=Q(next_on=None, next_plan="", next_seats=None)
                | (Q(next_on__isnull=False, next_seats__gte=1, ends_on=None) & ~Q(next_plan="")),
                name="subscription_next_is_whole",
            ),
        ),
    ]
