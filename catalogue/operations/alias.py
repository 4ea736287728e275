"""Write aliases of models: add one, remove one."""

from datetime import datetime

from django.db import transaction

from catalogue import events
from catalogue.models import Alias, Model
from catalogue.queries import model as queries
from catalogue.slugs import name_key
from history import operations as history
from kit.actor import Actor
from kit.locks import Lock, wait_for
from kit.refusals import Refused
from kit.texts import one_line


@transaction.atomic
def add(model: Model, *, name: str, by: Actor, at: datetime) -> Alias:
    """Add another name of a model. A handler in signals then assigns what tools sent under this name.

    Raises Refused(field="name"), also if the name is one of this model or of another one.
    """
    name = one_line(name).strip()
    key = name_key(name)
    if not key:
        raise Refused("Enter a name with a letter or a digit.", field="name")
    if len(name) > 120:
        raise Refused("Use at most 120 characters.", field="name")
    wait_for(Lock.MODEL_NAMES)
    _check_is_free(model, name, key, by)
    alias = Alias(model=model, name=name, key=key, added_at=at)
    history.record(alias, events.AliasAdded(name=name), by=by, at=at)
    return alias


@transaction.atomic
def remove(alias: Alias, *, by: Actor, at: datetime, seen: int | None = None) -> Alias:
    """Remove an alias. What tools sent under this name until now stays with the model.

    Raises Refused if it is removed already, ChangedMeanwhile.
    """
    if alias.ended_at:
        raise Refused("This alias is removed already.")
    payload = events.AliasRemoved(name=alias.name)
    history.change(alias, {"ended_at": at}, by=by, at=at, seen=seen, payload=payload)
    return alias


def _check_is_free(model: Model, name: str, key: str, by: Actor) -> None:
    """Raise Refused if the name is one of this model or of another one.

    A name in another script may have the slug of another model in ASCII by chance, so it may be an alias.
    The name of the other model is not told. A name of one that the person may not see is reserved.
    """
    taken = queries.models_called([name]).get(name)
    if taken is None:
        return
    if taken.pk == model.pk:
        raise Refused(f"{model.name} is already found by “{name}”.", field="name")
    if name.isascii() or queries.aliases().filter(key=key).exists():
        if by.person is not None and not taken.subject.is_visible_to(by.person):
            raise Refused("This name is reserved. Choose another.", field="name")
        raise Refused(f"“{name}” is a name of another model. Use another name.", field="name")
