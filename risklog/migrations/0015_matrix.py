"""The matrix of the organisation. Without a row, the default of the code applies."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


def _names() -> django.contrib.postgres.fields.ArrayField:
    return django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=5)


class Migration(migrations.Migration):
    dependencies = [("history", "0006_plain_labels"), ("risklog", "0014_statement")]

    operations = [
        migrations.CreateModel(
            name="RiskMatrix",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("likelihoods", _names()),
                ("impacts", _names()),
                ("levels", _names()),
                (
                    "cells",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=django.contrib.postgres.fields.ArrayField(
                            base_field=models.PositiveSmallIntegerField(), size=5
                        ),
                        size=5,
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
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="risklog_one_matrix")
                ],
            },
        ),
    ]
