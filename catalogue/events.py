"""The events of this room. Lists of ids are user ids."""

from catalogue import mail
from catalogue.recipients import (
    developer,
    developer_of_deployed,
    left_waiting,
    opener,
    owner_of_registry,
    owner_of_run,
    owner_of_workflow,
    responsible_for_model,
    signer,
    signers,
    validated_model_people,
    validator,
    who_could_sign,
)
from history.declarations import EventType, Mail, Payload
from history.recipients import listed_in_payload
from history.states import NewsGroup


class AliasAdded(Payload, verb="catalogue.alias_added"):
    name: str


class AliasRemoved(Payload, verb="catalogue.alias_removed"):
    name: str


class ModelNeglected(Payload, verb="catalogue.model_neglected"):
    """check, label: of catalogue.register_checks."""

    check: str
    label: str


class ValidationOpened(Payload, verb="catalogue.validation_opened"):
    told: list[int]  # who validates the model


class DecisionRightAssigned(Payload, verb="catalogue.decision_right_assigned"):
    told: list[int]  # the person who holds it


class DecisionRightChanged(Payload, verb="catalogue.decision_right_changed"):
    """told: the person who holds it now, if that is another one. former: who held it until then."""

    told: list[int]
    former: list[int]


class DecisionRightWithdrawn(Payload, verb="catalogue.decision_right_withdrawn"):
    why: str
    former: list[int]


class WorkflowChanged(Payload, verb="catalogue.workflow_changed"):
    """number: the new version of the recipe, if it changed. reason: why it did."""

    number: int | None = None
    reason: str | None = None


class DeploymentKept(Payload, verb="catalogue.deployment_kept"):
    text: str = ""


class DeploymentRolledBack(Payload, verb="catalogue.deployment_rolled_back"):
    text: str


class RegistryFailed(Payload, verb="catalogue.registry_failed"):
    """A registry could not be read several times in a row. error: of the last time."""

    error: str


class RunNotReproduced(Payload, verb="catalogue.run_not_reproduced"):
    """obstacles: why the run does not reproduce the one that it repeats, as sentences."""

    obstacles: list[str]


class RollbackRehearsed(Payload, verb="catalogue.rollback_rehearsed"):
    on: str  # an ISO date
    text: str = ""


class ChangeRequestSigned(Payload, verb="catalogue.change_request_signed"):
    text: str = ""


class ChangeRequestDeclined(Payload, verb="catalogue.change_request_declined"):
    text: str


class ChangeRequestWithdrawn(Payload, verb="catalogue.change_request_withdrawn"):
    text: str


_TO_SIGN = Mail("change_request", mail.context, mail.is_still_to_sign, goes_to_stand_in=True)
_TO_CHECK = Mail("change_request", mail.context, mail.is_still_to_check, goes_to_stand_in=True)
_HOLDER = listed_in_payload("told", reason="You hold this decision right")
_FORMER = listed_in_payload("former", reason="You no longer hold this decision right")

_VALIDATOR = listed_in_payload("told", reason="You validate this model")
_SIGNED = ("catalogue.change_request_signed", "catalogue.change_request_declined")

EVENTS = (
    EventType("catalogue.model_registered"),
    EventType("catalogue.model_changed"),
    EventType("catalogue.model_stage_moved"),
    EventType(AliasAdded),
    EventType(AliasRemoved),
    # versions
    EventType("catalogue.version_registered"),
    EventType("catalogue.version_changed"),
    # workflows
    EventType("catalogue.workflow_added"),
    EventType(WorkflowChanged),
    EventType("catalogue.workflow_retired"),
    EventType("catalogue.workflow_restored"),
    # deployments
    EventType("catalogue.deployment_recorded"),
    EventType("catalogue.deployment_changed"),
    EventType(DeploymentKept),
    EventType(DeploymentRolledBack, (developer_of_deployed, signer), group=NewsGroup.DECISIONS),
    # registries
    EventType("catalogue.registry_added"),
    EventType("catalogue.registry_changed"),
    EventType(RegistryFailed, (owner_of_registry,), group=NewsGroup.FINDINGS),
    EventType("catalogue.registry_recovered", (owner_of_registry,), group=NewsGroup.FINDINGS),
    EventType("catalogue.workflow_reproduced", (owner_of_workflow,), group=NewsGroup.FINDINGS),
    EventType("catalogue.reproduction_asked", (owner_of_workflow,), group=NewsGroup.FINDINGS),
    # runs
    EventType("catalogue.run_recorded"),
    EventType("catalogue.run_succeeded"),
    EventType("catalogue.run_failed"),
    EventType("catalogue.run_changed"),
    EventType(RunNotReproduced, (owner_of_run,), group=NewsGroup.FINDINGS),
    # rollback procedures
    EventType("catalogue.rollback_added"),
    EventType("catalogue.rollback_changed"),
    EventType(RollbackRehearsed),
    # validations and findings
    EventType(ModelNeglected, (responsible_for_model,), group=NewsGroup.FINDINGS),
    EventType(
        ValidationOpened,
        (_VALIDATOR,),
        group=NewsGroup.DECISIONS,
        answered_by=("catalogue.validation_done", "catalogue.validation_withdrawn"),
    ),
    EventType("catalogue.validation_changed", is_minor=True),
    EventType("catalogue.validation_finding_added"),
    EventType("catalogue.validation_planned"),
    EventType("catalogue.validation_done", (validated_model_people,), group=NewsGroup.DECISIONS),
    EventType("catalogue.validation_withdrawn", (validator,), group=NewsGroup.DECISIONS),
    # decision rights
    EventType(DecisionRightAssigned, (_HOLDER,), is_chained=True, group=NewsGroup.RIGHTS),
    EventType(DecisionRightChanged, (_HOLDER, _FORMER), is_chained=True, group=NewsGroup.RIGHTS),
    EventType(DecisionRightWithdrawn, (_FORMER,), is_chained=True, group=NewsGroup.RIGHTS),
    EventType(
        "catalogue.change_request_opened",
        (signers,),
        _TO_SIGN,
        group=NewsGroup.DECISIONS,
        answered_by=_SIGNED,
    ),
    EventType("catalogue.change_request_changed", is_minor=True),
    EventType(
        "catalogue.change_request_reviewed",
        (signers, opener),
        _TO_SIGN,
        group=NewsGroup.DECISIONS,
        answered_by=_SIGNED,
    ),
    EventType("catalogue.change_review_withdrawn", (left_waiting,), group=NewsGroup.DECISIONS),
    EventType(
        "catalogue.change_request_chased",
        (signers, opener),
        _TO_SIGN,
        is_urgent=True,
        group=NewsGroup.DECISIONS,
        answered_by=_SIGNED,
    ),
    EventType(ChangeRequestSigned, (opener, developer), is_chained=True, group=NewsGroup.DECISIONS),
    EventType(ChangeRequestDeclined, (opener, developer), is_chained=True, group=NewsGroup.DECISIONS),
    EventType(ChangeRequestWithdrawn, (developer, who_could_sign), group=NewsGroup.DECISIONS),
    EventType(
        "catalogue.change_effect_due",
        (opener, developer),
        _TO_CHECK,
        group=NewsGroup.DECISIONS,
        answered_by=("catalogue.change_effect_checked",),
    ),
    EventType("catalogue.change_effect_checked", (opener,), group=NewsGroup.DECISIONS),
)
