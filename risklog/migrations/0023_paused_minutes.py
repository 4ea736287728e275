"""How long an escalation was paused in all. Pauses before this migration are not counted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("risklog", "0022_search_filled_templates")]

    operations = [
        migrations.AddField(
            "escalation", "paused_minutes", models.PositiveIntegerField(default=0, db_default=0)
        )
    ]
