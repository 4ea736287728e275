"""Appetites, and the day by which a risk above its appetite needs a plan."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce


def _from_one_to(most: int) -> list:
    return [
        django.core.validators.MinValueValidator(1),
        django.core.validators.MaxValueValidator(most),
    ]


class Migration(migrations.Migration):
    dependencies = [("history", "0006_plain_labels"), ("risklog", "0015_matrix")]

    operations = [
        migrations.AddField("risk", "plan_due_on", models.DateField(blank=True, null=True)),
        migrations.CreateModel(
            name="Appetite",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "tier",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[(1, "Tier 1"), (2, "Tier 2"), (3, "Tier 3"), (4, "Tier 4")],
                        null=True,
                    ),
                ),
                ("max_score", models.PositiveSmallIntegerField(validators=_from_one_to(25))),
                (
                    "plan_days",
                    models.PositiveSmallIntegerField(default=14, validators=_from_one_to(365)),
                ),
                ("is_retired", models.BooleanField(default=False)),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="risklog.category",
                    ),
                ),
                (
                    "subject",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="history.subject"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        Coalesce("category", Value(0)),
                        Coalesce("tier", Value(0)),
                        condition=Q(("is_retired", False)),
                        name="risklog_one_appetite",
                    ),
                    models.CheckConstraint(
                        condition=Q(("max_score__range", (1, 25))), name="risklog_appetite_score"
                    ),
                ],
            },
        ),
    ]
