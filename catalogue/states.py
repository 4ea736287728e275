"""The stages and tiers of models, decision rights, and the states of change requests and deployments."""

from django.db.models import IntegerChoices, TextChoices


class Stage(TextChoices):
    PROPOSED = "proposed", "Proposed"
    DEVELOPMENT = "development", "In development"
    PRODUCTION = "production", "In production"
    RETIRED = "retired", "Retired"


class Tier(IntegerChoices):
    """The impact of a model, from its exposure and purpose. Tier 1 has the highest impact."""

    ONE = 1, "Tier 1"
    TWO = 2, "Tier 2"
    THREE = 3, "Tier 3"
    FOUR = 4, "Tier 4"


class AffectedPeople(IntegerChoices):
    """Who is affected by the output of a model."""

    NOBODY = 1, "Nobody outside the team"
    STAFF = 2, "Our own staff"
    CUSTOMERS = 3, "Some customers or partners"
    PUBLIC = 4, "Most customers, or the public"


class Harm(IntegerChoices):
    """The worst plausible harm of a wrong output."""

    ANNOYANCE = 1, "An annoyance that is easy to correct"
    MONEY = 2, "A loss that is made good"
    LOSS = 3, "A serious loss, or an unfair refusal"
    LIVELIHOOD = 4, "Health, livelihood or rights of people"


class Use(IntegerChoices):
    """What the output of a model is used for."""

    INSIGHT = 1, "Insight only; nothing follows directly"
    ADVICE = 2, "Advice that a person weighs"
    CHECKED = 3, "Decisions that a person can stop"
    ALONE = 4, "Decisions without a person"


class DataClass(TextChoices):
    """How confidential the data of a model is."""

    PUBLIC = "public", "Public"
    INTERNAL = "internal", "Internal"
    CONFIDENTIAL = "confidential", "Confidential"
    SECRET = "secret", "Strictly confidential"


class PrivacyConstraint(TextChoices):
    """What the personal data of a model demands. RESTRICTED acts by itself, the others are shown."""

    RESTRICTED = "restricted", "Risks and open work about it are restricted to the owner team"
    NO_RECORDS = "no_records", "No records of single people in evidence, files or comments"
    NO_EXPORT = "no_export", "No exports outside the organisation"
    ERASE = "erase", "Evidence is erased when its purpose ends"


class Regulation(TextChoices):
    """The class of a model under the law on AI that applies to it."""

    UNKNOWN = "unknown", "Not assessed"
    MINIMAL = "minimal", "Minimal risk"
    LIMITED = "limited", "Limited risk (transparency)"
    HIGH = "high", "High risk"
    PROHIBITED = "prohibited", "Prohibited"


class VersionStage(TextChoices):
    """How far one version of a model has come."""

    CANDIDATE = "candidate", "Candidate"
    STAGING = "staging", "Staging"
    PRODUCTION = "production", "In production"
    ARCHIVED = "archived", "Archived"


# How many days a reproduction of a workflow counts, and by how many percent a metric may differ.
REPRODUCE_DAYS = 180
TOLERANCE = 1.0


class RunState(TextChoices):
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"


RUN_MOVES = {
    (RunState.RUNNING, RunState.SUCCEEDED): "catalogue.run_succeeded",
    (RunState.RUNNING, RunState.FAILED): "catalogue.run_failed",
}


class Freshness(TextChoices):
    """How long ago somebody made a workflow again, with the same results."""

    FRESH = "fresh", "Reproduced"
    FADING = "fading", "Fading"
    FADED = "faded", "To be reproduced again"
    NEVER = "never", "Never reproduced"


class Likeness(TextChoices):
    """How a value of two runs compares."""

    SAME = "same", "Same"
    DIFFERENT = "different", "Different"
    ONLY_LEFT = "only_left", "Only on the left"
    ONLY_RIGHT = "only_right", "Only on the right"


class ValidationState(TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    WITHDRAWN = "withdrawn", "Withdrawn"


class ValidationResult(TextChoices):
    APPROVED = "approved", "Approved"
    CONDITIONAL = "conditional", "Approved with conditions"
    REJECTED = "rejected", "Rejected"


class CheckAnswer(TextChoices):
    """The answer to a question of a checklist."""

    YES = "yes", "Yes"
    NO = "no", "No"
    NONE = "n/a", "Not applicable"


class RightKind(TextChoices):
    """What somebody may decide about a model."""

    DATA_QUALITY = "data_quality", "Decides on data quality"
    MODEL_CHANGE = "model_change", "Approves model changes"
    DEPLOYMENT = "deployment", "Signs off deployment windows"


class Holder(TextChoices):
    """Who holds a decision right."""

    PERSON = "person", "A person"
    FUNCTION = "function", "Everyone of a function"
    TEAM_LEAD = "team_lead", "The lead of the owner team"


class RightScope(TextChoices):
    """What a decision right applies to. The first one that has a right decides."""

    MODEL = "model", "Model"
    TEAM = "team", "Team"
    ORGANISATION = "organisation", "Organisation"


class ChangeKind(TextChoices):
    """What a change request is about. The decision right of the same name signs it."""

    MODEL_CHANGE = "model_change", "Model change"
    DEPLOYMENT = "deployment", "Deployment window"


class ChangeRoute(TextChoices):
    """How a change request is decided."""

    FAST = "fast", "Fast lane"
    FULL = "full", "Full review"
    EMERGENCY = "emergency", "Emergency"


class ChangeState(TextChoices):
    OPEN = "open", "Waiting for sign-off"
    SIGNED = "signed", "Signed off"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


class EffectResult(TextChoices):
    """Whether a change had the effect that was expected of it."""

    AS_EXPECTED = "as_expected", "As expected"
    PARTLY = "partly", "Partly"
    NOT = "not", "Not as expected"


class DeploymentState(TextChoices):
    """The result of a deployment."""

    DEPLOYED = "deployed", "Outcome open"
    KEPT = "kept", "Kept"
    ROLLED_BACK = "rolled_back", "Rolled back"


DEPLOYMENT_MOVES = {
    (DeploymentState.DEPLOYED, DeploymentState.KEPT): "catalogue.deployment_kept",
    (DeploymentState.DEPLOYED, DeploymentState.ROLLED_BACK): "catalogue.deployment_rolled_back",
    (DeploymentState.KEPT, DeploymentState.ROLLED_BACK): "catalogue.deployment_rolled_back",
}

VALIDATION_MOVES = {
    (ValidationState.OPEN, ValidationState.DONE): "catalogue.validation_done",
    (ValidationState.OPEN, ValidationState.WITHDRAWN): "catalogue.validation_withdrawn",
}
CHANGE_MOVES = {
    (ChangeState.OPEN, ChangeState.SIGNED): "catalogue.change_request_signed",
    (ChangeState.OPEN, ChangeState.DECLINED): "catalogue.change_request_declined",
    (ChangeState.OPEN, ChangeState.WITHDRAWN): "catalogue.change_request_withdrawn",
}
# Models of these tiers, and those without a tier, need a full review. The others have the fast lane.
FULL_REVIEW_TIERS = frozenset({Tier.ONE, Tier.TWO, None})
# A new version in production of a model of these tiers, and a higher tier, ask for a validation.
VALIDATED_TIERS = frozenset({Tier.ONE, Tier.TWO})
