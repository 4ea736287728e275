"""The category that took over the risks of a merged one. Earlier merges have only the name in history."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("risklog", "0016_appetite")]

    operations = [
        migrations.AddField(
            "category",
            "merged_into",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="risklog.category",
            ),
        ),
    ]
