"""The events of experiments. Lists of ids are user ids, except `teams`."""

from history.declarations import EventType, Payload
from history.recipients import listed_in_payload
from history.states import NewsGroup
from risklog.recipients import challenger, experiment_owners, experiment_people


class ExperimentProposed(Payload, verb="risklog.experiment_proposed"):
    told: list[int]


class ExperimentChanged(Payload, verb="risklog.experiment_changed"):
    told: list[int] | None = None  # the new owners


class ExperimentPlanChanged(Payload, verb="risklog.experiment_plan_changed"):
    number: int
    reason: str


class ExperimentFinished(Payload, verb="risklog.experiment_finished"):
    """label: the label of the outcome at that time."""

    outcome: str
    label: str


class ExperimentCancelled(Payload, verb="risklog.experiment_cancelled"):
    reason: str


class ExperimentEnds(Payload, verb="risklog.experiment_ends"):
    told: list[int]
    ends_on: str


class ExperimentOverdue(Payload, verb="risklog.experiment_overdue"):
    told: list[int]
    ends_on: str


class ExperimentRunLinked(Payload, verb="risklog.experiment_run_linked"):
    run: int  # the subject of the run
    arm: str


class ExperimentRunUnlinked(Payload, verb="risklog.experiment_run_unlinked"):
    run: int


class ExperimentChallenged(Payload, verb="risklog.experiment_challenged"):
    """label: of the kind at that time. is_reproduced: of a reproduction."""

    label: str
    text: str
    is_reproduced: bool | None = None


class ChallengeAnswered(Payload, verb="risklog.challenge_answered"):
    challenge: int  # the id of its row
    text: str


class ExperimentRestricted(Payload, verb="risklog.experiment_restricted"):
    teams: list[int]  # the ids of their subjects


class ExperimentOpenedToAll(Payload, verb="risklog.experiment_opened_to_all"):
    pass


_OWNERS = listed_in_payload("told", reason="You own this experiment")

_ENDS = ("risklog.experiment_finished", "risklog.experiment_cancelled")

EXPERIMENT_EVENTS = (
    EventType(ExperimentProposed, (_OWNERS,), group=NewsGroup.RISKS),
    EventType(ExperimentChanged, (_OWNERS,), group=NewsGroup.RISKS),
    EventType("risklog.experiment_started", (experiment_people,), group=NewsGroup.RISKS),
    EventType(ExperimentPlanChanged, (experiment_people,), group=NewsGroup.RISKS),
    EventType(ExperimentFinished, (experiment_people,), group=NewsGroup.RISKS),
    EventType(ExperimentCancelled, (experiment_people,), group=NewsGroup.RISKS),
    EventType(
        ExperimentEnds,
        (listed_in_payload("told", reason="The result of your experiment is expected today"),),
        group=NewsGroup.RISKS,
        answered_by=_ENDS,
    ),
    EventType(
        ExperimentOverdue,
        (listed_in_payload("told", reason="Your experiment is overdue"),),
        is_urgent=True,
        group=NewsGroup.RISKS,
        answered_by=_ENDS,
    ),
    EventType(ExperimentRunLinked, is_minor=True),
    EventType(ExperimentRunUnlinked, is_minor=True),
    EventType(ExperimentChallenged, (experiment_owners,), group=NewsGroup.RISKS),
    EventType(ChallengeAnswered, (challenger,), group=NewsGroup.RISKS),
    EventType(ExperimentRestricted, is_chained=True),
    EventType(ExperimentOpenedToAll, is_chained=True),
)
