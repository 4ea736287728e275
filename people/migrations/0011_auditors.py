"""The last day on which a person reads everything as an auditor. The column is empty, so nobody waits."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0010_duty_rosters")]

    operations = [migrations.AddField("user", "audits_until", models.DateField(null=True, blank=True))]
