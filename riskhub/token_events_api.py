"""The API of what was done with a token, for its owner and administrators."""

from typing import cast

from django.db.models import QuerySet
from rest_framework.request import Request

from people import queries as people
from people.models import User
from rest.nested import NestedCollection
from riskhub.events_api import SPEC, EventList


class TokenEvents(EventList, NestedCollection):
    """List what was done with a token, newest first."""

    permission = {"GET": "people.token_view"}
    spec = SPEC
    parent_reference = ""

    def parents(self, request: Request) -> QuerySet:
        return people.tokens_seen_by(cast(User, request.user))

    def rows(self, request: Request) -> QuerySet:
        done = people.done_with(self.parent(request), cast(User, request.user))
        return super().rows(request).filter(pk__in=done.order_by().values("pk"))


RESOURCES: list = [("tokens/<str:key>/events", TokenEvents)]
