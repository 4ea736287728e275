"""The stages and tiers of models."""

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
