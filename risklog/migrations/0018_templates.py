"""Templates, their versions, and the filled ones, which have references T-1, T-2 and so on."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


def _id() -> tuple:
    return (
        "id",
        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
    )


def _to(model: str, related: str = "+", **options: bool) -> models.ForeignKey:
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name=related, to=model, **options
    )


def _subject() -> tuple:
    return (
        "subject",
        models.OneToOneField(
            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="history.subject"
        ),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("history", "0006_plain_labels"),
        ("risklog", "0017_merged_into"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE history_reference_t", "DROP SEQUENCE history_reference_t", elidable=False
        ),
        migrations.CreateModel(
            name="Template",
            fields=[
                _id(),
                ("version", models.PositiveIntegerField(default=1)),
                ("name", models.CharField(max_length=120, unique=True)),
                ("purpose", models.TextField(blank=True, default="")),
                ("is_retired", models.BooleanField(default=False)),
                _subject(),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="TemplateVersion",
            fields=[
                _id(),
                ("version", models.PositiveIntegerField(default=1)),
                ("number", models.PositiveIntegerField()),
                ("fields", models.JSONField()),
                ("is_current", models.BooleanField(default=True)),
                ("template", _to("risklog.template", "versions")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("template", "number"), name="risklog_template_version_once"
                    ),
                    models.UniqueConstraint(
                        condition=Q(("is_current", True)),
                        fields=("template",),
                        name="risklog_one_current_template_version",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FilledTemplate",
            fields=[
                _id(),
                ("version", models.PositiveIntegerField(default=1)),
                ("title", models.CharField(max_length=200)),
                ("values", models.JSONField(blank=True, default=dict)),
                ("opened_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("about", _to("history.subject")),
                ("author", _to(settings.AUTH_USER_MODEL, blank=True, null=True)),
                _subject(),
                ("template", _to("risklog.template", "filled")),
                ("template_version", _to("risklog.templateversion")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["about", "-id"], name="risklog_filled_about"),
                    models.Index(fields=["template", "-id"], name="risklog_filled_template"),
                ],
            },
        ),
    ]
