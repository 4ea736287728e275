"""A long import is applied by a worker, which has a run of it. An import says why it was not applied."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0015_max_blocked_days"),
        ("risklog", "0024_import_choices_and_undo"),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="problem",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AlterField(
            model_name="import",
            name="state",
            field=models.CharField(
                choices=[
                    ("read", "Not checked"),
                    ("checked", "Checked"),
                    ("applying", "Being imported"),
                    ("applied", "Imported"),
                    ("undone", "Undone"),
                ],
                default="read",
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            name="ImportRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("claimed", "In progress"),
                            ("done", "Done"),
                            ("dead", "Given up"),
                        ],
                        default="pending",
                        max_length=8,
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("claim", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("not_before", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("error", models.TextField(blank=True, default="")),
                ("settled_at", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField()),
                ("rows", models.PositiveIntegerField()),
                (
                    "of",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="runs", to="risklog.import"
                    ),
                ),
                (
                    "token",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="people.token",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["pending", "claimed"])),
                        fields=["not_before", "id"],
                        name="risklog_import_run_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["pending", "claimed"])),
                        fields=("of",),
                        name="risklog_import_run_once",
                    )
                ],
            },
        ),
    ]
