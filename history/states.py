"""The states of claimed work (handovers, due dates, messages), and why a grant of sight is given."""

from django.db.models import TextChoices


class Work(TextChoices):
    PENDING = "pending", "Waiting"
    CLAIMED = "claimed", "In progress"
    DONE = "done", "Done"
    DEAD = "dead", "Given up"


class InDoubt(TextChoices):
    """What to do with a mail if the connection broke after the data and it is unknown whether it was sent."""

    RESEND = "resend", "Send again"
    PARK = "park", "Hold for an administrator"


MAX_TRIES = 5


class GrantReason(TextChoices):
    """Why a person may see an object that is restricted to teams they are not in."""

    OWNER = "owner", "owns it"
    RAISER = "raiser", "raised it"
    AUTHOR = "author", "wrote it"
    RECORDER = "recorder", "recorded it"
    ASKED = "asked", "was asked to review it"
    STAND_IN = "stand_in", "stands in for somebody who is away"
    CALLED = "called", "was notified by the escalation ladder"
    HOLDER = "holder", "acknowledged the escalation"
    EARLIER = "earlier", "could see it before grants were recorded"


class Reach(TextChoices):
    """What a grant covers: the one object, or a root with everything below it."""

    OBJECT = "object", "this object"
    ROOT = "root", "the whole root"
