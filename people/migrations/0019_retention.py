"""How long rows are kept that are no part of history. The column has a default in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0018_service_accounts")]

    operations = [
        migrations.AddField(
            "organisation", "retention", models.JSONField(default=dict, blank=True, db_default={})
        )
    ]
