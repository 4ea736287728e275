"""Templates of agendas: a new table."""

import django.db.models.deletion
from django.db import migrations, models

import lists.collation


class Migration(migrations.Migration):
    dependencies = [
        ("history", "0006_plain_labels"),
        ("meetings", "0014_settle_before_the_meeting"),
    ]

    operations = [
        migrations.CreateModel(
            name="AgendaTemplate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("name", models.CharField(max_length=120, unique=True)),
                ("items", models.JSONField()),
                ("is_retired", models.BooleanField(default=False)),
                (
                    "subject",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="history.subject"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        lists.collation.Collated("name"),
                        models.F("name"),
                        models.F("id"),
                        name="meetings_template_by_name",
                    )
                ],
            },
        ),
    ]
