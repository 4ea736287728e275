"""The index of dead deliveries, built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notices", "0011_sending_switch")]

    operations = [
        AddIndexConcurrently(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "dead")), fields=["state"], name="notices_delivery_dead"
            ),
        ),
    ]
