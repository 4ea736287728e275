"""Query parameters of lists without a ListSpec: unknown and repeated ones are refused by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from rest_framework.exceptions import ValidationError

MAX_VALUES = 100
_OF_EVERY_LIST = ("order", "limit", "after", "before")


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """One query parameter. path: the lookup it sets. parse: text to value; raises ValueError with the fix."""

    path: str
    parse: Callable[[str], Any] = str
    help: str = ""
    choices: tuple[str, ...] = ()
    many: bool = True  # "a,b" means either


def one_of(path: str, choices: Any, help: str = "") -> QueryParameter:
    """Return a parameter over the values of a Choices class."""
    values = tuple(str(value) for value in choices.values)

    def parse(text: str) -> Any:
        if text not in values:
            raise ValueError(f"Use one of {', '.join(values)}.")
        return type(choices.values[0])(text)

    return QueryParameter(path, parse, help, values)


def number(path: str, help: str = "") -> QueryParameter:
    """Return a parameter for a positive whole number of at most 18 digits."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise ValueError("Use a whole number.")
        return int(text)

    return QueryParameter(path, parse, help)


def check(query: QueryDict, *, filters: Sequence[str]) -> None:
    """Raise ValidationError for unknown parameters, repeated parameters and empty filters."""
    known = {*filters, *_OF_EVERY_LIST}
    if unknown := sorted(set(query) - known):
        raise ValidationError(
            {name: [f"No such parameter. Known: {', '.join(sorted(known))}."] for name in unknown}
        )
    if twice := [name for name, values in query.lists() if len(values) > 1]:
        raise ValidationError({name: ["Send it once, with commas between values."] for name in twice})
    if empty := [name for name in filters if query.get(name) == ""]:
        raise ValidationError({name: ["Send a value or leave the parameter out."] for name in empty})


def either(name: str, text: str) -> list[str]:
    """Return the comma-separated values of a parameter. Raises ValidationError for more than MAX_VALUES."""
    values = [part.strip() for part in text.split(",")]
    if len(values) > MAX_VALUES:
        raise ValidationError({name: [f"Use at most {MAX_VALUES} values at a time."]})
    return values
