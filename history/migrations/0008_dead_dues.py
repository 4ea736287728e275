"""The index of dead due dates, built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("history", "0007_heartbeats")]

    operations = [
        AddIndexConcurrently(
            model_name="due",
            index=models.Index(
                condition=models.Q(("state", "dead")), fields=["state"], name="history_due_dead"
            ),
        ),
    ]
