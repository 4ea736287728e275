"""Effects, tripwires and outcomes of decisions, and logged agreements. The defaults rewrite nothing."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("history", "0006_plain_labels"),
        ("meetings", "0010_check_ins"),
        ("signals", "0002_points_covering_key"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="decision",
            name="dissent",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="decision",
            name="options",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="decision",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("worked", "Worked"),
                    ("did_not", "Did not work"),
                    ("too_early", "Too early to say"),
                ],
                db_default="",
                default="",
                max_length=9,
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="outcome_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="decision",
            name="outcome_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="outcome_note",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="decision",
            name="threshold_version",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="signals.thresholdversion",
            ),
        ),
        migrations.CreateModel(
            name="DecisionEffect",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("change_action", "New date or owner of an action"),
                            ("agree_threshold", "Threshold agreed"),
                            ("accept_risk", "Risk accepted"),
                            ("end_acceptance", "Acceptance ended"),
                            ("adopt_mitigation", "Mitigation adopted"),
                            ("resolve_escalation", "Escalation resolved"),
                        ],
                        max_length=20,
                    ),
                ),
                ("due_on", models.DateField(blank=True, null=True)),
                (
                    "treatment",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("mitigate", "Mitigate"),
                            ("accept", "Accept"),
                            ("transfer", "Transfer"),
                            ("avoid", "Avoid"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="effects",
                        to="meetings.decision",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="history.subject"
                    ),
                ),
                (
                    "threshold_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="signals.thresholdversion",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["decision", "id"], name="meetings_effect_decision"),
                    models.Index(fields=["kind", "decision"], name="meetings_effect_kind"),
                    models.Index(fields=["target"], name="meetings_effect_target"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Tripwire",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "kind",
                    models.CharField(
                        choices=[("date", "On a date"), ("metric", "When a metric crosses a value")],
                        max_length=6,
                    ),
                ),
                ("due_on", models.DateField(blank=True, null=True)),
                (
                    "direction",
                    models.CharField(
                        choices=[("above", "Above"), ("below", "Below")], default="above", max_length=5
                    ),
                ),
                ("value", models.FloatField(blank=True, null=True)),
                ("note", models.CharField(blank=True, default="", max_length=300)),
                (
                    "state",
                    models.CharField(
                        choices=[("armed", "Armed"), ("crossed", "Crossed"), ("removed", "Removed")],
                        default="armed",
                        max_length=7,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("checked_until", models.DateTimeField(blank=True, null=True)),
                ("crossed_at", models.DateTimeField(blank=True, null=True)),
                ("crossed_value", models.FloatField(blank=True, null=True)),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tripwires",
                        to="meetings.decision",
                    ),
                ),
                (
                    "series",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="signals.series",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["decision", "id"], name="meetings_tripwire_decision"),
                    models.Index(
                        condition=models.Q(("kind", "metric"), ("state", "armed")),
                        fields=["series"],
                        name="meetings_tripwire_armed",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("due_on__isnull", False), ("kind", "date")),
                            models.Q(("kind", "metric"), ("series__isnull", False), ("value__isnull", False)),
                            _connector="OR",
                        ),
                        name="meetings_tripwire_on_something",
                    )
                ],
            },
        ),
    ]
