"""Goals: a figure that should reach a target by a date."""

from datetime import date

from django.db import models
from django.db.models import Q

from history.models import Recorded
from leaders import progress
from leaders.states import GOAL_MOVES, UNITS, GoalDirection, GoalState, Measure
from lists.collation import Collated
from people.models import Team, User

MAX_TITLE = 200


class Goal(Recorded):
    """A figure with its target and date, of a team or of the organisation (no team). Everyone may see it.

    measure: a figure of the nightly snapshot, or TYPED for one that people enter. unit: of an entered figure.
    start: the figure when the goal was set, from which its progress counts; None if it was not known.
    figure, figure_on: the last entered figure and its day. At the end of the goal also that of a snapshot.
    """

    KIND = "goal"
    MOVES = GOAL_MOVES
    HISTORY_LABELS = {
        "start": "Figure at the start",
        "figure": "Present figure",
        "figure_on": "Day of the figure",
        "direction": "The figure should be",
    }

    title = models.CharField(max_length=MAX_TITLE)
    reason = models.TextField(blank=True, default="")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    measure = models.CharField(max_length=20, choices=Measure.choices, default=Measure.TYPED)
    unit = models.CharField(max_length=20, blank=True, default="")
    direction = models.CharField(max_length=8, choices=GoalDirection.choices, default=GoalDirection.AT_MOST)
    start = models.FloatField(null=True, blank=True)
    target = models.FloatField()
    due_on = models.DateField()
    figure = models.FloatField(null=True, blank=True)
    figure_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=GoalState.choices, default=GoalState.OPEN)
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    # Set by queries.goal.set_figures(): the figure of the latest snapshot, and its day.
    measured: tuple[float | None, date] | None = None

    class Meta:
        indexes = [
            models.Index(fields=["due_on", "id"], name="leaders_goal_due"),
            models.Index(fields=["team", "due_on"], name="leaders_goal_team", condition=Q(state="open")),
            models.Index(fields=["-made_at", "-id"], name="leaders_goal_newest"),
            models.Index(Collated("title"), "title", "id", name="leaders_goal_title"),
        ]

    @property
    def is_open(self) -> bool:
        return self.state == GoalState.OPEN

    @property
    def is_typed(self) -> bool:
        """Return True if people enter its figure, False if a snapshot has it."""
        return self.measure == Measure.TYPED

    @property
    def shown_unit(self) -> str:
        """Return the unit as it follows a figure: with a space before a word, "" without a unit."""
        unit = self.unit or UNITS.get(Measure(self.measure), "")
        return f" {unit}" if unit[:1].isalpha() else unit

    @property
    def present_figure(self) -> float | None:
        """Return the figure of the latest snapshot if it was loaded (queries.goal), else the entered one."""
        return self.measured[0] if self.measured else self.figure

    @property
    def measured_on(self) -> date | None:
        return self.measured[1] if self.measured else self.figure_on

    @property
    def percent(self) -> int | None:
        """Return how much of the way is done, 0 to 100; None while that is not known."""
        return progress.percent(self.start, self.present_figure, self.target, self.direction)

    @property
    def is_met(self) -> bool:
        return progress.is_met(self.present_figure, self.target, self.direction)
