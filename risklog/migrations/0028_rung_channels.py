"""A rung chooses its channels: email, and webhooks."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("risklog", "0027_import_tasks_and_cancel"),
    ]

    operations = [
        migrations.AddField(
            model_name="climb",
            name="by_mail",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="climb",
            name="webhooks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), blank=True, db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="rung",
            name="by_mail",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="rung",
            name="webhooks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), blank=True, db_default=[], default=list, size=None
            ),
        ),
    ]
