"""Subject gets its root and its grants. Both columns have constant defaults, so no row is rewritten.

meetings.0002_scope fills them, once the rooms that know what hangs on what are there.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("history", "0002_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="Grant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("owner", "owns it"),
                            ("raiser", "raised it"),
                            ("author", "wrote it"),
                            ("recorder", "recorded it"),
                            ("asked", "was asked to review it"),
                            ("stand_in", "stands in for somebody who is away"),
                            ("called", "was notified by the escalation ladder"),
                            ("holder", "acknowledged the escalation"),
                            ("earlier", "could see it before grants were recorded"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "reach",
                    models.CharField(
                        choices=[("object", "this object"), ("root", "the whole root")],
                        default="object",
                        max_length=6,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("has_left", models.BooleanField(db_default=False, default=False)),
            ],
        ),
        migrations.AddField(
            model_name="subject",
            name="granted",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), blank=True, db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="subject",
            name="root",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="history.subject",
            ),
        ),
        migrations.AddField(
            model_name="grant",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="history.subject"
            ),
        ),
        migrations.AddField(
            model_name="grant",
            name="source",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="history.subject",
            ),
        ),
        migrations.AddField(
            model_name="grant",
            name="subject",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="grants", to="history.subject"
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("subject", "person", "reason", "source"),
                name="history_grant_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(("has_left", False), ("ended_at__isnull", False), _connector="OR"),
                name="history_grant_left_is_ended",
            ),
        ),
    ]
