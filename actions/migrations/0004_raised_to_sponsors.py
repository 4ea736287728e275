"""The index of the actions that were raised to a sponsor. It is built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("actions", "0003_data_collection")]

    operations = [
        AddIndexConcurrently(
            "action",
            models.Index(
                fields=["raised_to"],
                condition=models.Q(raised_to__isnull=False),
                name="actions_raised",
            ),
        ),
    ]
