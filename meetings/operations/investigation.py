"""Attach check-ins to an investigation: a risk, a breach, a review, an incident or an experiment."""

from datetime import datetime

from history import operations as history
from history.models import Subject
from incidents.models import Incident
from kit.actor import Actor
from kit.refusals import Refused
from meetings.models import CheckIn
from risklog.models import Experiment, Review, Risk
from signals.models import BreachGroup

KINDS = frozenset({Risk.KIND, BreachGroup.KIND, Review.KIND, Incident.KIND, Experiment.KIND})


def attach(
    check_in: CheckIn, *, about: Subject | None, by: Actor, at: datetime, seen: int | None = None
) -> CheckIn:
    """Attach a check-in to an investigation, or detach it (None).

    Raises Refused(field="about") for an object of another kind, ChangedMeanwhile.
    """
    if about is not None and about.kind not in KINDS:
        raise Refused("Use a risk, breach, review, incident or experiment, such as R-12.", field="about")
    verb = "meetings.check_in_attached"
    history.change(check_in, {"about": about}, by=by, at=at, seen=seen, verb=verb)
    return check_in
