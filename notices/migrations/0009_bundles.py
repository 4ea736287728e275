"""Mails that are sent in one with another. The new column is empty, and indexed while others write."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notices", "0008_webhooks")]

    operations = [
        migrations.AddField(
            "message",
            "bundled_in",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="notices.message",
            ),
        ),
        migrations.AlterField(
            "message",
            "state",
            models.CharField(
                choices=[
                    ("pending", "Waiting"),
                    ("claimed", "Sending"),
                    ("done", "Sent"),
                    ("dead", "Failed"),
                    ("uncertain", "Delivery uncertain"),
                    ("unwanted", "Cancelled"),
                    ("held", "Held back"),
                    ("bundled", "Waiting in a bundle"),
                ],
                default="pending",
                max_length=9,
            ),
        ),
        AddIndexConcurrently(
            "message",
            models.Index(
                condition=models.Q(("bundled_in__isnull", False)),
                fields=["bundled_in"],
                name="notices_message_bundle",
            ),
        ),
        AddIndexConcurrently(
            "message",
            models.Index(
                condition=models.Q(("begun_at__isnull", False)),
                fields=["user", "-begun_at"],
                name="notices_message_begun",
            ),
        ),
    ]
