"""A worker also checks and undoes long imports, their authors can cancel it, and an undo has a result."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("risklog", "0026_notified_ids"),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="cancel_asked_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="import",
            name="closed",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="import",
            name="left",
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name="import",
            name="restored",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="importrun",
            name="task",
            field=models.CharField(
                choices=[
                    ("check", "Check"),
                    ("apply", "Import"),
                    ("both", "Check and import"),
                    ("undo", "Undo"),
                ],
                db_default="apply",
                default="apply",
                max_length=5,
            ),
        ),
        migrations.AlterField(
            model_name="import",
            name="state",
            field=models.CharField(
                choices=[
                    ("read", "Not checked"),
                    ("checking", "Being checked"),
                    ("checked", "Checked"),
                    ("applying", "Being imported"),
                    ("applied", "Imported"),
                    ("undoing", "Being undone"),
                    ("undone", "Undone"),
                ],
                default="read",
                max_length=8,
            ),
        ),
    ]
