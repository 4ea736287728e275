"""The list specification of breaches: filters and orders of the page and the API."""

from collections.abc import Sequence

from django.db.models import Q

from catalogue.models import Model
from kit import references
from lists import filtering
from lists.collation import BY_NAME
from lists.specification import Filter, ListSpec, Order, Reader
from people.models import User
from signals.models import BreachGroup
from signals.states import BreachLevel, BreachState, SignalKind


def _text(values: Sequence[str], reader: Reader) -> Q:
    """Match a part of the title, or the reference if the text is one."""
    text = values[0].strip()
    if references.is_reference(text):
        return Q(subject__reference=text.upper())
    return Q(title__collated__contains=text)


def models_with_breaches(user: User) -> list[tuple[str, str]]:
    """Return the models that have breaches the user may see, as (slug, name)."""
    groups = BreachGroup.objects.visible_to(user).filter(model__isnull=False)
    models = Model.objects.visible_to(user).filter(pk__in=groups.values("model_id"))
    return list(models.order_by(*BY_NAME).values_list("slug", "name"))


BREACHES = ListSpec(
    filters={
        "state": filtering.choice("State", "state", BreachState),
        "q": Filter("Text", _text, is_many=False, help="A part of the title, or a reference."),
        "model": filtering.slug(
            "Model",
            "model",
            Model.objects.visible_to,
            options=models_with_breaches,
            special_values=(("none", "Not registered"),),
            help="The slug of a model, or none for models that nobody registered.",
        ),
        "model_name": filtering.exact("Model name", "model_name", help="What tools call the model."),
        "kind": filtering.choice("Kind", "kind", SignalKind),
        "muted": filtering.flag("Muted", Q(is_muted=True)),
        "level": filtering.choice("Level", "level", BreachLevel),
    },
    orders={
        "-opened_at": Order("Newest", ("-opened_at", "-id")),
        "opened_at": Order("Oldest", ("opened_at", "id")),
        "-level": Order("Worst first", ("-level", "-opened_at", "-id")),
        "level": Order("Least first", ("level", "-opened_at", "-id")),
        "id": Order("By number", ("id",)),
        "-id": Order("By number, last first", ("-id",)),
    },
)
