"""Reading reviews: who could be asked, what waits for whom, what stands on their pages."""

from datetime import datetime

from django.db.models import Count

from catalogue.models import Model
from history.models import Subject
from people.models import Membership, User
from people.states import Role
from risklog.models import Reviewer
from risklog.queries import presence
from risklog.routing import Candidate
from risklog.states import ReviewState


def open_load() -> dict[int, int]:
    """How many open reviews each person was asked for and has not answered: user id -> count."""
    waiting = Reviewer.objects.filter(review__state=ReviewState.OPEN, answered_at__isnull=True)
    return dict(waiting.order_by().values_list("user_id").annotate(n=Count("id")).values_list("user_id", "n"))


def candidates(about: Subject, model: Model | None, *, at: datetime) -> list[Candidate]:
    """Everybody who could be asked about a subject, with what the choice needs. Five queries."""
    load, away = open_load(), presence.away_on(presence.day_of(at))
    owner_team = model.owner_team_id if model else None
    named = set(about.viewers or ())
    of_team, seeing = set(), set()
    if owner_team or named:
        for user_id, team_id, team_subject in Membership.objects.order_by("id").values_list(
            "user_id", "team_id", "team__subject_id"
        ):
            if team_id == owner_team:
                of_team.add(user_id)
            if team_subject in named:
                seeing.add(user_id)
    people = User.objects.active().exclude(role=Role.VIEWER).order_by("id")
    return [
        Candidate(
            id=pk,
            function=function or "",
            load=load.get(pk, 0),
            is_of_owner_team=pk in of_team,
            may_see=about.viewers is None or subject in named or pk in seeing,
            is_away=pk in away,
            stand_in=away.get(pk),
        )
        for pk, function, subject in people.values_list("id", "function__slug", "subject_id")
    ]
