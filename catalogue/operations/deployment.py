"""Write deployments: record one, and settle whether it was kept or rolled back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from catalogue import events
from catalogue.models import ChangeRequest, Deployment, Model, Version
from catalogue.operations import version as versions
from catalogue.queries.deployment import PRODUCTION, open_windows
from catalogue.queries.version import version_called
from catalogue.states import DeploymentState
from history import operations as history
from history.operations import Placement
from kit import locks
from kit.actor import Actor
from kit.locks import Lock
from kit.refusals import IllegalMove, Refused
from people.models import User

# The clock of a build server may be this much ahead.
MAX_AHEAD = timedelta(minutes=10)
CHANGEABLE = frozenset({"change", "link"})
OUTCOMES = (DeploymentState.KEPT, DeploymentState.ROLLED_BACK)


@dataclass(frozen=True, slots=True)
class DeploymentDetails:
    """What a build server says about a deployment.

    deployed_at: None for now. external_id: its key there; a second call with it is about the same deployment.
    change: None to find the request whose window is open. outcome: of OUTCOMES, "" while it is open.
    """

    environment: str = PRODUCTION
    deployed_at: datetime | None = None
    external_id: str = ""
    link: str = ""
    change: ChangeRequest | None = None
    outcome: str = ""
    note: str = ""


@transaction.atomic
def record(
    model: Model, *, version: str, details: DeploymentDetails, by: Actor, at: datetime
) -> tuple[Deployment, bool]:
    """Record a deployment of a version of a model. Returns it, and whether it is new.

    version: its name; a version that is not registered yet is registered. A second call with the same
    external id changes nothing but the outcome, so a build server may repeat it.
    Raises Refused with the name of the field, IllegalMove.
    """
    environment = _environment(details.environment)
    external_id = details.external_id.strip()
    if external_id:
        locks.wait_for(Lock.EXTERNAL_IDS, f"deployment {model.pk} {external_id}")
    known = _known(model, external_id)
    if known:
        _check_same(known, version, environment)
    deployment = known or _create(model, version, environment, external_id, details, by=by, at=at)
    if details.outcome and details.outcome != deployment.state:
        settle(deployment, outcome=details.outcome, note=details.note, by=by, at=at)
    return deployment, known is None


@transaction.atomic
def settle(
    deployment: Deployment, *, outcome: str, by: Actor, at: datetime, note: str = "", seen: int | None = None
) -> Deployment:
    """Record whether a deployment was kept or rolled back. A kept one can be rolled back later.

    note: needed for a rollback. Raises Refused with the name of the field, IllegalMove, ChangedMeanwhile.
    """
    if outcome not in OUTCOMES:
        raise Refused(f"Use one of {', '.join(OUTCOMES)}.", field="outcome")
    note = note.strip()
    if outcome == DeploymentState.ROLLED_BACK and not note:
        raise Refused("Enter why it was rolled back.", field="note")
    if (deployment.state, outcome) not in Deployment.MOVES:
        raise IllegalMove(f"This deployment is {deployment.get_state_display().lower()} already.")
    person = User.objects.filter(subject=by.subject_id).first() if by.subject_id else None
    values = {"settled_by": person, "settled_at": at, "note": note}
    is_kept = outcome == DeploymentState.KEPT
    payload = events.DeploymentKept(text=note) if is_kept else events.DeploymentRolledBack(text=note)
    history.move(deployment, outcome, by=by, at=at, seen=seen, values=values, payload=payload)
    return deployment


@transaction.atomic
def change(
    deployment: Deployment, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Deployment:
    """Change fields of CHANGEABLE. Raises Refused(field=…), ChangedMeanwhile."""
    if unknown := set(values) - CHANGEABLE:
        raise Refused("This cannot be changed.", field=min(unknown))
    given = dict(values)
    if given.get("change"):
        _check_change(deployment.model, given["change"])
    if "link" in given:
        given["link"] = _link(given["link"])
    history.change(deployment, given, by=by, at=at, seen=seen)
    return deployment


def _known(model: Model, external_id: str) -> Deployment | None:
    if not external_id:
        return None
    rows = Deployment.objects.select_related("subject", "model", "model_version", "change")
    return rows.filter(model=model, external_id=external_id).first()


def _check_same(known: Deployment, version: str, environment: str) -> None:
    """Raise Refused if the external id belongs to the deployment of something else."""
    if (known.model_version.name, known.environment) != (version.strip(), environment):
        raise Refused(
            f"This external ID is of the deployment of version {known.model_version.name} to"
            f" {known.environment}. Use another one for another deployment.",
            field="external_id",
        )


def _create(
    model: Model,
    version: str,
    environment: str,
    external_id: str,
    details: DeploymentDetails,
    *,
    by: Actor,
    at: datetime,
) -> Deployment:
    deployed_at = details.deployed_at or at
    if deployed_at > at + MAX_AHEAD:
        raise Refused("This is in the future. Record a deployment after it was made.", field="deployed_at")
    if details.change:
        _check_change(model, details.change)
    deployment = Deployment(
        model=model,
        model_version=_version(model, version, deployed_at, by=by, at=at),
        environment=environment,
        deployed_at=deployed_at,
        change=details.change or open_windows([model.pk], deployed_at).get(model.pk),
        external_id=external_id,
        link=_link(details.link),
    )
    placed = Placement(parent=model.subject_id)
    history.record(deployment, "catalogue.deployment_recorded", by=by, at=at, placed=placed)
    return deployment


def _version(model: Model, name: str, deployed_at: datetime, *, by: Actor, at: datetime) -> Version:
    known = version_called(model, name)
    if known:
        return known
    trigger = "Registered with its first deployment"
    try:
        return versions.register(model, name=name, made_at=deployed_at, trigger=trigger, by=by, at=at)
    except Refused as refusal:
        raise Refused(str(refusal), field="version") from None


def _environment(text: str) -> str:
    name = text.strip().lower()
    if not name:
        raise Refused("Enter the environment, such as production.", field="environment")
    if len(name) > 60:
        raise Refused("Use at most 60 characters.", field="environment")
    return name


def _link(text: str) -> str:
    link = text.strip()
    if link:
        try:
            URLValidator(schemes=["http", "https"])(link)
        except ValidationError:
            raise Refused("Use an address that begins with https:// or http://.", field="link") from None
    return link


def _check_change(model: Model, request: ChangeRequest) -> None:
    if request.model_id != model.pk:
        raise Refused(f"{request.reference} is about another model.", field="change")
