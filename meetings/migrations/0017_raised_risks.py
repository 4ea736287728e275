"""Risks that were recorded in a meeting. Those of earlier meetings have no row."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0016_swaps_of_scribes_and_observers"),
        ("risklog", "0027_import_tasks_and_cancel"),
    ]

    operations = [
        migrations.CreateModel(
            name="RaisedRisk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "item",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="meetings.agendaitem",
                    ),
                ),
                (
                    "meeting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="raised_risks",
                        to="meetings.meeting",
                    ),
                ),
                (
                    "risk",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="risklog.risk",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
    ]
