"""Call the top rung of the escalations that are on it already.

Each gets a Due whose date is past. Its handler puts the right one: a working day after the rung was notified.
"""

from typing import Any

from django.db import migrations


def put_dues(apps: Any, schema_editor: Any) -> None:
    """Put a Due for each escalation that is on its top rung. Running it again changes nothing."""
    alias = schema_editor.connection.alias
    rows = apps.get_model("risklog", "Escalation").objects.using(alias)
    rows = rows.filter(state="climbing", rung__gt=0, next_climb_at__isnull=True, rung_since__isnull=False)
    due = apps.get_model("history", "Due")
    due.objects.using(alias).bulk_create(
        (
            due(kind="risklog.top_rung_call", subject_id=subject_id, occurrence="first", at=since)
            for subject_id, since in rows.values_list("subject_id", "rung_since").order_by("id")
        ),
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("risklog", "0019_scoring"), ("history", "0006_plain_labels")]

    operations = [migrations.RunPython(put_dues, migrations.RunPython.noop)]
