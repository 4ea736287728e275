"""The events of this room."""

from history.declarations import EventType, Mail, Payload
from history.states import NewsGroup
from learnings import mail
from learnings.recipients import (
    author,
    author_of_chosen,
    author_of_used,
    former_speaker,
    handlers_of_incident,
    reviewers_of_source,
    signer,
    speaker,
    thanked,
    who_come,
)


class LearningDrafted(Payload, verb="learnings.learning_drafted"):
    review: str | None = None  # the reference of the review it was drafted from


class LearningDiscarded(Payload, verb="learnings.learning_discarded"):
    reason: str | None = None


class LearningRestricted(Payload, verb="learnings.learning_restricted"):
    teams: list[int] | None = None  # subject ids; None in an old event, which followed a risk


class RecognitionWithdrawn(Payload, verb="learnings.recognition_withdrawn"):
    reason: str | None = None


class SessionCancelled(Payload, verb="learnings.session_cancelled"):
    reason: str


class SessionHeld(Payload, verb="learnings.session_held"):
    people: int  # how many were there


class AttendanceNoted(Payload, verb="learnings.attendance_noted"):
    people: int


class SessionRestricted(Payload, verb="learnings.session_restricted"):
    teams: list[int]  # subject ids


class SessionOpenedToAll(Payload, verb="learnings.session_opened_to_all"):
    """Everyone may see it from now on."""


class SignedUp(Payload, verb="learnings.signed_up"):
    person: int
    is_waiting: bool


class SeatGiven(Payload, verb="learnings.seat_given"):
    person: int


class SignUpWithdrawn(Payload, verb="learnings.sign_up_withdrawn"):
    person: int
    had_seat: bool


_SESSION = Mail("learning_session", mail.context, mail.session_is_current, is_alone=True)
_INVITATION = Mail(
    "learning_session", mail.invitation, mail.has_a_seat, is_alone=True, is_wanted=mail.is_about_a_seat
)
_FREED = Mail(
    "learning_session", mail.withdrawal, mail.has_no_seat, is_alone=True, is_wanted=mail.is_about_a_seat
)

EVENTS = (
    # the reviewers are notified of a draft without an author; the digest lists published learnings
    EventType(
        LearningDrafted,
        (reviewers_of_source, handlers_of_incident),
        group=NewsGroup.LEARNINGS,
        answered_by=tuple(f"learnings.learning_{step}" for step in ("taken", "published", "discarded")),
    ),
    EventType("learnings.learning_taken", is_minor=True),
    EventType("learnings.learning_changed", is_minor=True),
    EventType("learnings.category_removed", is_minor=True),
    EventType("learnings.learning_judged"),
    EventType("learnings.learning_published"),
    EventType("learnings.learning_withdrawn", (author,), group=NewsGroup.LEARNINGS),
    EventType(LearningDiscarded, (author,), group=NewsGroup.LEARNINGS),
    EventType("learnings.learning_restored"),
    EventType("learnings.learning_used", (author_of_used,), group=NewsGroup.LEARNINGS),
    EventType("learnings.use_withdrawn", is_minor=True),
    EventType("learnings.learning_chosen", (author_of_chosen,), group=NewsGroup.LEARNINGS),
    EventType("learnings.choice_replaced", is_minor=True),
    *(
        EventType(f"learnings.feed_address_{what}", is_chained=True, is_private=True, is_public=False)
        for what in ("added", "renewed", "ended")
    ),
    EventType(LearningRestricted, is_minor=True),
    EventType("learnings.recognition_given", (thanked,), group=NewsGroup.LEARNINGS),
    EventType("learnings.recognition_changed", is_minor=True),
    EventType(RecognitionWithdrawn),
    # the speaker and who signs up get an invitation, with an update when the session moves
    EventType(
        "learnings.session_planned", (speaker,), _SESSION, is_actor_notified=True, group=NewsGroup.LEARNINGS
    ),
    EventType("learnings.session_changed", is_minor=True),
    EventType(
        "learnings.session_moved",
        (former_speaker, who_come),
        _SESSION,
        is_actor_notified=True,
        group=NewsGroup.LEARNINGS,
    ),
    EventType(SessionCancelled, (who_come,), _SESSION, is_actor_notified=True, group=NewsGroup.LEARNINGS),
    EventType(
        "learnings.session_reinstated",
        (who_come,),
        _SESSION,
        is_actor_notified=True,
        group=NewsGroup.LEARNINGS,
    ),
    EventType(SessionHeld),
    EventType(SessionRestricted, is_minor=True),
    EventType(SessionOpenedToAll, is_minor=True),
    EventType(AttendanceNoted, is_minor=True),
    EventType(
        SignedUp, (signer,), _INVITATION, is_actor_notified=True, is_minor=True, group=NewsGroup.LEARNINGS
    ),
    EventType(SeatGiven, (signer,), _INVITATION, is_actor_notified=True, group=NewsGroup.LEARNINGS),
    EventType(
        SignUpWithdrawn, (signer,), _FREED, is_actor_notified=True, is_minor=True, group=NewsGroup.LEARNINGS
    ),
    EventType("learnings.glossary_word_added", is_minor=True),
    EventType("learnings.glossary_word_changed", is_minor=True),
)
