"""The steps of work that is claimed before it is done: handovers, due dates and messages alike."""

from django.db.models import TextChoices


class Work(TextChoices):
    PENDING = "pending", "Waiting"
    CLAIMED = "claimed", "In hand"
    DONE = "done", "Done"
    DEAD = "dead", "Given up"


MAX_TRIES = 5
