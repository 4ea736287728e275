"""Drop the column that search no longer reads (ADR 0012). Code of before selects risks without it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("risklog", "0005_external_id"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="risk",
            name="risklog_risk_search",
        ),
        migrations.RemoveField(
            model_name="risk",
            name="search",
        ),
    ]
