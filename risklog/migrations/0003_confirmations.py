from django.db import migrations, models


class Migration(migrations.Migration):
    """Rename the field only: the column keeps its name, so that no statement runs and a release can be undone."""

    dependencies = [("risklog", "0002_plain_labels")]

    operations = [
        migrations.AlterField("risk", "looks", models.PositiveIntegerField(db_column="looks", default=0)),
        migrations.RenameField("risk", "looks", "confirmations"),
    ]
