"""Write versions of models: register one, change one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from catalogue.models import Model, Validation, Version
from catalogue.operations import validation
from catalogue.recipes import json_object
from catalogue.states import VALIDATED_TIERS, ValidationState, VersionStage
from history import operations as history
from history.operations import Placement
from kit.actor import Actor
from kit.refusals import Refused

# The name never changes, because registries and deployments use it.
CHANGEABLE = ("parent", "stage", "data_set", "code", "configuration", "made_at", "trigger")
_MAX_PARENTS = 10_000


@transaction.atomic
def register(
    model: Model,
    *,
    name: str,
    by: Actor,
    at: datetime,
    made_at: datetime | None = None,
    aliases: Sequence[str] = (),
    **values: Any,
) -> Version:
    """Register a version of a model. made_at: when it was trained, by default now. values: of CHANGEABLE.

    aliases: what its registry calls it. Only imports change them (operations/registry_models.py).

    Raises Refused with the name of the field, also if the model has a version of this name.
    """
    name = name.strip()
    if not name:
        raise Refused("Enter the name or number of the version.", field="name")
    version = Version(model=model, name=name, aliases=list(aliases))
    values = _checked(version, {**values, "made_at": made_at or at})
    for field, value in values.items():
        setattr(version, field, value)
    try:
        with transaction.atomic():
            history.record(
                version,
                "catalogue.version_registered",
                by=by,
                at=at,
                placed=Placement(parent=model.subject_id),
            )
    except IntegrityError as error:
        if "catalogue_version_once" not in str(error):
            raise
        raise Refused(
            f"{model.name} already has a version “{name}”. Change that version, or use another name.",
            field="name",
        ) from None
    _trigger_validation(version, "", by=by, at=at)
    return version


@transaction.atomic
def change(
    version: Version,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    aliases: Sequence[str] | None = None,
) -> Version:
    """Change fields of CHANGEABLE. Raises Refused(field=…), ChangedMeanwhile.

    aliases: what its registry calls it now, None for no change. Only imports change them.
    """
    before = version.stage
    checked = _checked(version, values)
    if aliases is not None:
        checked["aliases"] = list(aliases)
    history.change(version, checked, by=by, at=at, seen=seen)
    _trigger_validation(version, before, by=by, at=at)
    return version


def _trigger_validation(version: Version, before: str, *, by: Actor, at: datetime) -> None:
    """Ask for a validation if the version is new in production, its model needs one, and it has none."""
    model = version.model
    if version.stage != VersionStage.PRODUCTION or before == VersionStage.PRODUCTION:
        return
    if model.tier not in VALIDATED_TIERS:
        return
    if not Validation.objects.filter(of_version=version, state=ValidationState.DONE).exists():
        validation.trigger(model, why=f"Version {version.name} is in production.", by=by, at=at)


def _checked(version: Version, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values without outer spaces. Raises Refused with the name of the field."""
    for field in values:
        if field not in CHANGEABLE:
            raise Refused("This cannot be changed here.", field=field)
    checked = {field: value.strip() if isinstance(value, str) else value for field, value in values.items()}
    if checked.get("stage", VersionStage.CANDIDATE) not in VersionStage.values:
        raise Refused(f"Use one of {', '.join(VersionStage.values)}.", field="stage")
    if "configuration" in checked:
        checked["configuration"] = json_object(checked["configuration"], "configuration")
    parent: Version | None = values.get("parent")
    if parent:
        _check_parent(version, parent)
    return checked


def _check_parent(version: Version, parent: Version) -> None:
    """Raise Refused unless the parent is of the same model and not made from this version."""
    if parent.model_id != version.model_id:
        raise Refused("Choose a version of the same model.", field="parent")
    parents = dict(
        Version.objects.select_for_update()
        .filter(model=version.model_id)
        .order_by("pk")
        .values_list("pk", "parent")
    )
    above: int | None = parent.pk
    for _ in range(_MAX_PARENTS):
        if above is None:
            return
        if above == version.pk:
            break
        above = parents.get(above)
    raise Refused("This version is made from the one you change. Choose another parent.", field="parent")
