"""The list specification of validations: filters and orders of the pages and the API."""

from collections.abc import Sequence

from django.db.models import Q

from catalogue.models import Model
from catalogue.states import ValidationResult, ValidationState
from lists import filtering
from lists.specification import Filter, ListSpec, Order, Reader


def _text(values: Sequence[str], reader: Reader) -> Q:
    return Q(model__name__collated__contains=values[0]) | Q(model__slug__icontains=values[0])


VALIDATIONS = ListSpec(
    filters={
        "q": Filter("Text", _text, is_many=False, help="A part of the name of the model."),
        "state": filtering.choice("State", "state", ValidationState),
        "result": filtering.choice("Result", "result", ValidationResult),
        "model": filtering.slug("Model", "model", Model.objects.visible_to, help="The slug of a model."),
        "validated_by": filtering.person("Validated by", "validated_by"),
    },
    orders={
        "-id": Order("Newest", ("-id",)),
        "id": Order("Oldest", ("id",)),
    },
)
