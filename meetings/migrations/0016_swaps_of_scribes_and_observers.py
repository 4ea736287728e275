"""Swaps of scribes and observers, and who is invited to observe. At first every swap is of a facilitator."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0015_agenda_templates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="meeting",
            name="invited_observer",
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
            name="is_observer_taken",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="meeting",
            name="is_scribe_taken",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="swap",
            name="task",
            field=models.CharField(
                choices=[("facilitator", "Facilitator"), ("scribe", "Scribe"), ("observer", "Observer")],
                db_default="facilitator",
                default="facilitator",
                max_length=11,
            ),
        ),
        migrations.AddConstraint(
            model_name="swap",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=("meeting", "task"),
                name="meetings_one_open_swap_of_task",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="swap",
            name="meetings_one_open_swap",
        ),
    ]
