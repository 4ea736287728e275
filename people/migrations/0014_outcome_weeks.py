"""How long after a decision people are asked whether it worked. One row; the default rewrites nothing."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0013_chosen_timings")]

    operations = [
        migrations.AddField(
            "organisation",
            "outcome_weeks",
            models.PositiveSmallIntegerField(
                default=4, db_default=4, validators=[MinValueValidator(1), MaxValueValidator(52)]
            ),
        ),
    ]
