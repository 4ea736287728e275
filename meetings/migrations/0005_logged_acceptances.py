"""The acceptance of a risk that a decision logs. The column is empty; riskhub.tidy logs what is missing."""

import django.db.models.deletion
from django.db import migrations, models

_STATES = [("in_force", "In force"), ("replaced", "Replaced"), ("ended", "Ended")]


class Migration(migrations.Migration):
    dependencies = [("meetings", "0004_order_of_names"), ("risklog", "0009_replaced_reviewers")]

    operations = [
        migrations.AddField(
            "decision",
            "acceptance",
            models.OneToOneField(
                "risklog.acceptance",
                django.db.models.deletion.PROTECT,
                null=True,
                blank=True,
                related_name="+",
            ),
        ),
        migrations.AlterField(
            "decision", "state", models.CharField(choices=_STATES, default="in_force", max_length=8)
        ),
    ]
