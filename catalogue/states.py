"""The stages and tiers of models, and the kinds of decision rights."""

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
