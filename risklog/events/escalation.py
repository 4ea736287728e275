"""The events of escalations. Lists of ids are user ids, except `webhooks`."""

from history.declarations import EventType, Mail, Payload
from history.recipients import listed_in_payload
from history.states import InDoubt, NewsGroup
from risklog import mail
from risklog.recipients import (
    escalated_to,
    other_administrators,
    team_of_escalation,
    unnamed_raisers,
    who_escalated,
)


class EscalationStarted(Payload, verb="risklog.escalation_started"):
    why: str
    severity: str


class EscalationAnnotated(Payload, verb="risklog.escalation_annotated"):
    why: str


class Telling(Payload):
    """told: who was notified. by_mail: also by email. webhooks: ids of the webhooks that are told."""

    told: list[int]
    by_mail: bool = True
    webhooks: list[int] | None = None


class Climbing(Telling):
    """stand_ins: user id as text -> id of the absent one. skipped: why, as text."""

    rung: int
    stand_ins: dict[str, int] | None = None
    skipped: str = ""


class EscalationClimbed(Climbing, verb="risklog.escalation_climbed"):
    pass


class EscalationStays(Climbing, verb="risklog.escalation_stays"):
    pass


class EscalationWaits(Payload, verb="risklog.escalation_waits"):
    until: str


class OnRung(Telling):
    rung: int


class EscalationLapsed(OnRung, verb="risklog.escalation_lapsed"):
    pass


class EscalationResumed(OnRung, verb="risklog.escalation_resumed"):
    pass


class EscalationSteppedDown(OnRung, verb="risklog.escalation_stepped_down"):
    reason: str


class EscalationCalledAgain(OnRung, verb="risklog.escalation_called_again"):
    note: str


class EscalationHandedOver(Payload, verb="risklog.escalation_handed_over"):
    to: int
    told: list[int]
    note: str
    until: str


class EscalationAcknowledged(Payload, verb="risklog.escalation_acknowledged"):
    note: str
    until: str


class EscalationPaused(Payload, verb="risklog.escalation_paused"):
    reason: str
    until: str


class EscalationResolved(Payload, verb="risklog.escalation_resolved"):
    reason: str


class RevealAsked(Payload, verb="risklog.reveal_asked"):
    """One administrator asks to reveal who escalated it anonymously. No event of a reveal has the name."""

    reason: str
    until: str


class RevealDeclined(Payload, verb="risklog.reveal_declined"):
    reason: str
    told: list[int]


class RevealLapsed(Payload, verb="risklog.reveal_lapsed"):
    told: list[int]


class EscalationRevealed(Payload, verb="risklog.escalation_revealed"):
    reason: str
    told: list[int]


_ASKED_REVEAL = listed_in_payload("told", reason="You asked to reveal who escalated it")
_ESCALATED = listed_in_payload("told", reason="Escalated to you")
# A mail that may not have arrived is sent again.
_ESCALATION = Mail(
    "escalation",
    mail.escalation_context,
    mail.escalation_waits_for,
    InDoubt.RESEND,
    is_wanted=mail.escalation_is_mailed,
)

# What the people of a rung do about it.
_ANSWERS = tuple(
    f"risklog.escalation_{step}"
    for step in ("acknowledged", "handed_over", "paused", "stepped_down", "resolved")
)


def _escalates(payload: type[Payload], recipients: tuple = (_ESCALATED,)) -> EventType:
    """Return an event whose mail is sent at once, also to its actor. Users cannot turn it off, a rung can."""
    return EventType(
        payload,
        recipients,
        _ESCALATION,
        is_urgent=True,
        is_actor_notified=True,
        group=NewsGroup.ESCALATIONS,
        cannot_be_silenced=True,
        answered_by=_ANSWERS,
    )


ESCALATION_EVENTS = (
    EventType(EscalationStarted, (team_of_escalation,), group=NewsGroup.ESCALATIONS),
    _escalates(EscalationClimbed),
    _escalates(EscalationLapsed),
    _escalates(EscalationResumed),
    _escalates(EscalationSteppedDown),
    _escalates(EscalationCalledAgain),
    _escalates(EscalationHandedOver, (listed_in_payload("told", reason="Handed over to you"),)),
    EventType(EscalationAnnotated, (escalated_to,), group=NewsGroup.ESCALATIONS),
    EventType(EscalationAcknowledged, (escalated_to, who_escalated), group=NewsGroup.ESCALATIONS),
    EventType(EscalationPaused, (escalated_to, who_escalated), group=NewsGroup.ESCALATIONS),
    EventType(EscalationStays, (escalated_to,), is_urgent=True, group=NewsGroup.ESCALATIONS),
    EventType(EscalationWaits, is_minor=True),
    EventType("risklog.escalation_replanned", is_minor=True),
    EventType(EscalationResolved, (escalated_to, who_escalated), group=NewsGroup.ESCALATIONS),
    # No mail: its delivery log would name the person who escalated.
    EventType(
        RevealAsked,
        (other_administrators,),
        is_urgent=True,
        is_chained=True,
        group=NewsGroup.ESCALATIONS,
        answered_by=("risklog.escalation_revealed", "risklog.reveal_declined"),
    ),
    EventType(RevealDeclined, (_ASKED_REVEAL,), is_chained=True, group=NewsGroup.ESCALATIONS),
    EventType(RevealLapsed, (_ASKED_REVEAL,), is_chained=True, group=NewsGroup.ESCALATIONS),
    EventType(
        EscalationRevealed, (_ASKED_REVEAL, unnamed_raisers), is_chained=True, group=NewsGroup.ESCALATIONS
    ),
)
