"""Hand events over to webhooks instead of collecting them behind a floor (ADR 0032).

The column of the floor stays in the database, with a default, because code of before reads and writes it while
this migration runs. The next release drops it.
"""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notices", "0009_bundles")]

    operations = [
        migrations.AddField(
            "webhookendpoint",
            "active_since",
            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AlterField("webhookendpoint", "floor", models.BigIntegerField(default=0, db_default=0)),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField("webhookendpoint", "floor")]
        ),
    ]
