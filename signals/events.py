"""The events of this room: sources, series, thresholds, breaches."""

from history.declarations import EventType, Mail, Payload
from history.states import NewsGroup
from signals import mail
from signals.recipients import (
    author_of_mute,
    owner_of_source,
    proposer_of_version,
    team_of_breach,
    team_of_threshold,
    who_may_agree,
    who_signs_retraining,
)


class SourceAdded(Payload, verb="signals.source_added"):
    by_hand: bool | None = None


class RulePayload(Payload):
    """The number, limits and reason of a threshold version."""

    number: int
    direction: str
    warning: float | None = None
    critical: float | None = None
    clear: float | None = None
    kind: str | None = None
    warning_low: float | None = None
    critical_low: float | None = None
    clear_low: float | None = None
    needed: int | None = None
    among: int | None = None
    window_hours: float | None = None
    reopen_hours: float | None = None
    retrains: bool | None = None
    why: str


class ThresholdProposed(RulePayload, verb="signals.threshold_proposed"):
    pass


class ThresholdAgreed(RulePayload, verb="signals.threshold_agreed"):
    replaces: int | None = None


class ThresholdDeclined(RulePayload, verb="signals.threshold_declined"):
    """why: the reason for declining."""


class ThresholdNoisy(Payload, verb="signals.threshold_noisy"):
    """noise: how many of the reviewed breaches of the last days were false alarms."""

    reviewed: int
    noise: int
    days: int


class RetrainingRequested(Payload, verb="signals.retraining_requested"):
    """request: the subject of the change request. is_new: whether this crossing opened it."""

    request: int
    is_new: bool


class RetrainingMissed(Payload, verb="signals.retraining_missed"):
    """request: the subject of the change request that nobody settled for this number of days."""

    request: int
    days: int


class ThresholdMuted(Payload, verb="signals.threshold_muted"):
    starts_at: str
    ends_at: str
    why: str


class ThresholdUnmuted(Payload, verb="signals.threshold_unmuted"):
    """A person ended a mute. open: the number of open crossings."""

    open: int


class MuteEnded(Payload, verb="signals.mute_ended"):
    """A mute ended in time. why: its reason. open: the number of open crossings."""

    why: str
    open: int


class DashboardChanged(Payload, verb="signals.dashboard_changed"):
    """number: of the new version of its panels, None if only its name or another field changed."""

    number: int | None = None


class GroupChange(Payload):
    """The changes of a breach group.

    joined, cleared, reopened, worse: numbers of breaches, None for none. open: number of open breaches now.
    features: of the first 12 breaches that joined. summary: of the first one that joined.
    """

    joined: int | None = None
    cleared: int | None = None
    reopened: int | None = None
    worse: int | None = None
    features: list[str]
    summary: str
    open: int


class BreachGroupOpened(GroupChange, verb="signals.breach_group_opened"):
    pass


class BreachGroupReopened(GroupChange, verb="signals.breach_group_reopened"):
    pass


class BreachGroupUnmuted(GroupChange, verb="signals.breach_group_unmuted"):
    """What muted an open group has ended, or a crossing joined that is not muted."""


class BreachGroupCleared(GroupChange, verb="signals.breach_group_cleared"):
    pass


class BreachJoined(GroupChange, verb="signals.breach_joined"):
    pass


class BreachReopened(GroupChange, verb="signals.breach_reopened"):
    pass


class BreachWorsened(GroupChange, verb="signals.breach_worsened"):
    pass


class BreachCleared(GroupChange, verb="signals.breach_cleared"):
    pass


EVENTS = (
    EventType(SourceAdded),
    EventType("signals.source_changed", is_chained=True),
    EventType("signals.source_silent", (owner_of_source,), group=NewsGroup.SIGNALS),
    EventType("signals.source_heard"),
    EventType("signals.series_added"),
    EventType("signals.series_changed"),
    EventType("signals.series_claimed"),
    # dashboards
    EventType("signals.dashboard_added"),
    EventType(DashboardChanged),
    EventType("signals.dashboard_retired"),
    EventType("signals.dashboard_restored"),
    EventType("signals.snapshot_taken"),
    # thresholds
    EventType("signals.external_rule_noted"),
    EventType(
        ThresholdProposed,
        (who_may_agree,),
        Mail("threshold", mail.context, mail.is_still_proposed),
        group=NewsGroup.DECISIONS,
        answered_by=("signals.threshold_agreed", "signals.threshold_declined"),
    ),
    EventType(
        ThresholdAgreed, (proposer_of_version, team_of_threshold), is_chained=True, group=NewsGroup.SIGNALS
    ),
    EventType(ThresholdDeclined, (proposer_of_version,), is_chained=True, group=NewsGroup.SIGNALS),
    EventType(
        ThresholdNoisy,
        (who_may_agree,),
        group=NewsGroup.DECISIONS,
        answered_by=("signals.threshold_proposed",),
    ),
    EventType(ThresholdMuted, (team_of_threshold,), is_chained=True, group=NewsGroup.SIGNALS),
    EventType(
        ThresholdUnmuted, (author_of_mute, team_of_threshold), is_chained=True, group=NewsGroup.SIGNALS
    ),
    EventType(MuteEnded, (author_of_mute, team_of_threshold), group=NewsGroup.SIGNALS),
    # breaches: reviewers are notified of the review request, the model's team of the breach itself
    EventType(BreachGroupOpened, (team_of_breach,), group=NewsGroup.SIGNALS),
    EventType(BreachGroupReopened, (team_of_breach,), group=NewsGroup.SIGNALS),
    EventType(BreachGroupUnmuted, (team_of_breach,), group=NewsGroup.SIGNALS),
    # retraining triggers: who signs the change request is notified of it by its own events
    EventType(RetrainingRequested),
    EventType(RetrainingMissed, (who_signs_retraining, team_of_breach), group=NewsGroup.DECISIONS),
    EventType(BreachGroupCleared),
    EventType(BreachJoined),
    EventType(BreachReopened),
    EventType(BreachWorsened),
    EventType(BreachCleared),
    EventType("signals.breach_claimed"),
)
