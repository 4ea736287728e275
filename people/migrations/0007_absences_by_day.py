"""An index for the list of absences. It is built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("people", "0006_handle")]

    operations = [
        AddIndexConcurrently("absence", models.Index(fields=["from_on", "id"], name="people_absence_by_day")),
    ]
