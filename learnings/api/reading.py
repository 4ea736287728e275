"""The API of what you have read: `reading=unread` filters the list, these mark."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from learnings.api.learning import LearningRow, OfLearnings
from learnings.operations import reading as operations
from rest.fields import refuse_fields
from rest.resource import ApiView
from rest.steps import Step


class ReadLearning(OfLearnings, Step):
    """Mark a learning as read."""

    permission = {"POST": "learnings.learning_mark_read"}
    answers = {"POST": (200, LearningRow)}
    takes_version = False
    operation = staticmethod(operations.read)


class ReadAll(ApiView):
    """Mark everything as read that was published until now."""

    permission = {"POST": "learnings.learning_mark_read"}
    bodies = {"POST": None}
    answers = {"POST": (204, None)}

    def post(self, request: Request) -> Response:
        refuse_fields(request)
        operations.read_all(by=self.by(request), at=clock.now())
        return Response(status=204)


RESOURCES: list[tuple[str, Any]] = [
    ("learnings/read-all", ReadAll),
    ("learnings/<str:key>/read", ReadLearning),
]
