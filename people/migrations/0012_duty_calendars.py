"""Duty rosters that are read from a calendar. The new column has a default in the database."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

_ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("people", "0011_auditors")]

    operations = [
        migrations.AddField(
            "dutyroster",
            "calendar_url",
            models.CharField(max_length=2000, blank=True, default="", db_default=""),
        ),
        migrations.AlterField("dutyroster", "starts_on", models.DateField(null=True, blank=True)),
        migrations.AlterField(
            "dutyroster",
            "people",
            django.contrib.postgres.fields.ArrayField(models.BigIntegerField(), blank=True),
        ),
        migrations.RemoveConstraint("dutyroster", "people_roster_people"),
        migrations.AddConstraint(
            "dutyroster",
            models.CheckConstraint(
                condition=models.Q(people__len__gte=1, starts_on__isnull=False, calendar_url="")
                | models.Q(people__len=0, starts_on__isnull=True) & ~models.Q(calendar_url=""),
                name="people_roster_kind",
            ),
        ),
        migrations.CreateModel(
            name="CalendarReading",
            fields=[
                ("id", _ID),
                ("next_at", models.DateTimeField(db_default=Now(), db_index=True)),
                ("tried_at", models.DateTimeField(null=True, blank=True)),
                ("read_at", models.DateTimeField(null=True, blank=True)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("error", models.CharField(max_length=500, blank=True, default="")),
                (
                    "unknown",
                    django.contrib.postgres.fields.ArrayField(models.CharField(max_length=200), default=list),
                ),
                (
                    "roster",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reading",
                        to="people.dutyroster",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DutyPeriod",
            fields=[
                ("id", _ID),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "roster",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="periods",
                        to="people.dutyroster",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="people.user"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["roster", "starts_at", "id"], name="people_dutyperiod_order")
                ]
            },
        ),
    ]
