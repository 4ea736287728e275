"""The limit of acceptances in days. One row; the constant default rewrites nothing."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0008_days_off")]

    operations = [
        migrations.AddField(
            "organisation",
            "max_acceptance_days",
            models.PositiveSmallIntegerField(
                default=180, db_default=180, validators=[MinValueValidator(1), MaxValueValidator(3650)]
            ),
        ),
    ]
