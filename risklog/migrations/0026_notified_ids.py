"""Name the people notified on a rung for what they are. The column keeps its name, for code of before."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("risklog", "0025_import_runs")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("climb", "told", "notified_ids"),
                migrations.AlterField(
                    "climb",
                    "notified_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        blank=True,
                        db_column="told",
                        default=list,
                        size=None,
                    ),
                ),
            ]
        ),
    ]
