"""Public holidays by country, and own days off. The constant defaults rewrite no table."""

from django.db import migrations, models


def code(length):
    return models.CharField(max_length=length, blank=True, default="", db_default="")


class Migration(migrations.Migration):
    dependencies = [("people", "0007_absences_by_day")]

    operations = [
        migrations.AddField("organisation", "country", code(2)),
        migrations.AddField("organisation", "subdivision", code(20)),
        migrations.AddField("organisation", "own_days_off", models.JSONField(blank=True, default=dict)),
        migrations.AddField("user", "country", code(2)),
        migrations.AddField("user", "subdivision", code(20)),
    ]
