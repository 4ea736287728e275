"""Branches of rungs, people in turn, named people, and holders of decision rights. The tables are small."""

import django.contrib.postgres.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0010_duty_rosters"),
        ("risklog", "0011_title_keys"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="rung",
            name="risklog_rung_once",
        ),
        migrations.AddField(
            model_name="climb",
            name="branch",
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name="escalation",
            name="branch",
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name="rung",
            name="branch",
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name="rung",
            name="is_in_turn",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="rung",
            name="people",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="rung",
            name="right",
            field=models.CharField(
                blank=True,
                choices=[
                    ("data_quality", "Decides on data quality"),
                    ("model_change", "Approves model changes"),
                    ("deployment", "Signs off deployment windows"),
                ],
                db_default="",
                default="",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="rung",
            name="severity",
            field=models.CharField(
                blank=True,
                choices=[("warning", "Warning"), ("critical", "Critical")],
                db_default="",
                default="",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="rung",
            name="when",
            field=models.CharField(
                blank=True,
                choices=[("working", "In working hours"), ("outside", "Outside working hours")],
                db_default="",
                default="",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="rung",
            name="who",
            field=models.CharField(
                choices=[
                    ("reviewers", "Reviewers or owner"),
                    ("owner", "Owner"),
                    ("team_lead", "Lead of the owner team"),
                    ("function", "A function"),
                    ("right", "Holder of a decision right"),
                    ("person", "Named people"),
                    ("sponsor", "Executive sponsor"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="rung",
            constraint=models.UniqueConstraint(
                fields=("ladder_version", "position", "branch"), name="risklog_rung_branch_once"
            ),
        ),
    ]
