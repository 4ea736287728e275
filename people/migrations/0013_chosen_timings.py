"""What people choose to be told. The new column has a default in the database, so nobody waits."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0012_duty_calendars")]

    operations = [
        migrations.AddField(
            "user", "chosen_timings", models.JSONField(default=dict, blank=True, db_default={})
        )
    ]
