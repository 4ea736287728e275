"""Webhooks of the registry of MLflow: a created version is registered, others let its registry be read."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from catalogue.operations import registry as registries
from catalogue.operations import version as versions
from catalogue.queries.model import models_called
from catalogue.queries.version import version_called
from kit.actor import Actor
from kit.refusals import Refused
from kit.rights import may
from people.models import User
from signals.mapping import mlflow
from signals.models import Source
from signals.states import ItemResult

_NO_MODEL = "The owner of this source may change no model of this name. Register it, or import the registry."


def take(body: Mapping[str, Any], source: Source, *, by: Actor, at: datetime) -> tuple[ItemResult, str]:
    """Register the version that a webhook names, in the name of the owner of the source.

    The owner's registries are read soon: they have the parameters, the stage and the aliases. Returns the
    result, and why nothing was registered, or "". Raises Unusable if the webhook names no model or version.
    """
    created = mlflow.created_version(body)
    owner = User.everyone.with_sight().filter(pk=source.owner_id, is_active=True).first()
    if owner is None:
        return ItemResult.IGNORED, "This source has no active owner. Assign one."
    registries.ask_all_of(owner)
    if created is None:
        return ItemResult.IGNORED, ""
    model = models_called([created.model]).get(created.model)
    if (
        model is None
        or not model.subject.is_visible_to(owner)
        or not may(owner, "catalogue.model_change", model)
    ):
        return ItemResult.IGNORED, _NO_MODEL
    if version_called(model, created.name) is not None:
        return ItemResult.DUPLICATE, ""
    try:
        versions.register(
            model,
            name=created.name,
            made_at=created.at,
            code=f"MLflow run {created.run_id}"[:500] if created.run_id else "",
            by=replace(by, person=owner),
            at=at,
        )
    except Refused as refusal:
        return ItemResult.IGNORED, refusal.message
    return ItemResult.STORED, ""
