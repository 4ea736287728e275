"""What is checked in the inventory, as a table: each check is a condition on models and says how to fix them.

The list of models has the checks as the filter `check`. People are told about them every working day, and the
models come on an agenda (operations/findings.py).
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q

from catalogue.states import Stage
from lists.specification import Reader

_LIVE = ~Q(stage=Stage.RETIRED)


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """A check. sentence: what is wrong. fix: what to do. condition: the models that fail, for a reader.

    is_told: people are told about it, and it comes on an agenda.
    """

    name: str
    label: str
    sentence: str
    fix: str
    condition: Callable[[Reader], Q]
    is_told: bool = False


CHECKS = (
    ModelCheck(
        "unowned",
        "Model without an owner team",
        "The model is not retired and has no owner team, so its reviews cannot be routed.",
        "Set the owner team of the model.",
        lambda reader: _LIVE & Q(owner_team__isnull=True),
        is_told=True,
    ),
    ModelCheck(
        "validation_due",
        "Validation due",
        "The date of the next validation of the model has come.",
        "Validate the model, or plan another date with its reason.",
        lambda reader: _LIVE & Q(validate_on__lte=reader.today),
        is_told=True,
    ),
    ModelCheck(
        "not_rated",
        "Model without a tier",
        "The questions that give the tier of the model are not answered.",
        "Answer the questions of the tier.",
        lambda reader: _LIVE & Q(tier__isnull=True),
    ),
)
CHECK_NAMED = {check.name: check for check in CHECKS}
TOLD_CHECKS = tuple(check for check in CHECKS if check.is_told)
