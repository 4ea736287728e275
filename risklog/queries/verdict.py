"""What reviews said about breach groups, for pages of the room below."""

from collections.abc import Collection

from people.models import User
from risklog.models import Review
from risklog.states import Outcome, ReviewState
from signals.queries.verdicts import BreachVerdict, ReviewVerdict

# Another limit would not have opened it, as with a false alarm.
_CALLED = {
    Outcome.CONFIRMED: BreachVerdict.REAL,
    Outcome.FALSE_ALARM: BreachVerdict.NOISE,
    Outcome.THRESHOLD_TO_CHANGE: BreachVerdict.NOISE,
    Outcome.POOR_EVIDENCE: BreachVerdict.UNCLEAR,
    Outcome.EXPERIMENT_NEEDED: BreachVerdict.UNCLEAR,
}


def of_groups(user: User | None, subject_ids: Collection[int]) -> dict[int, ReviewVerdict]:
    """Return subject id of a breach group -> the outcome of its last settled review. One query.

    user: sees the reviews; None: without regard to who may see them.
    """
    rows = Review.objects.filter(about__in=subject_ids, state=ReviewState.SETTLED).exclude(outcome="")
    if user is not None:
        rows = rows.visible_to(user)
    latest = rows.order_by("about_id", "-settled_at", "-id").distinct("about_id")
    return {
        about: ReviewVerdict(_CALLED[Outcome(outcome)], Outcome(outcome).label)
        for about, outcome in latest.values_list("about_id", "outcome")
    }
