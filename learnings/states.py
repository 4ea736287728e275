"""The steps of a learning."""

from django.db.models import TextChoices


class State(TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    DISCARDED = "discarded", "Discarded"


class Verdict(TextChoices):
    WORKED = "worked", "Worked"
    DID_NOT = "did_not", "Did not work"
    WATCH = "watch", "Watch"


MOVES = {
    (State.DRAFT, State.PUBLISHED): "learnings.learning_published",
    (State.DRAFT, State.DISCARDED): "learnings.learning_discarded",
    (State.DISCARDED, State.DRAFT): "learnings.learning_restored",
    (State.PUBLISHED, State.DRAFT): "learnings.learning_withdrawn",
}
