"""The API of days off: public holidays of a country, and own days of the organisation."""

from datetime import date
from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.refusals import Refused
from lists.filtering import BadQuery
from people import queries
from people.filters import HOLIDAYS
from people.models import User
from people.operations import organisation as operations
from rest.fields import Body, read
from rest.resource import ApiView


class HolidayRow(serializers.Serializer):
    """A day on which nobody works. It has no working hours."""

    date = serializers.DateField()
    name = serializers.CharField()
    whose = serializers.CharField(help_text="organisation, or the country of a public holiday, as DE-BY.")
    is_own = serializers.BooleanField(help_text="Whether it is an own day of the organisation.")


class HolidayList(serializers.Serializer):
    """The days off of a year, by date. They are one page."""

    results = HolidayRow(many=True)
    count = serializers.IntegerField()


class NewHoliday(Body):
    date = serializers.DateField()
    name = serializers.CharField(max_length=80)


class Holidays(ApiView):
    """The days off of the coming year. POST adds an own day."""

    permission = {"GET": "people.person_view", "POST": "people.administrate"}
    bodies = {"POST": NewHoliday}
    answers = {"GET": (200, HolidayList), "POST": (201, HolidayRow)}
    spec = HOLIDAYS

    def get(self, request: Request) -> Response:
        """List the days off of a year, of the organisation or of a person with another country."""
        try:
            selection = self.spec.read(dict(request.query_params.lists()))
        except BadQuery as error:
            raise ValidationError({name: [text] for name, text in error.errors.items()}) from None
        if selection.place:
            raise ValidationError({name: ["This list has one page."] for name in selection.place})
        since: date = selection.values.get("since", (clock.today(),))[0]
        rows = queries.coming_days_off(since, self._person(request, selection.values.get("person")))
        return Response({"results": HolidayRow(rows, many=True).data, "count": len(rows)})

    def post(self, request: Request) -> Response:
        """Add an own day of the organisation. What was planned for it is planned again."""
        values = read(NewHoliday, request)
        changed = operations.add_day_off(**values, by=self.by(request), at=clock.now())
        row = _own(changed.own_days, values["date"])
        address = f"/api/v1/holidays/{values['date'].isoformat()}"
        return Response(row, status=201, headers={"Location": address})

    def _person(self, request: Request, values: Any) -> User | None:
        if values is None:
            return None
        pk = request.user.pk if values[0] == "me" else values[0]
        person = User.objects.visible_to(request.user).filter(pk=pk).first()
        if person is None:
            raise ValidationError({"person": [f"There is no person “{pk}”."]})
        return person


class HolidayItem(ApiView):
    """An own day of the organisation, by its date."""

    permission = {"GET": "people.person_view", "DELETE": "people.administrate"}
    bodies = {"DELETE": None}
    answers = {"GET": (200, HolidayRow), "DELETE": (204, None)}

    def get(self, request: Request, key: str) -> Response:
        """Get an own day off."""
        found = queries.organisation()
        return Response(_own(found.own_days if found else {}, _day(key)))

    def delete(self, request: Request, key: str) -> Response:
        """Remove an own day off. Public holidays cannot be removed."""
        day, found = _day(key), queries.organisation()
        _own(found.own_days if found else {}, day)
        operations.remove_day_off(date=day, by=self.by(request), at=clock.now())
        return Response(status=204)


def _day(key: str) -> date:
    try:
        return queries.day_named(key)
    except Refused:
        raise Http404 from None


def _own(days: dict[date, str], day: date) -> dict[str, Any]:
    """Return the row of an own day off. Raises Http404."""
    if day not in days:
        raise Http404
    return {"date": day.isoformat(), "name": days[day], "whose": "organisation", "is_own": True}


RESOURCES: list = [
    ("holidays", Holidays),
    ("holidays/<str:key>", HolidayItem),
]
