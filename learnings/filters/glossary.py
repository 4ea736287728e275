"""The list specification of the glossary: filters and orders of the page and the API."""

from collections.abc import Sequence

from django.db.models import Q

from lists import filtering
from lists.specification import Filter, ListSpec, Order, Reader


def _text(values: Sequence[str], reader: Reader) -> Q:
    """Match the word, another spelling or the definition."""
    text = values[0].strip()
    return Q(word__collated__contains=text) | Q(also__icontains=text) | Q(definition__collated__contains=text)


SPEC = ListSpec(
    filters={
        "q": Filter("Text", _text, is_many=False, help="A part of the word, a spelling or the definition."),
        "lesson": filtering.exact("Lesson", "lesson", help="The slug of a lesson."),
    },
    orders={"word": Order("By name", ("word", "id"))},
)
