"""The reasons of appetites and of merged categories. Older ones have only their history."""

import django.db.models.deletion
from django.db import migrations, models


def _because() -> models.ForeignKey:
    return models.ForeignKey(
        blank=True,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="history.subject",
    )


class Migration(migrations.Migration):
    dependencies = [("risklog", "0020_call_top_rungs"), ("history", "0006_plain_labels")]

    operations = [
        migrations.AddField(model, name, field)
        for model in ("appetite", "category")
        for name, field in (
            ("why", models.TextField(blank=True, default="", db_default="")),
            ("because", _because()),
        )
    ]
