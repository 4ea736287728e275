"""Service accounts: accounts of programs, which are rows of people_user. New columns have defaults."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0017_token_rotation")]

    operations = [
        migrations.AddField("user", "is_service", models.BooleanField(default=False, db_default=False)),
        migrations.AddField(
            "user", "purpose", models.CharField(max_length=300, blank=True, default="", db_default="")
        ),
        migrations.AddField(
            "user",
            "responsible",
            models.ForeignKey(
                "people.user", django.db.models.deletion.PROTECT, null=True, blank=True, related_name="+"
            ),
        ),
        migrations.AddField(
            "user",
            "responsible_team",
            models.ForeignKey(
                "people.team", django.db.models.deletion.PROTECT, null=True, blank=True, related_name="+"
            ),
        ),
        migrations.AddField("token", "moved_at", models.DateTimeField(null=True, blank=True)),
        migrations.AddConstraint(
            "user",
            models.CheckConstraint(
                condition=models.Q(is_service=False, purpose="", responsible=None, responsible_team=None)
                | models.Q(is_service=True, audits_until=None) & ~models.Q(role="administrator"),
                name="people_user_service",
            ),
        ),
        migrations.CreateModel(
            name="ServiceAccount",
            fields=[],
            options={"proxy": True, "indexes": [], "constraints": []},
            bases=("people.user",),
        ),
    ]
