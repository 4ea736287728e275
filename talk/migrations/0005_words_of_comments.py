"""The index of the words of comments, for search, built while others write."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations

from history.search import PlainWords


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("talk", "0004_reactions")]

    operations = [
        AddIndexConcurrently("comment", GinIndex(PlainWords("text"), name="talk_comment_words")),
    ]
