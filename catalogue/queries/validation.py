"""Queries of validations."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Value
from django.db.models.functions import Coalesce, JSONObject

from catalogue.models import Validation, ValidationFinding
from catalogue.states import ValidationResult, ValidationState
from history.models import RecordedQuerySet
from history.queries import show
from kit.sight import Visitor

SHOWN_ON_MODEL = 3


def validations() -> RecordedQuerySet[Validation]:
    """Return all validations with what a row needs. Callers add `.visible_to(user)`."""
    return Validation.objects.select_related(
        "subject", "model__subject", "model__owner_team", "of_version", "validated_by__subject"
    )


def findings_of(user: Visitor, validation: Validation) -> list[ValidationFinding]:
    """Return the findings of a validation, each with `shown_about`, None where it is hidden. Two queries."""
    return list(
        show(user, list(ValidationFinding.objects.filter(validation=validation).order_by("pk")), "about")
    )


@dataclass(frozen=True, slots=True)
class ValidationLine:
    """A validation as the page of its model lists it. result: a ValidationResult, "" while it is open."""

    pk: int
    version: str
    result: str
    label: str
    person: str


def facts(user: Visitor) -> ArraySubquery:
    """Return the newest validations of a row of models, open ones first, for .annotate()."""
    rows = Validation.objects.visible_to(user).filter(model=OuterRef("pk"))
    newest = rows.exclude(state=ValidationState.WITHDRAWN).order_by("-state", "-pk")[:SHOWN_ON_MODEL]
    version, person = Coalesce("of_version__name", Value("")), "validated_by__name"
    return ArraySubquery(
        newest.values(facts=JSONObject(pk="pk", version=version, result="result", person=person))
    )


def lines_of(model: Any) -> list[ValidationLine]:
    """Return the lines of a model that was loaded with its validation_facts. No query."""
    labels = {"": "Open", **dict(ValidationResult.choices)}
    return [ValidationLine(label=str(labels[row["result"]]), **row) for row in model.validation_facts]
