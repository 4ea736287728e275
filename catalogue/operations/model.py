"""Write models: register, change, move to another stage."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.validators import validate_slug
from django.db import transaction
from django.forms import ValidationError

from catalogue.models import Alias, Model
from catalogue.slugs import name_key
from catalogue.states import Stage
from history import operations as history
from kit.actor import Actor
from kit.locks import Lock, wait_for
from kit.refusals import Refused
from people.models import Team, User
from people.slugs import free_slug, slug_of

# Models with these slugs would have no page: /models/new/ is the form that registers one.
RESERVED = frozenset(
    {"change-requests", "decision-rights", "deployments", "new", "runs", "validations", "workflows"}
)
RESERVED = frozenset(
    {"new", "decision-rights", "change-requests", "validations", "workflows", "runs", "registries", "import"}
)
# move_stage() changes the stage. The slug never changes, because other tools use it.
CHANGEABLE = frozenset({"name", "purpose", "owner_team", "developer", "tier", "link"})


@transaction.atomic
def add(
    *,
    name: str,
    by: Actor,
    at: datetime,
    slug: str = "",
    purpose: str = "",
    owner_team: Team | None = None,
    developer: User | None = None,
    tier: int | None = None,
    stage: str = Stage.PRODUCTION,
    link: str = "",
    viewers: Sequence[int] | None = None,
) -> Model:
    """Register a model. slug: its name in other tools, unique, in lower case; by default from the name.

    viewers: subject ids of those who may see it; None for everyone. A handler in signals then assigns the
    series and breaches that tools sent under this name before. Raises Refused(field="name" or "slug").
    """
    name = name.strip()
    if not name:
        raise Refused("Enter a name.", field="name")
    wait_for(Lock.MODEL_NAMES)
    model = Model(
        slug=_free_slug(slug or _slug_for(name)),
        name=name,
        purpose=purpose,
        owner_team=owner_team,
        developer=developer,
        tier=tier,
        stage=stage,
        link=link,
    )
    history.record(model, "catalogue.model_registered", by=by, at=at, viewers=viewers)
    return model


@transaction.atomic
def change(
    model: Model, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Model:
    """Change fields of CHANGEABLE. Raises Refused(field=…), ChangedMeanwhile."""
    for name in values:
        if name not in CHANGEABLE:
            raise Refused("This cannot be changed here.", field=name)
    if "name" in values and not str(values["name"]).strip():
        raise Refused("Enter a name.", field="name")
    history.change(model, values, by=by, at=at, seen=seen)
    if "name" in values:
        history.retitle(model)
    return model


@transaction.atomic
def move_stage(model: Model, to: str, *, by: Actor, at: datetime, seen: int | None = None) -> Model:
    """Move a model to any other stage, also back: retired models can return to production.

    A retired model stays in the list. Its subject is marked as retired, so that selections can leave it out.
    Raises Refused(field="stage"), ChangedMeanwhile.
    """
    if to not in Stage.values:
        raise Refused(f"Use one of {', '.join(Stage.values)}.", field="stage")
    history.change(model, {"stage": to}, by=by, at=at, seen=seen, verb="catalogue.model_stage_moved")
    history.retire(model, is_retired=to == Stage.RETIRED)
    return model


def _slug_for(name: str) -> str:
    """A slug made of a name; one in another script has one of its own, whatever it is in ASCII."""
    slug = slug_of(name)[:110]
    if name.isascii():
        return slug
    taken = Model.objects.filter(slug__startswith=slug).values_list("slug", flat=True)
    return free_slug(slug, {*RESERVED, *taken}, "model")


def _free_slug(text: str) -> str:
    slug = text.strip().lower()
    try:
        validate_slug(slug)
    except ValidationError:
        raise Refused("Use only letters, digits, hyphens and underscores.", field="slug") from None
    if len(slug) > 120:
        raise Refused("Use at most 120 characters.", field="slug")
    if slug in RESERVED:
        raise Refused("This name is reserved. Choose another.", field="slug")
    if Model.objects.filter(slug=slug).exists():
        raise Refused(f"A model named “{slug}” already exists. Choose another name.", field="slug")
    if Alias.objects.filter(key=name_key(slug), ended_at__isnull=True).exists():
        raise Refused(
            f"“{slug}” is an alias of a model. Choose another name, or remove it there.", field="slug"
        )
    return slug
