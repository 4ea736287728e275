"""Administrators let ladders use a webhook, which then needs no events of its own."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0012_dead_deliveries"),
    ]

    operations = [
        migrations.AddField(
            model_name="webhookendpoint",
            name="is_for_ladders",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name="webhookendpoint",
            name="verbs",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=80), blank=True, size=None
            ),
        ),
    ]
