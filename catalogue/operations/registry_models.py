"""Take what a registry says about one model into the catalogue: the model, its versions, stages, aliases."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from django.db import transaction

from catalogue.mlflow_answers import (
    MAX_MODEL_NAME,
    MAX_VERSION_NAME,
    FoundModel,
    FoundVersion,
    RunDetails,
)
from catalogue.models import Model, Registry, RegistryModel, Version
from catalogue.operations import alias as aliases
from catalogue.operations import model as models
from catalogue.operations import version as versions_
from catalogue.queries.model import is_called, models_called
from catalogue.queries.version import version_called
from catalogue.states import Stage, VersionStage
from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from kit.rights import may
from kit.texts import one_line

_GONE = ["gone"]  # `seen` of a version that the registry does not have any more
NO_DETAILS = RunDetails({})


@transaction.atomic
def linked(
    registry: Registry, found: FoundModel, *, is_in_production: bool, by: Actor, at: datetime
) -> RegistryModel:
    """Return the link of a model of the registry. Link the model of this name, or register one.

    Raises Refused if the model of this name is another one's, or if the owner may not change it.
    """
    row = RegistryModel.objects.filter(registry=registry, name=found.name).first()
    if row is not None:
        return row
    model = models_called([found.name]).get(found.name)
    if model is None:
        model = _registered(registry, found, is_in_production=is_in_production, by=by, at=at)
    else:
        _check_right(model, by)
        if RegistryModel.objects.filter(model=model).exists():
            raise Refused("Another entry of a registry is imported as this model. Rename one of them.")
    return RegistryModel.objects.create(registry=registry, name=found.name, model=model)


@transaction.atomic
def store(
    link: RegistryModel,
    versions: Sequence[FoundVersion],
    details: Mapping[str, RunDetails],
    *,
    by: Actor,
    at: datetime,
) -> list[str]:
    """Register new versions, and change the stage and the aliases of those that changed in the registry.

    versions: all that the registry has. details: of each new version that is to be registered now. A version
    that the registry does not have any more is archived. Returns why something was not stored.
    Raises Refused, ChangedMeanwhile.
    """
    link = (
        RegistryModel.objects.select_for_update(of=("self",))
        .select_related("model__subject", "model__owner_team")
        .get(pk=link.pk)
    )
    _check_right(link.model, by)
    problems, seen = [], dict(link.seen)
    for version in sorted(versions, key=lambda one: (one.made_at or at, len(one.name), one.name)):
        known = seen.get(version.name)
        if known == said(version) or (known is None and version.name not in details):
            continue
        try:
            _store_one(link.model, version, known, details.get(version.name, NO_DETAILS), by=by, at=at)
        except Refused as refusal:
            problems.append(f"{link.name} {version.name[:50]}: {refusal.message}")
            continue
        seen[version.name] = said(version)
    present = {version.name for version in versions}
    for name in [name for name, known in seen.items() if name not in present and known != _GONE]:
        _archive(link.model, name, by=by, at=at)
        seen[name] = _GONE
    if seen != link.seen:
        link.seen = seen
        link.save(update_fields=["seen"])
    return problems


def said(version: FoundVersion) -> list[str]:
    """Return the stage and the aliases of a version, as `seen` keeps them."""
    return [str(version.stage), *version.aliases]


def is_unchanged(link: RegistryModel, versions: Sequence[FoundVersion]) -> bool:
    """Return True if the registry says about the versions of a model what it said last."""
    present = {version.name: said(version) for version in versions}
    return present == {name: known for name, known in link.seen.items() if known != _GONE}


def _registered(
    registry: Registry, found: FoundModel, *, is_in_production: bool, by: Actor, at: datetime
) -> Model:
    if not may(by.person, "catalogue.model_add"):
        raise Refused("The owner of the registry may not register models.")
    name = one_line(found.name)
    if len(name) > MAX_MODEL_NAME:
        raise Refused(f"The name is longer than {MAX_MODEL_NAME} characters.")
    model = models.add(
        name=name,
        purpose=found.description,
        owner_team=registry.owner_team,
        stage=Stage.PRODUCTION if is_in_production else Stage.DEVELOPMENT,
        by=by,
        at=at,
    )
    if not is_called(model, found.name):  # its slug is cut
        with suppress(Refused):
            aliases.add(model, name=found.name, by=by, at=at)
    return model


def _check_right(model: Model, by: Actor) -> None:
    """Raise Refused if the owner may not change the model. The text is the same if they may not see it."""
    user = by.person
    if not model.subject.is_visible_to(user) or not may(user, "catalogue.model_change", model):
        raise Refused("The owner of the registry may not change the model of this name.")


def _store_one(
    model: Model,
    found: FoundVersion,
    known: list[str] | None,
    details: RunDetails,
    *,
    by: Actor,
    at: datetime,
) -> None:
    """Register a version, or write what the registry says otherwise than before. known: `seen` of it."""
    if len(found.name) > MAX_VERSION_NAME:
        raise Refused(f"The name of the version is longer than {MAX_VERSION_NAME} characters.")
    version = version_called(model, found.name)
    aliases = [alias[:120] for alias in found.aliases]
    texts = {
        "code": details.code or (f"MLflow run {found.run_id}" if found.run_id else ""),
        "data_set": details.data_set,
        "configuration": dict(details.configuration),
        "trigger": found.trigger,
    }
    if version is None:
        versions_.register(
            model,
            name=found.name,
            made_at=details.ended_at or found.made_at,
            stage=found.stage,
            aliases=aliases,
            parent=version_called(model, found.parent) if found.parent else None,
            **texts,
            by=by,
            at=at,
        )
        return
    values: dict = {}
    if known is None:  # a person or a webhook registered it: their texts stay
        values |= {field: text for field, text in texts.items() if text and not getattr(version, field)}
    if known is None or known[:1] != [found.stage]:
        values["stage"] = _stage_after(version, found, known)
    version.model = model  # one object, because a promotion plans its validation
    versions_.change(version, values, aliases=aliases, by=by, at=at)


def _stage_after(version: Version, found: FoundVersion, known: list[str] | None) -> str:
    """Return the stage of a version whose stage changed in the registry.

    MLflow gives a version that lost the alias of production no stage of its own: it is archived.
    """
    if found.stage != VersionStage.CANDIDATE:
        return found.stage
    if known is None:
        return version.stage
    return VersionStage.ARCHIVED if known[0] == VersionStage.PRODUCTION else VersionStage.CANDIDATE


def _archive(model: Model, name: str, *, by: Actor, at: datetime) -> None:
    version: Version | None = version_called(model, name)
    if version is not None:
        history.change(version, {"stage": VersionStage.ARCHIVED, "aliases": []}, by=by, at=at)
