"""The presses that mark learnings as read."""

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from kit import clock
from kit.rights import view_needs
from learnings.operations import reading as operations
from learnings.views.learning import learning_of
from pages.answers import go, toast
from pages.requests import actor
from people.permissions import SignedInRequest


@require_POST
@view_needs("learnings.learning_mark_read")
def learning_read(request: SignedInRequest, reference: str) -> HttpResponse:
    """Mark a learning as read. Its page does that when it has loaded."""
    operations.read(learning_of(request, reference), by=actor(request), at=clock.now())
    return HttpResponse(status=204)


@require_POST
@view_needs("learnings.learning_mark_read")
def read_all(request: SignedInRequest) -> HttpResponse:
    operations.read_all(by=actor(request), at=clock.now())
    return toast(request, go(request, reverse("learnings:learning_list")), "All learnings marked as read")
