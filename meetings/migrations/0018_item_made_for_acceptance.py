"""The proposed acceptance for which an item was put on an agenda. The new column has no value at first."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0017_raised_risks"),
        ("risklog", "0028_rung_channels"),
    ]

    operations = [
        migrations.AddField(
            model_name="agendaitem",
            name="acceptance",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="risklog.acceptance",
            ),
        ),
    ]
