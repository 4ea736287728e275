"""Write models: register, change, move to another stage."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.validators import validate_slug
from django.db import transaction
from django.db.models import Q, QuerySet
from django.forms import ValidationError

from catalogue.models import Alias, Model
from catalogue.operations import model_details as details
from catalogue.operations import validation
from catalogue.operations.model_details import CHANGEABLE
from catalogue.slugs import name_key
from catalogue.states import VALIDATED_TIERS, AffectedPeople, Harm, Stage, Tier, Use
from catalogue.tiers import tier_of
from history import operations as history
from kit.actor import Actor
from kit.locks import Lock, wait_for
from kit.refusals import Refused
from people.slugs import free_slug, slug_of

__all__ = ["CHANGEABLE", "add", "change", "move_stage", "rate"]

# Models with these slugs would have no page: /models/new/ is the form that registers one.
RESERVED = frozenset(
    {
        "change-requests",
        "concentration",
        "decision-rights",
        "deployments",
        "import",
        "new",
        "readiness",
        "registries",
        "rollback",
        "runs",
        "validations",
        "workflows",
    }
)


@transaction.atomic
def add(
    *,
    name: str,
    by: Actor,
    at: datetime,
    slug: str = "",
    stage: str = Stage.PRODUCTION,
    upstream: Sequence[Model] = (),
    viewers: Sequence[int] | None = None,
    **values: Any,
) -> Model:
    """Register a model. slug: its name in other tools, unique, in lower case; by default from the name.

    values: of CHANGEABLE. upstream: the models whose output it takes. viewers: subject ids of those who may
    see it; None for everyone. A handler in signals then assigns the series and breaches that tools sent under
    this name before. Raises Refused with the name of the field. A name of a model that the person may not see
    is refused like a reserved one.
    """
    checked = details.checked({"name": name, **values})
    wait_for(Lock.MODEL_NAMES)
    model = Model(
        slug=_free_slug(slug or _slug_for(checked["name"], by), by),
        stage=stage,
        retired_at=at if stage == Stage.RETIRED else None,
        **checked,
    )
    details.check_validator(model, {})
    rows = details.new_dependencies(model, upstream)
    history.record(model, "catalogue.model_registered", by=by, at=at, viewers=viewers, rows=rows)
    if stage == Stage.RETIRED:
        history.retire(model)
    return model


@transaction.atomic
def change(
    model: Model, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Model:
    """Change fields of CHANGEABLE, and `upstream`, the models whose output it takes.

    Raises Refused(field=…), ChangedMeanwhile.
    """
    fields = {name: value for name, value in values.items() if name != "upstream"}
    checked = details.checked(fields, model)
    details.check_validator(model, checked)
    rows = details.changed_dependencies(model, values["upstream"], by, at) if "upstream" in values else []
    history.change(model, checked, by=by, at=at, seen=seen, rows=rows, raises_version=bool(rows))
    if "name" in values:
        history.retitle(model)
    return model


@transaction.atomic
def rate(
    model: Model,
    *,
    reach: int,
    harm: int,
    use: int,
    by: Actor,
    at: datetime,
    is_regulated: bool = False,
    tier: int | None = None,
    tier_reason: str = "",
    seen: int | None = None,
) -> Model:
    """Set the tier of a model by the answers to the questions of catalogue.tiers.

    tier: another tier than the one that they give, which needs a reason. Raises Refused, ChangedMeanwhile.
    """
    for name, value, choices in (("reach", reach, AffectedPeople), ("harm", harm, Harm), ("use", use, Use)):
        if value not in choices.values:
            raise Refused("Use a number from 1 to 4.", field=name)
    answers = {"reach": reach, "harm": harm, "use": use, "is_regulated": is_regulated}
    given = tier_of(answers)
    is_other = tier is not None and tier != given
    if is_other and tier not in Tier.values:
        raise Refused("Use a tier from 1 to 4.", field="tier")
    if is_other and not tier_reason.strip():
        text = f"The answers give tier {given}. Enter why it is another one."
        raise Refused(text, field="tier_reason")
    values = {**answers, "tier": tier or given, "tier_reason": tier_reason.strip() if is_other else ""}
    before = model.tier
    history.change(model, values, by=by, at=at, seen=seen)
    if model.tier in VALIDATED_TIERS and (before is None or model.tier < before):
        validation.trigger(model, why=f"The tier became {model.tier}.", by=by, at=at)
    return model


@transaction.atomic
def move_stage(model: Model, to: str, *, by: Actor, at: datetime, seen: int | None = None) -> Model:
    """Move a model to any other stage, also back: retired models can return to production.

    A retired model stays in the list. Its subject is marked as retired, so that selections can leave it out.
    Raises Refused(field="stage"), ChangedMeanwhile.
    """
    if to not in Stage.values:
        raise Refused(f"Use one of {', '.join(Stage.values)}.", field="stage")
    retired_at = (model.retired_at or at) if to == Stage.RETIRED else None
    values = {"stage": to, "retired_at": retired_at}
    history.change(model, values, by=by, at=at, seen=seen, verb="catalogue.model_stage_moved")
    history.retire(model, is_retired=to == Stage.RETIRED)
    return model


def _slug_for(name: str, by: Actor) -> str:
    """Return a slug made of a name.

    It is numbered if a model that the person may not see has the name, in any spelling. One in another script
    has a slug of its own, whatever it is in ASCII.
    """
    slug = slug_of(name)[:110]
    if not name.isascii():
        taken = Model.objects.filter(slug__startswith=slug).values_list("slug", flat=True)
        return free_slug(slug, {*RESERVED, *taken}, "model")
    if not slug or not _is_hidden(slug, by):
        return slug
    key = name_key(slug)
    slugs = Model.objects.filter(slug__startswith=key).values_list("slug", flat=True)
    aliases = Alias.objects.filter(key__startswith=key, ended_at__isnull=True).values_list("key", flat=True)
    return free_slug(key, {*RESERVED, *slugs, *aliases}, "model")


def _is_hidden(slug: str, by: Actor) -> bool:
    """Return True if the slug is a name of a model that the person may not see."""
    if by.person is None:
        return False
    named = Q(slug=slug) | Q(pk__in=_aliases_of(slug).values("model"))
    shown = Model.objects.visible_to(by.person).filter(named)
    return Model.objects.filter(named).exclude(pk__in=shown.values("pk")).exists()


def _aliases_of(slug: str) -> QuerySet[Alias]:
    return Alias.objects.filter(key=name_key(slug), ended_at__isnull=True)


def _free_slug(text: str, by: Actor) -> str:
    slug = text.strip().lower()
    try:
        validate_slug(slug)
    except ValidationError:
        raise Refused("Use only letters, digits, hyphens and underscores.", field="slug") from None
    if len(slug) > 120:
        raise Refused("Use at most 120 characters.", field="slug")
    if slug in RESERVED or _is_hidden(slug, by):
        raise Refused("This name is reserved. Choose another.", field="slug")
    if Model.objects.filter(slug=slug).exists():
        raise Refused(f"A model named “{slug}” already exists. Choose another name.", field="slug")
    if _aliases_of(slug).exists():
        raise Refused(
            f"“{slug}” is an alias of a model. Choose another name, or remove it there.", field="slug"
        )
    return slug
