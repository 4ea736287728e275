"""Who was asked in place of a reviewer. The column is empty and has no index, so nobody waits for it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("risklog", "0008_acceptances_in_force")]

    operations = [
        migrations.AddField(
            "reviewer",
            "replaced_by",
            models.ForeignKey(
                settings.AUTH_USER_MODEL,
                django.db.models.deletion.PROTECT,
                null=True,
                blank=True,
                related_name="+",
                db_index=False,
            ),
        ),
    ]
