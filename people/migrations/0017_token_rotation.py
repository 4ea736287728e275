"""The secret of a token before its last rotation. The columns are empty, so nobody waits."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0016_email_addresses")]

    operations = [
        migrations.AddField("token", "former_hash", models.BinaryField(max_length=32, null=True, blank=True)),
        migrations.AddField("token", "former_until", models.DateTimeField(null=True, blank=True)),
    ]
