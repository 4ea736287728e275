"""The keys of titles, in batches, then their index and that of duplicates, built while others write.

A risk that old code adds meanwhile has no key. It is suggested as a likely duplicate after its next new title.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q

from risklog.likeness import key_of

BATCH = 2000
SET = """
UPDATE risklog_risk AS risk SET title_key = new.key
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS new (id, title, key)
WHERE risk.id = new.id AND risk.title = new.title AND risk.title_key = ''
"""


def fill(apps, schema_editor):
    risks = apps.get_model("risklog", "Risk").objects.using(schema_editor.connection.alias)
    last = 0
    while rows := list(risks.filter(pk__gt=last).order_by("pk").values_list("pk", "title")[:BATCH]):
        ids, titles = [pk for pk, _ in rows], [title for _, title in rows]
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(SET, [ids, titles, [key_of(title) for title in titles]])
        last = ids[-1]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("risklog", "0010_duplicates")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        ValidateConstraint(model_name="risk", name="risklog_risk_duplicate_is_closed"),
        AddIndexConcurrently(
            "risk",
            GinIndex(
                condition=~Q(state="closed"),
                fields=["title_key"],
                name="risklog_risk_title_key",
                opclasses=["gin_trgm_ops"],
            ),
        ),
        AddIndexConcurrently(
            "risk",
            models.Index(
                condition=Q(merged_into__isnull=False),
                fields=["merged_into"],
                name="risklog_risk_merged_into",
            ),
        ),
    ]
