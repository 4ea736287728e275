"""Entries for the digest. The new column has a default in the database, so nobody waits."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notices", "0006_message_names")]

    operations = [
        migrations.AddField("entry", "is_for_digest", models.BooleanField(default=False, db_default=False))
    ]
