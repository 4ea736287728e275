"""A sample says how far its time was moved ahead of the clock. One row; the constant default rewrites nothing."""

from datetime import timedelta

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0004_order_of_names")]

    operations = [
        migrations.AddField(
            "organisation", "ahead_by", models.DurationField(default=timedelta(0), db_default=timedelta(0))
        ),
        migrations.AddConstraint(
            "organisation",
            models.CheckConstraint(
                condition=models.Q(is_sample=True) | models.Q(ahead_by=timedelta(0)),
                name="people_only_samples_are_moved",
            ),
        ),
    ]
