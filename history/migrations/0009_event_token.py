"""The index of what a token did. It is built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("history", "0008_dead_dues")]

    operations = [
        AddIndexConcurrently(
            "event",
            models.Index(
                fields=["token", "-at", "-id"],
                condition=models.Q(token__isnull=False),
                name="history_event_token",
            ),
        ),
    ]
