"""The learning of the week: the panels on My week; vote, take the vote back, choose."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from kit import clock
from kit.refusals import Refused
from kit.rights import may, require, view_needs
from learnings.models import Learning, LearningSession
from learnings.operations import week as operations
from learnings.queries import session as sessions
from learnings.queries import week as queries
from learnings.views.learning import address_of, learning_of
from pages.answers import go, toast
from pages.requests import actor
from people.permissions import SignedInRequest

AHEAD = timedelta(days=7)


@require_safe
@view_needs("learnings.learning_view")
def my_week(request: SignedInRequest) -> HttpResponse:
    """Show the panels of My week: the reader's sessions of the next seven days, the learning of the week."""
    at = clock.now()
    found = queries.present_of(request.user, at)
    coming: Sequence[LearningSession] = ()
    if may(request.user, "learnings.session_view"):
        coming = sessions.coming_of(request.user, since=at, until=at + AHEAD)
    if not (found or coming):
        return HttpResponse()
    return render(request, "learnings/_my_week.html", {"of_week": found, "sessions": coming})


@require_POST
@view_needs("learnings.learning_use")
def learning_vote(request: SignedInRequest, reference: str) -> HttpResponse:
    """Vote for a learning, or take the vote back (`is_on` = 0). A second press changes nothing."""
    learning = learning_of(request, reference)
    require(request.user, "learnings.learning_use", learning)
    if request.POST.get("is_on") == "0":
        return _press(request, learning, operations.withdraw_vote, "Vote taken back")
    return _press(request, learning, operations.vote, "Your vote of this week is for this learning")


@require_POST
@view_needs("learnings.week_choose")
def learning_choose(request: SignedInRequest, reference: str) -> HttpResponse:
    """Choose the learning of this week. A second press changes nothing."""
    learning = learning_of(request, reference)
    require(request.user, "learnings.week_choose", learning)
    return _press(request, learning, operations.choose, "Chosen as learning of the week")


def _press(
    request: SignedInRequest, learning: Learning, operation: Callable[..., Any], message: str
) -> HttpResponse:
    """Run an operation that needs no version, because it overwrites nothing that was read."""
    try:
        operation(learning, by=actor(request), at=clock.now())
    except Refused as refusal:
        message = refusal.message
    return toast(request, go(request, address_of(learning)), message)
