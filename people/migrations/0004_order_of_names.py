"""The index of the order of names, in place of one by code points, built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

from lists.collation import Collated


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("people", "0003_search_language")]

    operations = [
        AddIndexConcurrently(
            "user", models.Index(Collated("name"), "name", "id", name="people_user_by_name")
        ),
        RemoveIndexConcurrently("user", "people_user_name"),
    ]
