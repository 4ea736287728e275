"""What a list may be asked: nothing is passed over, what cannot be answered is refused by name."""

from collections.abc import Sequence

from django.http import QueryDict
from rest_framework.exceptions import ValidationError

MAX_VALUES = 100
_OF_EVERY_LIST = ("order", "limit", "after", "before")


def check(query: QueryDict, *, filters: Sequence[str]) -> None:
    """Raises ValidationError for parameters that are none, those said twice, and empty filters."""
    known = {*filters, *_OF_EVERY_LIST}
    if unknown := sorted(set(query) - known):
        raise ValidationError(
            {name: [f"No such parameter. Known: {', '.join(sorted(known))}."] for name in unknown}
        )
    if twice := [name for name, values in query.lists() if len(values) > 1]:
        raise ValidationError({name: ["Say it once; several values go with commas."] for name in twice})
    if empty := [name for name in filters if query.get(name) == ""]:
        raise ValidationError({name: ["Say a value, or leave it out."] for name in empty})


def either(name: str, text: str) -> list[str]:
    """The values of a filter that takes several with commas. Raises ValidationError for too many."""
    values = [part.strip() for part in text.split(",")]
    if len(values) > MAX_VALUES:
        raise ValidationError({name: [f"Use at most {MAX_VALUES} values at a time."]})
    return values
