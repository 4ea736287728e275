from django.db import migrations, models
from django.db.models.functions.datetime import Now


class Migration(migrations.Migration):
    dependencies = [("history", "0006_plain_labels")]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("at", models.DateTimeField(db_default=Now())),
                ("findings", models.JSONField(db_default=[], default=list)),
            ],
        ),
    ]
