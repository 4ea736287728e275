"""Control of a live meeting, the backlog, presence, and decisions that are incomplete until their meeting ends.

All new columns are nullable or have a default in the database. The new constraint is validated separately, so
that decisions can be recorded meanwhile.
"""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q

_STATES = [
    ("waiting", "Upcoming"),
    ("current", "Now"),
    ("done", "Done"),
    ("carried", "Carried over"),
    ("dropped", "Removed"),
    ("backlog", "In the backlog"),
]
_COMPLETE = "meetings_decision_reason_or_incomplete"


def _person() -> models.ForeignKey:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        django.db.models.deletion.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )


def _flag() -> models.BooleanField:
    return models.BooleanField(default=False, db_default=False)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("meetings", "0005_logged_acceptances"),
    ]

    operations = [
        migrations.AddField("meeting", "controller", _person()),
        migrations.AddField("agendaitem", "has_actions", _flag()),
        migrations.AddField("agendaitem", "parked_by", _person()),
        migrations.AddField("agendaitem", "is_kept", _flag()),
        migrations.AlterField(
            "agendaitem", "state", models.CharField(choices=_STATES, default="waiting", max_length=8)
        ),
        migrations.AddField("attendance", "seen_at", models.DateTimeField(null=True, blank=True)),
        migrations.AddField("decision", "is_incomplete", _flag()),
        migrations.AlterField("decision", "reason", models.TextField(blank=True)),
        AddConstraintNotValid(
            "decision",
            models.CheckConstraint(condition=~Q(reason="") | Q(is_incomplete=True), name=_COMPLETE),
        ),
        ValidateConstraint("decision", _COMPLETE),
        migrations.RemoveConstraint("decision", "meetings_decision_has_a_reason"),
    ]
