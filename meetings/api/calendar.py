"""API resources of calendars: iCalendar files of a series, and of all meetings of the caller."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request

from kit import clock
from meetings.models import MeetingSeries
from meetings.queries import calendar as queries
from people.icalendars import MEDIA_TYPE, tag_of
from rest import keys
from rest.resource import ApiView
from rest.versions import tags


class _Calendar(ApiView):
    """GET returns an iCalendar with its ETag; 304 if the client has this version."""

    permission = {"GET": "meetings.meeting_view"}
    answers = {"GET": (200, OpenApiTypes.STR)}
    media_type = "text/calendar"
    is_tagged = True

    def send(self, request: Request, series: MeetingSeries | None) -> HttpResponseBase:
        content = queries.feed(request.user, series, at=clock.now())
        tag = tag_of(content)
        known = tags(request.headers.get("If-None-Match"))
        if tag in known or "*" in known:
            return HttpResponse(status=304, headers={"ETag": tag})
        return HttpResponse(content, content_type=MEDIA_TYPE, headers={"ETag": tag})


class MyCalendar(_Calendar):
    """The meetings of the caller as an iCalendar."""

    def get(self, request: Request) -> HttpResponseBase:
        return self.send(request, None)


class SeriesCalendar(_Calendar):
    """The meetings of a series as an iCalendar."""

    def get(self, request: Request, key: str) -> HttpResponseBase:
        rows = MeetingSeries.objects.visible_to(request.user).select_related("subject")
        return self.send(request, get_object_or_404(rows, **keys.lookup(key)))


RESOURCES: list = [
    ("calendar.ics", MyCalendar),
    ("meeting-series/<str:key>/calendar.ics", SeriesCalendar),
]
