"""Experiments, their owners, plans, runs and challenges."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0014_words_of_privacy_constraints"),
        ("history", "0009_event_token"),
        ("risklog", "0028_rung_channels"),
        ("signals", "0016_source_silence"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Experiment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("title", models.CharField(max_length=200)),
                ("hypothesis", models.TextField()),
                ("data_slice", models.TextField(blank=True, default="")),
                ("success_criteria", models.TextField(blank=True, default="")),
                ("decision_rule", models.TextField(blank=True, default="")),
                ("rollback", models.TextField(blank=True, default="")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Proposed"),
                            ("running", "Running"),
                            ("finished", "Finished"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="proposed",
                        max_length=9,
                    ),
                ),
                ("plan_number", models.PositiveIntegerField(default=0)),
                ("ends_on", models.DateField(blank=True, null=True)),
                ("proposed_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("supported", "Supported"),
                            ("rejected", "Rejected"),
                            ("inconclusive", "Inconclusive"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                ("sample_size", models.PositiveBigIntegerField(blank=True, null=True)),
                ("interpretation", models.TextField(blank=True, default="")),
                ("training_notes", models.TextField(blank=True, default="")),
                ("cancel_reason", models.TextField(blank=True, default="")),
                (
                    "about",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="history.subject",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.model",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                (
                    "subject",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="history.subject"
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.workflow",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Challenge",
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
                        choices=[("challenge", "Challenge"), ("reproduction", "Reproduction")], max_length=12
                    ),
                ),
                ("text", models.TextField()),
                ("is_reproduced", models.BooleanField(blank=True, null=True)),
                ("at", models.DateTimeField()),
                ("answer", models.TextField(blank=True, default="")),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.run",
                    ),
                ),
                (
                    "experiment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="challenges",
                        to="risklog.experiment",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ExperimentOwner",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("is_current", models.BooleanField(default=True)),
                (
                    "experiment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="owners",
                        to="risklog.experiment",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ExperimentPlan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("number", models.PositiveIntegerField()),
                ("hypothesis", models.TextField()),
                ("data_slice", models.TextField()),
                ("success_criteria", models.TextField()),
                ("decision_rule", models.TextField()),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("at", models.DateTimeField()),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "experiment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plans",
                        to="risklog.experiment",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ExperimentRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "arm",
                    models.CharField(
                        choices=[("baseline", "Baseline"), ("candidate", "Candidate")],
                        default="candidate",
                        max_length=9,
                    ),
                ),
                ("is_linked", models.BooleanField(default=True)),
                (
                    "experiment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="risklog.experiment",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalogue.run"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(fields=["state", "-id"], name="risklog_experiment_state"),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(fields=["ends_on", "id"], name="risklog_experiment_ends"),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "finished"), _negated=True),
                    models.Q(models.Q(("outcome", ""), _negated=True), ("sample_size__isnull", False)),
                    _connector="OR",
                ),
                name="risklog_experiment_has_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "supported"), _negated=True), ("sample_size__gt", 0), _connector="OR"
                ),
                name="risklog_experiment_supported_by_data",
            ),
        ),
        migrations.AddIndex(
            model_name="challenge",
            index=models.Index(fields=["experiment", "-id"], name="risklog_challenge_of"),
        ),
        migrations.AddConstraint(
            model_name="challenge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("is_reproduced__isnull", True), ("kind", "challenge"), ("run__isnull", True)),
                    models.Q(
                        ("is_reproduced__isnull", False), ("kind", "reproduction"), ("run__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="risklog_reproduction_names_run",
            ),
        ),
        migrations.AddConstraint(
            model_name="experimentowner",
            constraint=models.UniqueConstraint(
                fields=("experiment", "user"), name="risklog_experiment_owner_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="experimentplan",
            constraint=models.UniqueConstraint(
                fields=("experiment", "number"), name="risklog_experiment_plan_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="experimentrun",
            constraint=models.UniqueConstraint(
                fields=("experiment", "run"), name="risklog_experiment_run_once"
            ),
        ),
    ]
