"""What types of actions demand, what blocks an action, and the rank. The columns have no value at first."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Case, F, When
from django.db.models.functions import Coalesce

_RANK = Coalesce(F("exposure"), 0) * Case(
    When(effort="s", then=3),
    When(effort="l", then=1),
    default=2,
    output_field=models.SmallIntegerField(),
)


def _person() -> models.ForeignKey:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        blank=True,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
    )


def _choice(length: int, choices: list[tuple[str, str]]) -> models.CharField:
    return models.CharField(blank=True, choices=choices, db_default="", default="", max_length=length)


_BLOCKERS = [
    ("team", "Another team"),
    ("right", "A missing right"),
    ("money", "Money"),
    ("access", "Access"),
    ("time", "Time"),
    ("other", "Something else"),
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actions", "0001_initial")]

    operations = [
        migrations.AddField("action", "exposure", models.PositiveSmallIntegerField(blank=True, null=True)),
        migrations.AddField("action", "reviewer", _person()),
        migrations.AddField("action", "result", _choice(8, [("fine", "Fine"), ("findings", "Findings")])),
        migrations.AddField("action", "blocker", _choice(6, _BLOCKERS)),
        migrations.AddField("action", "blocked_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("action", "raised_to", _person()),
        migrations.AddField("action", "raised_at", models.DateTimeField(blank=True, null=True)),
        AddIndexConcurrently("action", models.Index(_RANK.desc(), F("id").desc(), name="actions_rank")),
    ]
