"""The search documents. The table is new, so its index is built at once; documents.after_migrate fills it."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("history", "0004_scope_indexes")]

    operations = [
        migrations.CreateModel(
            name="SearchDocument",
            fields=[
                (
                    "subject",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="document",
                        serialize=False,
                        to="history.subject",
                    ),
                ),
                ("document", django.contrib.postgres.search.SearchVectorField()),
                ("text", models.TextField()),
                ("language", models.CharField(max_length=63)),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["document"], name="history_document_words"
                    )
                ],
            },
        ),
    ]
