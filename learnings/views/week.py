"""The learning of the week: its panel on My week; vote, take the vote back, choose."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from kit import clock
from kit.refusals import Refused
from kit.rights import require, view_needs
from learnings.models import Learning
from learnings.operations import week as operations
from learnings.queries import week as queries
from learnings.views.learning import address_of, learning_of
from pages.answers import go, toast
from pages.requests import actor
from people.permissions import SignedInRequest


@require_safe
@view_needs("learnings.learning_view")
def of_week(request: SignedInRequest) -> HttpResponse:
    """Show the learning of the week as a panel of My week, or nothing without one."""
    found = queries.present_of(request.user, clock.now())
    return render(request, "learnings/_of_week.html", {"of_week": found}) if found else HttpResponse()


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
