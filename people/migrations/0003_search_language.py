"""The organisation says in which language its people write."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0002_plain_labels")]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="search_language",
            field=models.CharField(db_default="english", default="english", max_length=63),
        ),
    ]
