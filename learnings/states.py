"""The states, moves and verdicts of learnings."""

from django.db.models import TextChoices


class LearningState(TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    DISCARDED = "discarded", "Discarded"


class LearningVerdict(TextChoices):
    WORKED = "worked", "Worked"
    DID_NOT = "did_not", "Did not work"
    WATCH = "watch", "Watch"


MOVES = {
    (LearningState.DRAFT, LearningState.PUBLISHED): "learnings.learning_published",
    (LearningState.DRAFT, LearningState.DISCARDED): "learnings.learning_discarded",
    (LearningState.DISCARDED, LearningState.DRAFT): "learnings.learning_restored",
    (LearningState.PUBLISHED, LearningState.DRAFT): "learnings.learning_withdrawn",
}
