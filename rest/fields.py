"""Fields of writes: bodies that refuse unknown fields, and related objects that the writer may see."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import FieldError
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from kit import references, zones
from kit.texts import many_lines_within

NO_OBJECT = "Send an object with the fields of this resource."
NO_TEXT = "Send a text in quotes, not a number."


class Body(serializers.Serializer):
    """The body of a write.

    Refuses unknown fields, booleans for numbers, numbers for texts, and moments that no page can show.

    It first removes characters that no reader can see from all texts (kit.texts). One-line fields lose their
    line breaks when they are stored (history.cleaning).
    """

    default_error_messages = {"invalid": NO_OBJECT}

    def get_fields(self) -> Any:
        fields = super().get_fields()
        for field in fields.values():
            if isinstance(field, serializers.ListField):
                field.error_messages |= {"not_a_list": "Send a list."}
            if isinstance(field, serializers.ChoiceField):
                choices = ", ".join(str(choice) or '""' for choice in field.choices)
                field.error_messages |= {"invalid_choice": f"Use one of {choices}."}
        return fields

    def to_internal_value(self, data: Any) -> Any:
        data = many_lines_within(data)
        if isinstance(data, Mapping) and (unknown := sorted(set(data) - set(self.fields))):
            known = f"Known: {', '.join(self.fields)}." if self.fields else "This takes none."
            raise ValidationError({name: [f"No such field. {known}"] for name in unknown})
        for name, field in self.fields.items() if isinstance(data, Mapping) else ():
            if isinstance(field, serializers.FloatField) and isinstance(data.get(name), bool):
                raise ValidationError({name: field.error_messages["invalid"]})
            if numbers := _numbers_for_texts(field, data.get(name)):
                raise ValidationError({name: numbers})
        values = super().to_internal_value(data)
        if outside := [name for name, value in values.items() if _is_out_of_range(value)]:
            raise ValidationError({name: [zones.OUT_OF_RANGE] for name in outside})
        return values


def _numbers_for_texts(field: Any, value: Any) -> Any:
    """Return the error for a number in place of a text, also in a list of texts; {} without one.

    rest_framework would write 5 as "5", and 0.10 as "0.1".
    """
    if isinstance(field, serializers.CharField) and type(value) in (int, float):
        return [NO_TEXT]
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        found = {place: _numbers_for_texts(field.child, one) for place, one in enumerate(value)}
        return {place: error for place, error in found.items() if error}
    return {}


def _is_out_of_range(value: Any) -> bool:
    return isinstance(value, datetime) and not zones.is_showable(value)


class MomentWithOffset(serializers.DateTimeField):
    """A moment with its offset. One without would be taken as UTC, beside a field with another time zone."""

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValidationError("Add the offset, such as 2026-12-14T10:00:00+01:00.")
        return super().enforce_timezone(value)


class Visible(serializers.Field):
    """A related object, by id, reference or slug. An object that the writer may not see counts as missing.

    what: the noun for the error message. rows: a function from a user to a queryset. by: the key field.
    Where `by` is "reference" the rows are subjects, of any kind: a bare number would name an internal row, so
    it is refused, and an object without a reference is named by {"kind": "model", "id": 3}. Where `by` is
    "email" the rows are people, and a handle names them, too.
    """

    default_error_messages = {
        "range": "This number is out of range. Use the id of an existing {what}.",
        "none": "There is no {what} “{named}”.",
        "nobody": "There is no {what} “{named}”. Use the id, the email address or the handle of a person.",
        "number": 'Use a reference such as R-12, or {{"kind": "model", "id": 3}}.',
    }

    def __init__(
        self, what: str, rows: Callable[[Any], QuerySet], *, by: str = "slug", **kwargs: Any
    ) -> None:
        self.what, self.visible_rows, self.key_field = what, rows, by
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Any:
        is_of_any_kind = self.key_field == "reference"
        if not is_of_any_kind and _is_no_id(data):
            self.fail("range", what=self.what)
        key = str(data).strip()
        if is_of_any_kind and isinstance(data, Mapping):
            lookup = self._by_kind(data)
        elif (number := references.as_id(key)) is not None:
            if is_of_any_kind:
                self.fail("number")
            lookup = {"pk": number}
        elif references.is_reference(key):
            lookup = {"reference" if is_of_any_kind else "subject__reference": key.upper()}
        elif self.key_field == "email":
            is_handle = "@" not in key.removeprefix("@")
            lookup = {"handle": key.removeprefix("@").lower()} if is_handle else {"email": key.lower()}
        else:
            lookup = {self.key_field: key}
        try:
            row = self.visible_rows(self.context["request"].user).filter(**lookup).first()
        except (ValueError, FieldError):  # text in place of a number, or a reference for a kind without one
            row = None
        if row is None:
            problem = "nobody" if self.key_field == "email" else "none"
            self.fail(problem, what=self.what, named=key[:80])
        return row

    def _by_kind(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the lookup of a subject by the kind and id of its object."""
        kind, number = data.get("kind"), data.get("id")
        if set(data) != {"kind", "id"} or not isinstance(kind, str) or type(number) is not int:
            self.fail("number")
        return {"kind": kind, "object_id": number}

    def to_representation(self, value: Any) -> Any:
        return value.pk


def _is_no_id(data: Any) -> bool:
    """Return whether a value is a number that no row can have. JSON reads a longer one as a fraction."""
    return isinstance(data, float) or (type(data) is int and not 0 <= data < 10**18)


def refuse_fields(request: Request) -> None:
    """Raise ValidationError for a body with fields, of a write that takes none."""
    read(Body, request)


def read(serializer: type[serializers.Serializer], request: Request, **kwargs: Any) -> dict[str, Any]:
    """Return the validated body of a write. Raises ValidationError, which names the fields at fault."""
    if request.data is None:  # rest_framework would not name the fix
        raise ValidationError([NO_OBJECT])
    bound = serializer(data=request.data, context={"request": request}, **kwargs)
    bound.is_valid(raise_exception=True)
    return bound.validated_data
