"""The statement of a risk: cause, event and effect. Existing risks keep their texts and have none of the three."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("risklog", "0013_reveals")]

    operations = [
        migrations.AddField(
            "risk", name, models.CharField(blank=True, db_default="", default="", max_length=300)
        )
        for name in ("cause", "event", "effect")
    ]
