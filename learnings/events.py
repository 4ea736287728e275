"""The events of this room."""

from history.declarations import EventType, Payload
from history.states import NewsGroup
from learnings.recipients import author_of_chosen, author_of_used, reviewers_of_source, thanked


class LearningDrafted(Payload, verb="learnings.learning_drafted"):
    review: str | None = None  # the reference of the review it was drafted from


class LearningDiscarded(Payload, verb="learnings.learning_discarded"):
    reason: str | None = None


class RecognitionWithdrawn(Payload, verb="learnings.recognition_withdrawn"):
    reason: str | None = None


EVENTS = (
    # the reviewers are notified of a draft without an author; the digest lists published learnings
    EventType(LearningDrafted, (reviewers_of_source,), group=NewsGroup.LEARNINGS),
    EventType("learnings.learning_taken", is_minor=True),
    EventType("learnings.learning_changed", is_minor=True),
    EventType("learnings.learning_judged"),
    EventType("learnings.learning_published"),
    EventType("learnings.learning_withdrawn"),
    EventType(LearningDiscarded),
    EventType("learnings.learning_restored"),
    EventType("learnings.learning_used", (author_of_used,), group=NewsGroup.LEARNINGS),
    EventType("learnings.use_withdrawn", is_minor=True),
    EventType("learnings.learning_chosen", (author_of_chosen,), group=NewsGroup.LEARNINGS),
    EventType("learnings.choice_replaced", is_minor=True),
    *(
        EventType(f"learnings.feed_address_{what}", is_chained=True, is_private=True, is_public=False)
        for what in ("added", "renewed", "ended")
    ),
    EventType("learnings.learning_restricted", is_minor=True),  # no longer written; old ones are read
    EventType("learnings.recognition_given", (thanked,), group=NewsGroup.LEARNINGS),
    EventType("learnings.recognition_changed", is_minor=True),
    EventType(RecognitionWithdrawn),
)
