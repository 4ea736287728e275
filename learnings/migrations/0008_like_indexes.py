"""The indexes for learnings that are like a risk, built while others write.

Earlier learnings have no model and no category until somebody edits them. Their tags name the model.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from history.search import PlainWords


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("learnings", "0007_what_it_applies_to")]

    operations = [
        AddIndexConcurrently(
            "learning", models.Index(fields=["model", "-published_at"], name="learnings_of_model")
        ),
        AddIndexConcurrently(
            "learning", models.Index(fields=["category", "-published_at"], name="learnings_of_category")
        ),
        AddIndexConcurrently("learning", GinIndex(fields=["tags"], name="learnings_tags")),
        AddIndexConcurrently(
            "learning",
            GinIndex(PlainWords("seen"), name="learnings_words"),
        ),
        AddIndexConcurrently("learning", GinIndex(PlainWords("title"), name="learnings_title_words")),
    ]
