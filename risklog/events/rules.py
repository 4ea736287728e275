"""The events of what a register works by: categories, templates, ladders, the matrix and the appetite."""

from history.declarations import EventType, Payload


class CategoryRetired(Payload, verb="risklog.category_retired"):
    """into: the name of the category it was merged into. reason: of the merge."""

    into: str | None = None
    reason: str | None = None


class TemplateChanged(Payload, verb="risklog.template_changed"):
    number: int  # the version of its fields


class LadderChanged(Payload, verb="risklog.ladder_changed"):
    number: int


_OF_TEMPLATES = (
    "template_added", "template_retired", "template_restored", "filled_template_added",
    "filled_template_changed",
)  # fmt: skip
_OF_RULES = (
    "ladder_added", "ladder_renamed", "ladder_moved", "ladder_retired", "matrix_added", "matrix_changed",
    "appetite_added", "appetite_changed", "appetite_retired",
)  # fmt: skip

RULE_EVENTS = (
    EventType("risklog.category_added"),
    EventType("risklog.category_changed"),
    EventType(CategoryRetired),
    EventType("risklog.category_restored"),
    EventType(TemplateChanged),
    *(EventType(f"risklog.{verb}") for verb in _OF_TEMPLATES),
    *(EventType(f"risklog.{verb}", is_chained=True) for verb in _OF_RULES),
    EventType(LadderChanged, is_chained=True),
)
