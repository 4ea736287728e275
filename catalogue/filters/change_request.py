"""The list specification of change requests: filters and orders of the page and the API."""

from collections.abc import Sequence

from django.db.models import Q

from catalogue.models import Model
from catalogue.states import ChangeKind, ChangeRoute, ChangeState, EffectResult
from kit import references
from lists import filtering
from lists.specification import Filter, ListSpec, Order, Reader


def _text(values: Sequence[str], reader: Reader) -> Q:
    """Match a part of the title, or the reference if the text is one."""
    text = values[0].strip()
    if references.is_reference(text):
        return Q(subject__reference=text.upper())
    return Q(title__icontains=text)


CHANGE_REQUESTS = ListSpec(
    filters={
        "q": Filter("Text", _text, is_many=False, help="A part of the title, or a reference."),
        "state": filtering.choice("State", "state", ChangeState),
        "kind": filtering.choice("Kind", "kind", ChangeKind),
        "route": filtering.choice("Route", "route", ChangeRoute),
        "effect_result": filtering.choice("Effect", "effect_result", EffectResult),
        "model": filtering.slug("Model", "model", Model.objects.visible_to, help="The slug of a model."),
        "opened_by": filtering.person("Opened by", "opened_by"),
    },
    orders={
        "-id": Order("Newest", ("-id",)),
        "id": Order("Oldest", ("id",)),
    },
)
