"""Observers of meetings. The new columns have no value at first, and series have no observers."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0012_minutes"),
        ("people", "0015_max_blocked_days"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="meeting",
            name="observer",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="meeting",
            name="observer_why",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
        migrations.AddField(
            model_name="meetingseries",
            name="has_observer",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="meetingseries",
            name="observer_teams",
            field=models.ManyToManyField(blank=True, related_name="+", to="people.team"),
        ),
    ]
