"""Duty rosters of functions."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0009_max_acceptance_days")]

    operations = [
        migrations.CreateModel(
            name="DutyRoster",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("people", django.contrib.postgres.fields.ArrayField(models.BigIntegerField())),
                ("starts_on", models.DateField()),
                ("length_days", models.PositiveSmallIntegerField(default=7)),
                ("hand_over_at", models.TimeField(default="09:00")),
                (
                    "function",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="roster",
                        to="people.function",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("length_days__gte", 1)), name="people_roster_length"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("people__len__gte", 1)), name="people_roster_people"
                    ),
                ],
            },
        ),
    ]
