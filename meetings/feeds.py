"""The calendars that programs read at secret addresses, without a session."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from kit import clock
from kit.rights import OPEN, view_needs
from meetings.operations import calendar_feed as operations
from meetings.queries import calendar as queries
from people.icalendars import MEDIA_TYPE, tag_of
from people.operations.token import hash_of
from people.queries.sight import reader_of


@require_safe
@view_needs(OPEN)
def calendar(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Return the calendar of a secret address, as its owner may see it now. 404 if the address has ended."""
    at = clock.now()
    feed = queries.feed_with(hash_of(secret))
    if feed is None:
        raise Http404
    content = queries.feed(reader_of(feed), feed.series, at=at)
    operations.note_reading(feed, at=at)
    return answer(request, content)


def answer(request: HttpRequest, content: bytes) -> HttpResponseBase:
    """Return a calendar with its ETag; 304 without a body if the reader has it."""
    response = HttpResponse(content, content_type=MEDIA_TYPE)
    response["Cache-Control"] = "private, no-cache"
    response["ETag"] = tag = tag_of(content)
    return get_conditional_response(request, etag=tag, response=response) or response
