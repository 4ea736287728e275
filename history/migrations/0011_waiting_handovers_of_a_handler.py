"""The index of the waiting handovers of a handler. It is built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("history", "0010_participants")]

    operations = [
        AddIndexConcurrently(
            "handover",
            models.Index(
                fields=["handler", "not_before", "id"],
                condition=models.Q(("state__in", ["pending", "claimed"])),
                name="history_handover_of_handler",
            ),
        ),
    ]
