"""The events of reviews. Lists of ids are user ids."""

from typing import Any

from history.declarations import EventType, Mail, Payload, Recipients, rename
from history.recipients import listed_in_payload
from history.states import InDoubt, NewsGroup
from risklog import mail
from risklog.recipients import asked_to_review, reviewers


class ReviewOpened(Payload, verb="risklog.review_opened"):
    why: str
    asked: list[int]
    severity: str


class ReviewAsked(Payload, verb="risklog.review_asked"):
    asked: list[int]


class ReviewReassigned(Payload, verb="risklog.review_reassigned"):
    """Another person is asked. replaced: who is not asked any more. note: of the person who handed over."""

    asked: list[int]
    replaced: list[int]
    note: str = ""


class ReviewTriggered(Payload):
    """A further trigger. waiting: the reviewers who have not answered."""

    why: str
    waiting: list[int] | None = None


class ReviewAnnotated(ReviewTriggered, verb="risklog.review_annotated"):
    pass


class ReviewPressed(ReviewTriggered, verb="risklog.review_pressed"):
    pass


class ReviewReminded(Payload, verb="risklog.review_reminded"):
    told: list[int]
    due_at: str


class ReviewUnanswered(Payload, verb="risklog.review_unanswered"):
    waiting: list[int]


class ReviewAnswered(Payload, verb="risklog.review_answered", upcasters=(rename("words", to="label"),)):
    """label: the label of the verdict at that time. is_complete: no answer is missing any more."""

    verdict: str
    label: str
    note: str
    is_complete: bool


class ReviewSettled(Payload, verb="risklog.review_settled", upcasters=(rename("words", to="label"),)):
    outcome: str
    label: str
    reason: str


class ReviewWithdrawn(Payload, verb="risklog.review_withdrawn"):
    reason: str


class ReviewReopened(Payload, verb="risklog.review_reopened"):
    reason: str


# A mail that may not have arrived is sent again. A reminder is not, because an escalation follows it.
_REQUEST = Mail("review", mail.review_context, mail.review_is_unanswered, InDoubt.RESEND)
_REMINDER = Mail("review", mail.review_context, mail.review_is_unanswered)

_ANSWERS = (
    "risklog.review_answered",
    "risklog.review_given_back",
    "risklog.review_settled",
    "risklog.review_withdrawn",
)


def _asks(payload: type[Payload], recipients: Recipients, mail: Mail | None, **more: Any) -> EventType:
    """Return an event that asks for the answer of its recipients."""
    return EventType(payload, (recipients,), mail, group=NewsGroup.REVIEWS, answered_by=_ANSWERS, **more)


REVIEW_EVENTS = (
    _asks(ReviewOpened, asked_to_review, _REQUEST),
    _asks(ReviewAsked, asked_to_review, _REQUEST),
    _asks(ReviewReassigned, asked_to_review, _REQUEST),
    EventType(ReviewAnnotated),
    _asks(
        ReviewPressed,
        listed_in_payload("waiting", reason="The review became critical: your answer is due sooner"),
        _REQUEST,
    ),
    _asks(ReviewReminded, listed_in_payload("told", reason="Your answer is due soon"), _REMINDER),
    _asks(
        ReviewUnanswered,
        listed_in_payload("waiting", reason="Your answer is overdue"),
        None,
        is_urgent=True,
    ),
    EventType("risklog.review_replanned", is_minor=True),
    EventType(ReviewAnswered),
    EventType("risklog.review_claimed"),
    EventType("risklog.review_given_back", is_minor=True),
    EventType(ReviewSettled, (reviewers,), group=NewsGroup.REVIEWS),
    EventType(ReviewWithdrawn, (reviewers,), group=NewsGroup.REVIEWS),
    EventType(ReviewReopened, (reviewers,), group=NewsGroup.REVIEWS),
)
