"""The risk whose category a learning took. Earlier learnings have none: their category stays as it is."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("history", "0011_waiting_handovers_of_a_handler"),
        ("learnings", "0009_glossary_and_lessons"),
    ]

    operations = [
        migrations.AddField(
            model_name="learning",
            name="category_of",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="history.subject",
            ),
        ),
    ]
