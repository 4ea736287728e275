"""The states of goals, what they measure, and which way is good."""

from django.db.models import TextChoices


class GoalState(TextChoices):
    OPEN = "open", "Open"
    REACHED = "reached", "Reached"
    MISSED = "missed", "Missed"
    DROPPED = "dropped", "Dropped"


class GoalDirection(TextChoices):
    AT_MOST = "at_most", "At most"
    AT_LEAST = "at_least", "At least"


class Measure(TextChoices):
    """What a goal measures: a figure that people enter, or one of the nightly snapshot."""

    TYPED = "typed", "Entered by hand"
    LIVE_RISKS = "live_risks", "Live risks"
    SEVERE_RISKS = "severe_risks", "Risks of the two highest levels"
    ACCEPTED_RISKS = "accepted_risks", "Accepted risks"
    LATE_ACTIONS = "late_actions", "Overdue actions"
    LATE_REVIEWS = "late_reviews", "Overdue reviews"
    ESCALATIONS = "escalations", "Unresolved escalations"
    HOURS_TO_REVIEW = "hours_to_review", "Hours from breach to review (median)"
    DAYS_TO_DECISION = "days_to_decision", "Days from review to decision (median)"
    DAYS_TO_DONE = "days_to_done", "Days from decision to done (median)"
    DONE_IN_TIME = "done_in_time", "Actions done in time (percent)"
    HELD = "held", "Meetings held (percent)"


# The units of measured figures. All others are counts.
UNITS = {
    Measure.HOURS_TO_REVIEW: "hours",
    Measure.DAYS_TO_DECISION: "days",
    Measure.DAYS_TO_DONE: "days",
    Measure.DONE_IN_TIME: "%",
    Measure.HELD: "%",
}
GOAL_MOVES = {
    (GoalState.OPEN, GoalState.REACHED): "leaders.goal_reached",
    (GoalState.OPEN, GoalState.MISSED): "leaders.goal_missed",
    (GoalState.OPEN, GoalState.DROPPED): "leaders.goal_dropped",
    (GoalState.REACHED, GoalState.OPEN): "leaders.goal_reopened",
    (GoalState.MISSED, GoalState.OPEN): "leaders.goal_reopened",
    (GoalState.DROPPED, GoalState.OPEN): "leaders.goal_reopened",
}


class Gap(TextChoices):
    """What history does not tell of a past day. A derived snapshot has what is the case now instead."""

    SIGHT = "sight", "who could see what: it counts for those who may see it now"
    TIERS = "tiers", "the tiers of models and the levels of the risk matrix: those of now are used"
    DUE_DATES = "due_dates", "due dates that were moved since: those of now are used"
    TEAMS = "teams", "who was in a team, and of which team a risk was when it was opened or closed"


class SponsorAnswer(TextChoices):
    """What a sponsor answers to an action whose block was raised to them."""

    GOES_ON = "goes_on", "It can go on"
    STAYS = "stays", "It stays blocked for now"
    DROPPED = "dropped", "Drop it"
