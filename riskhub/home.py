"""My week: the reader's open work, then what is coming up. For a new instance, the set-up steps."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from actions import queries as actions
from catalogue.models import Model
from kit import clock
from kit.rights import view_needs
from leaders.views import sponsor
from meetings.models import MeetingSeries
from notices.queries import inbox, mine
from pages.answers import respond
from people.models import Organisation, Team, User
from people.permissions import SignedInRequest
from people.states import Role
from riskhub import start_here
from riskhub.shell import address, count_unread_with
from risklog.models import Risk
from signals.models import Source

AHEAD = timedelta(days=7)
SHOWN = 8
FEW = 5

count_unread_with(inbox.unread_count)


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One step of the set-up of a new instance, up to the first breach on an agenda."""

    name: str
    why: str
    url: str
    is_done: bool


@require_safe
@view_needs("people.signed_in")
def home(request: SignedInRequest) -> HttpResponse:
    """Show the start page. Costs at most fifteen queries for any amount of data, five more for a sponsor."""
    user, at = request.user, clock.now()
    today = timezone.localdate(at)
    todo: list[Any] = list(actions.mine(user).filter(due_on__lte=today + AHEAD)[: SHOWN * 2])
    escalations: list[Any] = list(mine.escalations_to(user)[:SHOWN])
    reviews = list(mine.reviews_to_answer(user)[:SHOWN])
    waiting = mine.for_home(user, until=today + AHEAD, most=SHOWN)
    late = [action for action in todo if action.due_on < today]
    in_ladder = {escalation.about_id: escalation for escalation in escalations}
    for action in todo:
        if action.subject_id in in_ladder:
            in_ladder[action.subject_id].due_on = action.due_on
    of_sponsor = sponsor.for_home(user, at, is_sponsor=waiting.is_sponsor)
    context = {
        "now": at,
        "today": today,
        "escalations": escalations,
        # What is escalated to the reader is one line: the escalation, which says when it was due.
        "reviews": [asked for asked in reviews if asked.review.subject_id not in in_ladder],
        "actions": [action for action in todo if action.subject_id not in in_ladder],
        "late": late,
        "due_soon": [action for action in todo if action.due_on >= today],
        "scores": waiting.scores,
        "experiments": [one for one in waiting.experiments if one["subject_id"] not in in_ladder],
        "acceptances": [one for one in waiting.acceptances if one["subject_id"] not in in_ladder],
        "is_clear": not any(
            (
                *(escalations, reviews, todo, of_sponsor["raised"]),
                *(waiting.scores, waiting.experiments, waiting.acceptances),
            )
        ),
        "breaches": list(mine.breaches_of_my_teams(user)[:SHOWN]),
        "drafts": list(mine.learning_drafts(user)[:FEW]),
        "newest": inbox.newest(user, FEW),
        "new_in": start_here.for_newcomer(user, at),
        **of_sponsor,
        **_meetings(user, at),
        **_register(user),
    }
    return respond(request, "home.html", None, context)


def _meetings(user: User, at: datetime) -> dict[str, Any]:
    """Return the meetings of the next two weeks. Those that the reader facilitates are marked."""
    found: list[Any] = list(mine.meetings_of(user, since=at, until=at + 2 * AHEAD)[:FEW])
    for meeting in found:
        meeting.is_mine_to_lead = meeting.facilitator_id == user.pk
        meeting.is_mine_to_stand_in = meeting.stand_in_id == user.pk
    return {"meetings": found, "leading": [one for one in found if one.is_mine_to_lead]}


def _register(user: User) -> dict[str, Any]:
    """Return, for managers of the register, risks without an owner and the open set-up steps."""
    if not user.is_at_least(Role.RISK_MANAGER):
        return {"unowned": [], "steps": []}
    steps = _steps(user)
    is_ready = all(step.is_done for step in steps)
    return {"unowned": list(mine.unowned_risks(user)[:FEW]), "steps": [] if is_ready else steps}


def _steps(user: User) -> list[SetupStep]:
    """Return the steps from an empty instance to the first meeting. Costs one query."""
    there = (
        Organisation.objects.values_list(
            *(
                Exists(rows)
                for rows in (
                    User.objects.exclude(pk=user.pk),
                    Team.objects.all(),
                    Model.objects.all(),
                    Source.objects.all(),
                    MeetingSeries.objects.all(),
                    Risk.objects.all(),
                )
            )
        ).first()
        or (False,) * 6
    )
    setup_texts = (
        ("Add people", "A review needs people from at least two functions.", "people:person_list"),
        ("Create teams", "A model belongs to a team, which is notified of its breaches.", "people:team_list"),
        ("Register a model", "Signals, risks and decisions are linked to it.", "catalogue:model_list"),
        (
            "Connect a monitoring tool",
            "Its alerts open breaches and reviews automatically.",
            "signals:source_list",
        ),
        (
            "Plan a meeting series",
            "Agendas are filled automatically and the facilitator rotates.",
            "meetings:meeting_list",
        ),
        ("Create the first risk", "Only a title and a category are required.", "risklog:risk_list"),
    )
    return [
        SetupStep(name, why, address(url), done)
        for (name, why, url), done in zip(setup_texts, there, strict=True)
    ]
