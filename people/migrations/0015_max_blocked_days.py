"""After how many working days a blocked action is raised. One row; the constant default rewrites nothing."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0014_outcome_weeks")]

    operations = [
        migrations.AddField(
            "organisation",
            "max_blocked_days",
            models.PositiveSmallIntegerField(
                default=5, db_default=5, validators=[MinValueValidator(1), MaxValueValidator(100)]
            ),
        ),
    ]
