"""The fields of a model that people change: what they may be, and its upstream models."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from catalogue.models import Dependency, Model
from catalogue.states import DataClass, PrivacyConstraint, Regulation
from history.operations import FurtherRow
from kit.actor import Actor
from kit.refusals import Refused
from kit.texts import one_line

# operations.model.move_stage() changes the stage. The slug never changes, because other tools use it.
CHANGEABLE = (
    "name",
    "purpose",
    "restrictions",
    "owner_team",
    "developer",
    "validator",
    "tier",
    "data_class",
    "has_personal_data",
    "privacy",
    "regulation",
    "inputs",
    "link",
    "links",
    "validate_on",
    "validate_why",
)
MAX_INPUTS, MAX_LINKS = 100, 20
_CHOICES = {"data_class": DataClass, "regulation": Regulation}
_is_url = URLValidator(schemes=["http", "https"])


def checked(values: Mapping[str, Any], model: Model | None = None) -> dict[str, Any]:
    """Return values of CHANGEABLE, cleaned. Raises Refused with the name of the field.

    model: the one that they change, None for a new one.
    """
    for name in values:
        if name not in CHANGEABLE:
            raise Refused("This cannot be changed here.", field=name)
    cleaned = dict(values)
    if "name" in values:
        cleaned["name"] = str(values["name"]).strip()
        if not cleaned["name"]:
            raise Refused("Enter a name.", field="name")
    for name, choices in _CHOICES.items():
        if values.get(name) and values[name] not in choices.values:
            raise Refused(f"Use one of {', '.join(choices.values)}.", field=name)
    if "privacy" in values:
        cleaned["privacy"] = _privacy(values["privacy"])
    if "inputs" in values:
        cleaned["inputs"] = lines(values["inputs"], "inputs", MAX_INPUTS, 200)
    if "links" in values:
        cleaned["links"] = _links(values["links"])
    _check_next_validation(cleaned, model)
    if cleaned.get("has_personal_data") is False:
        cleaned["privacy"] = []
    return cleaned


def _check_next_validation(values: Mapping[str, Any], model: Model | None) -> None:
    """Raise Refused(field="validate_why") if the next validation would have a day and no reason."""
    names = ("validate_on", "validate_why")
    if not values.keys() & set(names):
        return
    on, why = (values[name] if name in values else getattr(model, name, None) for name in names)
    if on and not str(why or "").strip():
        raise Refused("Enter what triggers the next validation.", field="validate_why")


def check_validator(model: Model, values: Mapping[str, Any]) -> None:
    """Raise Refused(field="validator") if the developer would validate the model."""
    validator, developer = (
        values[name] if name in values else getattr(model, name) for name in ("validator", "developer")
    )
    if validator is not None and validator == developer:
        raise Refused("The developer cannot be the validator. Choose somebody else.", field="validator")


def new_dependencies(model: Model, upstream: Sequence[Model]) -> list[FurtherRow]:
    return [Dependency(model=model, upstream=one) for one in dict.fromkeys(upstream)]


def changed_dependencies(
    model: Model, upstream: Sequence[Model], by: Actor, at: datetime
) -> list[FurtherRow]:
    """Return the dependencies to begin and to end, so that the model has these upstream models.

    Upstream models that the author may not see stay. Raises Refused(field="upstream") for the model itself.
    """
    if model in upstream:
        raise Refused("A model cannot be its own input. Remove it from the list.", field="upstream")
    present = {
        row.upstream_id: row
        for row in Dependency.objects.filter(model=model, ended_at__isnull=True)
        .select_related("upstream__subject")
        .order_by("pk")
    }
    wanted = {one.pk: one for one in upstream}
    rows: list[FurtherRow] = [
        (row, {"ended_at": at})
        for key, row in present.items()
        if key not in wanted and (by.person is None or row.upstream.subject.is_visible_to(by.person))
    ]
    rows.extend(new_dependencies(model, [one for key, one in wanted.items() if key not in present]))
    return rows


def _privacy(names: Sequence[str]) -> list[str]:
    if unknown := [name for name in names if name not in PrivacyConstraint.values]:
        raise Refused(f"“{unknown[0]}” is none of {', '.join(PrivacyConstraint.values)}.", field="privacy")
    return [name for name in PrivacyConstraint.values if name in names]


def lines(texts: Sequence[str], field: str, most: int, longest: int) -> list[str]:
    """Return lines without duplicates and empty ones. Raises Refused for too many or too long ones."""
    distinct = list(dict.fromkeys(line for text in texts if (line := one_line(text).strip())))
    if len(distinct) > most:
        raise Refused(f"Use at most {most} lines.", field=field)
    if long := [line for line in distinct if len(line) > longest]:
        raise Refused(f"“{long[0][:40]}…” is longer than {longest} characters.", field=field)
    return distinct


def _links(texts: Sequence[str]) -> list[str]:
    links = lines(texts, "links", MAX_LINKS, 500)
    for link in links:
        try:
            _is_url(link)
        except ValidationError:
            text = f"“{link[:60]}” is no address. Begin with https:// or http://."
            raise Refused(text, field="links") from None
    return links
