"""The Atom feed of published learnings, for the signed-in user and for feed readers at secret addresses.

Texts are cleaned here again: XML allows no control characters, and rows may be older than the rule that
removes them before storing.
"""

import hashlib
from datetime import datetime
from typing import Any

from django.contrib.syndication.views import Feed
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.feedgenerator import Atom1Feed
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from kit import clock
from kit.rights import OPEN, view_needs
from kit.texts import many_lines, one_line
from learnings.models import Learning
from learnings.operations import feed_address as operations
from learnings.queries import feed_address as queries_of_addresses
from learnings.queries import learning as queries
from pages.templatetags.ui import markdown
from people.models import User
from people.operations.token import hash_of
from people.queries.sight import reader_of

SIZE = 30


class Published(Feed):
    """The 30 newest learnings that the user may see."""

    feed_type = Atom1Feed
    title = "Learnings"
    subtitle = "Learnings from reviews and outcomes"

    def get_object(self, request: HttpRequest) -> Any:
        return request.user

    def link(self) -> str:
        return reverse("learnings:learning_list")

    def items(self, user: User) -> list[Learning]:
        return list(queries.published(user)[:SIZE])

    def item_title(self, item: Learning) -> str:
        return one_line(item.title)

    def item_description(self, item: Learning) -> str:
        return markdown(many_lines(item.seen))

    def item_link(self, item: Learning) -> str:
        return reverse("learnings:learning_detail", args=[item.reference])

    def item_author_name(self, item: Learning) -> str:
        return one_line(item.author.name) if item.author else "Riskhub"

    def item_pubdate(self, item: Learning) -> datetime | None:
        return item.published_at

    item_updateddate = item_pubdate

    def item_categories(self, item: Learning) -> list[str]:
        return [one_line(tag) for tag in item.tags]


published = view_needs("learnings.learning_view")(Published())


class AtAddress(Published):
    """The feed of the owner of a secret address, as they may see it now. 404 if the address has ended."""

    def get_object(self, request: HttpRequest, secret: str = "") -> User:
        address = queries_of_addresses.address_with(hash_of(secret))
        if address is None:
            raise Http404
        operations.note_reading(address, at=clock.now())
        return reader_of(address)


_at_address = AtAddress()


@require_safe
@view_needs(OPEN)
def at_address(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Return the feed with its ETag; 304 without a body if the reader has it."""
    response = _at_address(request, secret=secret)
    response["Cache-Control"] = "private, no-cache"
    response["ETag"] = tag = quote_etag(hashlib.sha256(response.content).hexdigest()[:32])
    return get_conditional_response(request, etag=tag, response=response) or response
