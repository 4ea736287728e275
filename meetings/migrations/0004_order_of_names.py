"""The index of the order of names, in place of one by code points, built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

from lists.collation import Collated


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("meetings", "0003_plain_labels")]

    operations = [
        AddIndexConcurrently(
            "meetingseries", models.Index(Collated("name"), "name", "id", name="meetings_series_by_name")
        ),
        RemoveIndexConcurrently("meetingseries", "meetings_series_name"),
    ]
