"""The Atom feed of published learnings, for the signed-in user.

Texts are cleaned here again: XML allows no control characters, and rows may be older than the rule that
removes them before storing.
"""

from datetime import datetime
from typing import Any

from django.contrib.syndication.views import Feed
from django.http import HttpRequest
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed

from kit.rights import view_needs
from kit.texts import many_lines, one_line
from learnings.models import Learning
from learnings.queries import learning as queries
from pages.templatetags.ui import markdown
from people.models import User

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
