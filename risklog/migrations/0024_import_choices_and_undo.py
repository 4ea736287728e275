"""Imports keep how their file was read, the file while it can be read in another way, and their undo."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("risklog", "0023_paused_minutes")]

    operations = [
        migrations.AddField(
            "import", "sheet", models.CharField(blank=True, db_default="", default="", max_length=200)
        ),
        migrations.AddField("import", "sheets", models.JSONField(db_default=[], default=list)),
        migrations.AddField(
            "import", "encoding", models.CharField(blank=True, db_default="", default="", max_length=40)
        ),
        migrations.AddField("import", "batch", models.UUIDField(blank=True, null=True)),
        migrations.AddField("import", "undone_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField(
            "import",
            "state",
            models.CharField(
                choices=[
                    ("read", "Not checked"),
                    ("checked", "Checked"),
                    ("applied", "Imported"),
                    ("undone", "Undone"),
                ],
                default="read",
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            "ImportFile",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("content", models.BinaryField()),
                (
                    "of",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="file", to="risklog.import"
                    ),
                ),
            ],
        ),
    ]
