"""The payloads of the events of escalations."""

from history.declarations import Payload


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
