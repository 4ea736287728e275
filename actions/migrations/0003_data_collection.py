"""A type of actions: data collection."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0002_demands"),
    ]

    operations = [
        migrations.AlterField(
            model_name="action",
            name="type",
            field=models.CharField(
                choices=[
                    ("mitigation", "Mitigation"),
                    ("monitoring", "Monitoring change"),
                    ("code_review", "Code review across teams"),
                    ("lineage_audit", "Data-lineage audit"),
                    ("process", "Process improvement"),
                    ("data_collection", "Data collection"),
                    ("other", "Other"),
                ],
                default="mitigation",
                max_length=16,
            ),
        ),
    ]
