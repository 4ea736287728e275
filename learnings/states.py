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


class RecognitionKind(TextChoices):
    """The outcome that people are thanked for."""

    DRIFT_REDUCED = "drift_reduced", "Drift reduced"
    QUICKER_RESPONSE = "quicker_response", "Quicker response"
    STEADIER_DEPLOYMENT = "steadier_deployment", "Steadier deployment"
    FOUND_EARLY = "found_early", "Found before the first breach"
    SMALL_ADJUSTMENT = "small_adjustment", "Small documented adjustment"


# What changed a metric, so its figures are asked for.
MEASURED = frozenset(
    {
        RecognitionKind.DRIFT_REDUCED,
        RecognitionKind.QUICKER_RESPONSE,
        RecognitionKind.STEADIER_DEPLOYMENT,
    }
)
# The kinds of objects that a recognition can be about.
OUTCOMES = frozenset(
    {
        "action",
        "breach",
        "change_request",
        "decision",
        "deployment",
        "escalation",
        "experiment",
        "incident",
        "postmortem",
        "review",
        "risk",
    }
)


class RecognitionState(TextChoices):
    GIVEN = "given", "Given"
    WITHDRAWN = "withdrawn", "Withdrawn"


RECOGNITION_MOVES = {
    (RecognitionState.GIVEN, RecognitionState.WITHDRAWN): "learnings.recognition_withdrawn",
}


class SessionState(TextChoices):
    PLANNED = "planned", "Planned"
    HELD = "held", "Held"
    CANCELLED = "cancelled", "Cancelled"


SESSION_MOVES = {
    (SessionState.PLANNED, SessionState.HELD): "learnings.session_held",
    (SessionState.PLANNED, SessionState.CANCELLED): "learnings.session_cancelled",
    (SessionState.CANCELLED, SessionState.PLANNED): "learnings.session_reinstated",
}


class SignUpState(TextChoices):
    GOING = "going", "Going"
    WAITING = "waiting", "On the waiting list"
    WITHDRAWN = "withdrawn", "Withdrawn"


SIGN_UP_MOVES = {
    (SignUpState.WITHDRAWN, SignUpState.GOING): "learnings.signed_up",
    (SignUpState.WITHDRAWN, SignUpState.WAITING): "learnings.signed_up",
    (SignUpState.WAITING, SignUpState.GOING): "learnings.seat_given",
    (SignUpState.GOING, SignUpState.WITHDRAWN): "learnings.sign_up_withdrawn",
    (SignUpState.WAITING, SignUpState.WITHDRAWN): "learnings.sign_up_withdrawn",
}
