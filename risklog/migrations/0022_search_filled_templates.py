"""Search finds the answers of filled templates: remove their search documents, which are written again.

history.documents.after_migrate() writes the documents that are missing.
"""

from typing import Any

from django.db import migrations


def forget(apps: Any, schema_editor: Any) -> None:
    rows = apps.get_model("history", "SearchDocument").objects.using(schema_editor.connection.alias)
    rows.filter(subject__kind="filled_template").delete()


class Migration(migrations.Migration):
    dependencies = [("risklog", "0021_reasons"), ("history", "0006_plain_labels")]

    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
