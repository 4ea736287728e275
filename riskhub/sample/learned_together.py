"""How people of the sample used what others had learned, and what they voted for."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from kit.actor import Actor
from learnings.models import Learning
from learnings.operations import use, week
from learnings.states import LearningState
from people.models import User
from risklog.models import Risk

# Who used it, how, and the title of the risk where.
_USES = (
    ("tunde", "We compared the missing values by acquirer before the new ones went live.", ""),
    ("wei", "Found the empty field within an hour.", "Scores are too low for refinancing customers"),
)


def learn_together(people: Mapping[str, User], *, at: datetime) -> None:
    """Record uses of the first published learning, and votes for the newest one."""
    first = Learning.objects.filter(state=LearningState.PUBLISHED).order_by("published_at").first()
    if first is None:
        return
    for days, (name, note, title) in enumerate(_USES):
        risk = Risk.objects.select_related("subject").filter(title=title).first()
        about = risk.subject if risk else None
        by, moment = Actor(people[name], "page"), at - timedelta(days=len(_USES) - days)
        use.add(first, about=about, note=note, by=by, at=moment)
    newest = Learning.objects.filter(state=LearningState.PUBLISHED).order_by("-published_at")[0]
    for name, learning in (("jonas", newest), ("mila", newest), ("sofia", first)):
        week.vote(learning, by=Actor(people[name], "page"), at=at)
