"""Whether the register sends: it does from this migration on. A backup leaves the row out (ADR 0038)."""

from django.db import migrations, models

_SENDS = "INSERT INTO notices_sendingswitch (id) VALUES (1) ON CONFLICT DO NOTHING"


class Migration(migrations.Migration):
    dependencies = [("notices", "0010_active_since")]

    operations = [
        migrations.CreateModel(
            name="SendingSwitch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("held_since", models.DateTimeField(blank=True, null=True)),
                ("backup_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="notices_sendingswitch_only")
                ]
            },
        ),
        migrations.RunSQL(_SENDS, migrations.RunSQL.noop),
    ]
