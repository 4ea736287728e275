"""The events of this room. Lists of ids are user ids."""

from history.declarations import EventType, Payload
from history.recipients import listed_in_payload
from history.states import NewsGroup


class DecisionRightAssigned(Payload, verb="catalogue.decision_right_assigned"):
    told: list[int]  # the person who holds it


class DecisionRightChanged(Payload, verb="catalogue.decision_right_changed"):
    """told: the person who holds it now, if that is another one. former: who held it until then."""

    told: list[int]
    former: list[int]


class DecisionRightWithdrawn(Payload, verb="catalogue.decision_right_withdrawn"):
    why: str
    former: list[int]


_HOLDER = listed_in_payload("told", reason="You hold this decision right")
_FORMER = listed_in_payload("former", reason="You no longer hold this decision right")

EVENTS = (
    EventType("catalogue.model_registered"),
    EventType("catalogue.model_changed"),
    EventType("catalogue.model_stage_moved"),
    EventType(DecisionRightAssigned, (_HOLDER,), is_chained=True, group=NewsGroup.RIGHTS),
    EventType(DecisionRightChanged, (_HOLDER, _FORMER), is_chained=True, group=NewsGroup.RIGHTS),
    EventType(DecisionRightWithdrawn, (_FORMER,), is_chained=True, group=NewsGroup.RIGHTS),
)
