"""Entries say what bundles them. Filled batch by batch, and indexed, while others write."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

BATCH = 10_000
# The topic of an escalation is what it is about; of all other events their own subject.
_FILL = """
UPDATE notices_entry AS entry
SET topic_id = coalesce(escalation.about_id, event.subject_id)
FROM history_event AS event
LEFT JOIN risklog_escalation AS escalation ON escalation.subject_id = event.subject_id
WHERE event.id = entry.event_id AND entry.topic_id IS NULL AND entry.id BETWEEN %s AND %s
"""


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM notices_entry")
        last = cursor.fetchone()[0]
        for first in range(1, last + 1, BATCH):
            cursor.execute(_FILL, [first, first + BATCH - 1])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("notices", "0003_hold_back"),
        ("history", "0004_scope_indexes"),
        ("risklog", "0002_plain_labels"),
    ]

    operations = [
        migrations.AddField(
            "entry",
            "topic",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="history.subject",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        AddIndexConcurrently(
            "entry", models.Index(fields=["user", "topic", "-at", "-id"], name="notices_entry_bundle")
        ),
    ]
