"""The indexes of root and granted, built while others write."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("history", "0003_scope")]

    operations = [
        AddIndexConcurrently(
            model_name="subject",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("viewers__isnull", False)),
                fields=["granted"],
                name="history_subject_granted",
            ),
        ),
        AddIndexConcurrently(
            model_name="subject",
            index=models.Index(
                condition=models.Q(("root__isnull", False)), fields=["root"], name="history_subject_root"
            ),
        ),
    ]
