"""Write validations: open, change, add findings, conclude, withdraw, and plan the next one of a model."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from catalogue import events
from catalogue.checklists import checklist_for
from catalogue.models import Model, Validation, ValidationFinding, Version
from catalogue.operations.model_details import lines
from catalogue.states import (
    VALIDATED_TIERS,
    CheckAnswer,
    ValidationResult,
    ValidationState,
    VersionStage,
)
from history import operations as history
from history.models import Event, Subject
from history.operations import Placement
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused
from people import queries as people
from people.models import User

CHANGEABLE = (
    "of_version",
    "validated_by",
    "scope",
    "trigger",
    "due_on",
    "documents_asked",
    "documents_received",
    "checklist",
    "conclusion",
)
# A trigger gives people this many days for the validation.
DAYS_AFTER_TRIGGER = 30
_MAX_TRIGGER = 500


@transaction.atomic
def open(
    model: Model,
    *,
    validated_by: User,
    by: Actor,
    at: datetime,
    cause: Event | None = None,
    **values: Any,
) -> Validation:
    """Open a validation with the checklist of the model's tier. values: of CHANGEABLE.

    Raises Refused with the name of the field, also if the developer would validate the model.
    """
    validation = Validation(model=model, opened_at=at)
    own = {"trigger": model.validate_why, "due_on": model.validate_on, "checklist": checklist_for(model.tier)}
    checked = _checked(validation, {**own, **values, "validated_by": validated_by})
    for field, value in checked.items():
        setattr(validation, field, value)
    payload = events.ValidationOpened(told=[validated_by.pk])
    placed = Placement(parent=model.subject_id)
    history.record(validation, payload, by=by, at=at, cause=cause, placed=placed)
    return validation


@transaction.atomic
def change(
    validation: Validation, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Validation:
    """Change fields of CHANGEABLE while it is open. Raises Refused, IllegalMove, ChangedMeanwhile."""
    _require_open(validation)
    checked = _checked(validation, values)
    history.change(validation, checked, by=by, at=at, seen=seen)
    if "of_version" in checked:
        history.retitle(validation)
    return validation


@transaction.atomic
def add_finding(
    validation: Validation, *, about: Subject, by: Actor, at: datetime, seen: int | None = None
) -> ValidationFinding:
    """Record a risk as a finding. Raises Refused(field="about"), ChangedMeanwhile."""
    if about.kind != "risk":
        raise Refused("Use the reference of a risk, such as R-12.", field="about")
    if ValidationFinding.objects.filter(validation=validation, about=about).exists():
        raise Refused(f"{about.reference} is a finding of this validation already.", field="about")
    finding = ValidationFinding(validation=validation, about=about)
    history.change(
        validation,
        {},
        by=by,
        at=at,
        seen=seen,
        rows=[finding],
        raises_version=True,
        verb="catalogue.validation_finding_added",
    )
    return finding


@transaction.atomic
def conclude(
    validation: Validation,
    *,
    result: str,
    by: Actor,
    at: datetime,
    conclusion: str = "",
    next_on: date | None = None,
    next_why: str = "",
    seen: int | None = None,
) -> Validation:
    """Record the result, and when and why the model is validated next, if that is known.

    Every question of the checklist needs an answer first. A result other than approved needs a conclusion.
    Without a next one the plan is cleared, unless another version in production waits for its validation.
    Raises Refused, IllegalMove, ChangedMeanwhile.
    """
    _require_open(validation)
    if result not in ValidationResult.values:
        raise Refused(f"Use one of {', '.join(ValidationResult.values)}.", field="result")
    unanswered = [row["question"] for row in validation.checklist if not row["answer"]]
    if unanswered:
        text = f"{len(unanswered)} questions of the checklist have no answer, the first one: {unanswered[0]}"
        raise Refused(text, field="checklist")
    text = conclusion.strip() or validation.conclusion
    if result != ValidationResult.APPROVED and not text:
        raise Refused("Enter the conditions, or why it is rejected.", field="conclusion")
    _check_plan(next_on, next_why)
    values = {"result": result, "conclusion": text, "settled_at": at}
    history.move(validation, ValidationState.DONE, by=by, at=at, seen=seen, values=values)
    if next_on or next_why.strip() or not _another_waits(validation):
        plan_next(validation.model, on=next_on, why=next_why, by=by, at=at)
    return validation


@transaction.atomic
def withdraw(
    validation: Validation, *, reason: str, by: Actor, at: datetime, seen: int | None = None
) -> Validation:
    """Withdraw an open validation, with the reason. Raises Refused, IllegalMove, ChangedMeanwhile."""
    if not reason.strip():
        raise Refused("Enter the reason.", field="reason")
    values = {"conclusion": reason.strip(), "settled_at": at}
    history.move(validation, ValidationState.WITHDRAWN, by=by, at=at, seen=seen, values=values)
    return validation


@transaction.atomic
def plan_next(
    model: Model, *, on: date | None, why: str, by: Actor, at: datetime, seen: int | None = None
) -> Model:
    """Set when and by what trigger a model is validated next, None for neither. Raises Refused."""
    _check_plan(on, why)
    values = {"validate_on": on, "validate_why": why.strip()[:_MAX_TRIGGER]}
    history.change(model, values, by=by, at=at, seen=seen, verb="catalogue.validation_planned")
    return model


def trigger(model: Model, *, why: str, by: Actor, at: datetime, cause: Event | None = None) -> None:
    """Ask for a validation of a model within DAYS_AFTER_TRIGGER days, unless one is due earlier.

    The days are those of the organisation.
    """
    today = at.astimezone(people.zone_of(None)).date()
    on = today + timedelta(days=DAYS_AFTER_TRIGGER)
    if model.validate_on and model.validate_on <= on:
        return
    values = {"validate_on": on, "validate_why": why[:_MAX_TRIGGER]}
    history.change(model, values, by=by, at=at, verb="catalogue.validation_planned", cause=cause)


def _another_waits(validation: Validation) -> bool:
    """Return True if the validated version is not in production and one in production is not validated."""
    version, model = validation.of_version, validation.model
    if version is None or version.stage == VersionStage.PRODUCTION or model.tier not in VALIDATED_TIERS:
        return False
    validated = Validation.objects.filter(of_version=OuterRef("pk"), state=ValidationState.DONE)
    in_production = Version.objects.filter(model=model, stage=VersionStage.PRODUCTION)
    return in_production.exclude(Exists(validated)).exists()


def _check_plan(on: date | None, why: str) -> None:
    if on and not why.strip():
        raise Refused("Enter what triggers the next validation.", field="next_why")


def _require_open(validation: Validation) -> None:
    if not validation.is_open:
        raise IllegalMove("This validation is settled. Open a new one.", field="state")


def _checked(validation: Validation, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values, cleaned. Raises Refused with the name of the field."""
    for field in values:
        if field not in CHANGEABLE:
            raise Refused("This cannot be changed here.", field=field)
    checked: dict[str, Any] = {
        field: value.strip() if isinstance(value, str) else value for field, value in values.items()
    }
    person = checked.get("validated_by")
    if person is not None and person.pk == validation.model.developer_id:
        raise Refused("The developer cannot validate the model. Choose somebody else.", field="validated_by")
    version: Version | None = checked.get("of_version")
    if version is not None and version.model_id != validation.model_id:
        raise Refused("Choose a version of this model.", field="of_version")
    for field in {"documents_asked", "documents_received"} & checked.keys():
        checked[field] = lines(checked[field], field, 100, 200)
    if "checklist" in checked:
        checked["checklist"] = _checklist(checked["checklist"])
    return checked


def _checklist(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    if len(rows) > 100:
        raise Refused("Use at most 100 questions.", field="checklist")
    checked = []
    for row in rows:
        question, answer, note = (str(row.get(name) or "").strip() for name in ("question", "answer", "note"))
        if not question or len(question) > 500 or len(note) > 2_000:
            text = "Each question needs a text of at most 500 characters, and a note has at most 2,000."
            raise Refused(text, field="checklist")
        if answer and answer not in CheckAnswer.values:
            raise Refused(f"Answer with one of {', '.join(CheckAnswer.values)}.", field="checklist")
        checked.append({"question": question, "answer": answer, "note": note})
    return checked
