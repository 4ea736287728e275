"""The columns of duplicates: what a risk was merged into, and the key of its title.

The extension pg_trgm is trusted, so the owner of the database may create it. The columns have no value at
first, so no row is rewritten.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid, TrigramExtension
from django.db import migrations, models
from django.db.models import F, Q

import risklog.models.risk


class Migration(migrations.Migration):
    dependencies = [("risklog", "0009_replaced_reviewers")]

    operations = [
        TrigramExtension(),
        migrations.AddField(
            model_name="risk",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="risklog.risk",
            ),
        ),
        migrations.AddField(
            model_name="risk",
            name="title_key",
            field=risklog.models.risk.TitleKey(blank=True, db_default="", default="", editable=False),
        ),
        AddConstraintNotValid(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | (Q(state="closed") & ~Q(merged_into=F("id"))),
                name="risklog_risk_duplicate_is_closed",
            ),
        ),
    ]
