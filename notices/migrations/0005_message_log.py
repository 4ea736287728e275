import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """Rename the field only: the column keeps its name, so that no statement runs and a release can be undone."""

    dependencies = [("notices", "0004_entry_topic")]

    operations = [
        migrations.AlterField(
            "message",
            "history",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=300), db_column="history", default=list, size=None
            ),
        ),
        migrations.RenameField("message", "history", "log"),
    ]
