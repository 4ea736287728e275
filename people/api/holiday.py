"""The API of days off: public holidays of a country, and own days of the organisation."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.refusals import Refused
from people import queries
from people.days_off import Holiday
from people.filters import HOLIDAYS
from people.models import User
from people.operations import organisation as operations
from rest.fields import Body, read
from rest.resource import ApiView, SpecView, page_size


class HolidayRow(serializers.Serializer):
    """A day on which nobody works. It has no working hours."""

    date = serializers.DateField()
    name = serializers.CharField()
    whose = serializers.CharField(help_text="organisation, or the country of a public holiday, as DE-BY.")
    is_own = serializers.BooleanField(help_text="Whether it is an own day of the organisation.")


class HolidayList(serializers.Serializer):
    """The days off of a year, by date."""

    results = HolidayRow(many=True)
    count = serializers.IntegerField()
    is_count_capped = serializers.BooleanField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class NewHoliday(Body):
    date = serializers.DateField()
    name = serializers.CharField(max_length=80)


class Holidays(SpecView):
    """The days off of the coming year. POST adds an own day."""

    permission = {"GET": "people.person_view", "POST": "people.administrate"}
    bodies = {"POST": NewHoliday}
    answers = {"GET": (200, HolidayList), "POST": (201, HolidayRow)}
    spec = HOLIDAYS

    def get(self, request: Request) -> Response:
        """List the days off of a year, of the organisation or of a person with another country."""
        selection = self.selection(request)
        since: date = selection.values.get("since", (clock.today(),))[0]
        rows = self._rows(request, since, selection.values.get("person"))
        return Response(self._page(request, rows, selection.place))

    @staticmethod
    def _page(request: Request, rows: list[Holiday], place: Mapping[str, str]) -> dict[str, Any]:
        """Return one page as the answer. Its cursor is the date of the last row: there is one row a date."""
        if "before" in place:
            raise ValidationError({"before": ["This list is read forwards only. Use after."]})
        waiting, size = rows, page_size(place.get("limit"))
        if "after" in place:
            try:
                last = queries.day_named(place["after"])
            except Refused as refusal:
                raise ValidationError({"after": [refusal.message]}) from None
            waiting = [row for row in rows if row.date > last]
        shown, link = waiting[:size], None
        if len(waiting) > size:
            query = {**request.query_params.dict(), "after": shown[-1].date.isoformat()}
            link = request.build_absolute_uri(f"{request.path}?{urlencode(query)}")
        counts = {"count": len(rows), "is_count_capped": False}
        return {"results": HolidayRow(shown, many=True).data, **counts, "next": link, "previous": None}

    def post(self, request: Request) -> Response:
        """Add an own day of the organisation. What was planned for it is planned again."""
        values = read(NewHoliday, request)
        changed = operations.add_day_off(**values, by=self.by(request), at=clock.now())
        day = values["date"]
        row = Holiday(day, changed.own_days[day], "organisation")
        return Response(HolidayRow(row).data, status=201)

    @staticmethod
    def _rows(request: Request, since: date, values: Sequence[Any] | None) -> list[Holiday]:
        """Return the days off of a person, or of the organisation. There are none of an unknown person."""
        if values is None:
            return queries.coming_days_off(since)
        pk = request.user.pk if values[0] == "me" else values[0]
        person = User.objects.visible_to(request.user).filter(pk=pk).first()
        return queries.coming_days_off(since, person) if person else []


class HolidayItem(ApiView):
    """An own day of the organisation, by its date."""

    permission = {"DELETE": "people.administrate"}
    bodies = {"DELETE": None}
    answers = {"DELETE": (204, None)}

    def delete(self, request: Request, key: str) -> Response:
        """Remove an own day off. Public holidays cannot be removed."""
        try:
            day = queries.day_named(key)
            operations.remove_day_off(date=day, by=self.by(request), at=clock.now())
        except Refused:
            raise Http404 from None
        return Response(status=204)


RESOURCES: list = [
    ("holidays", Holidays),
    ("holidays/<str:key>", HolidayItem),
]
