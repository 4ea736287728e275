"""The index of external ids, built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("risklog", "0004_imports")]

    operations = [
        AddIndexConcurrently(
            "risk",
            models.Index(fields=["external_id"], name="risklog_risk_external", condition=~Q(external_id="")),
        ),
    ]
