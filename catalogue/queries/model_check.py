"""Reading the checks of the inventory: how many models fail each, and whether one still does."""

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import AnonymousUser

from catalogue.models import Model
from catalogue.register_checks import CHECK_NAMED, CHECKS, TOLD_CHECKS, ModelCheck
from history.models import RecordedQuerySet
from lists import counting
from lists.specification import Reader


@dataclass(frozen=True, slots=True)
class ModelCheckResult:
    """A check with the number of models that fail it and that the reader may see, at most counting.CAP."""

    check: ModelCheck
    number: int
    is_capped: bool


def results(reader: Reader) -> list[ModelCheckResult]:
    """Return the results of all checks, in the order of the table. One query."""
    rows = Model.objects.visible_to(reader.user)
    numbers = counting.capped_counts({check.name: rows.filter(check.condition(reader)) for check in CHECKS})
    return [ModelCheckResult(check, *numbers[check.name]) for check in CHECKS]


def failing(name: str, *, day: date, at: datetime) -> RecordedQuerySet[Model]:
    """Return the models that fail a check on a day, none for a check that is gone."""
    check = CHECK_NAMED.get(name)
    if check is None:
        return Model.objects.none()
    return Model.objects.filter(check.condition(Reader(AnonymousUser(), day, at)))


def told_labels() -> dict[str, str]:
    """Return label -> name of the checks that people are told about."""
    return {check.label: check.name for check in TOLD_CHECKS}
