"""The index of the order of names, in place of one by code points, built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

from lists.collation import Collated


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("catalogue", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            "model", models.Index(Collated("name"), "name", "id", name="catalogue_model_by_name")
        ),
        RemoveIndexConcurrently("model", "catalogue_model_name"),
    ]
