"""The API of goals: list, get, set and change, and one POST per step."""

from typing import Any

from django.db.models import F, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.sight import Visitor
from leaders import progress
from leaders.filters import GOALS
from leaders.models import MAX_TITLE, Goal
from leaders.operations import goal as operations
from leaders.queries import goal as queries
from leaders.states import GoalDirection, GoalState, Measure
from people.models import Team, User
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource
from rest.steps import Step


class GoalRow(serializers.Serializer):
    """A goal: a figure that should reach a target by a date."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    reason = serializers.CharField(help_text="Markdown.")
    team_slug = serializers.CharField(allow_null=True, help_text="null: a goal of the organisation.")
    owner_id = serializers.IntegerField(allow_null=True)
    measure = serializers.ChoiceField(Measure.choices)
    unit = serializers.CharField()
    direction = serializers.ChoiceField(GoalDirection.choices)
    start = serializers.FloatField(allow_null=True, help_text="The figure from which progress counts.")
    target = serializers.FloatField()
    due_on = serializers.DateField()
    figure = serializers.FloatField(allow_null=True, help_text="The present figure.")
    figure_on = serializers.DateField(allow_null=True)
    percent = serializers.IntegerField(
        allow_null=True, help_text="How much of the way is done, 0 to 100. null: not known yet."
    )
    state = serializers.ChoiceField(GoalState.choices)
    made_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)


def _people(user: Visitor) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


class GoalChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    title = serializers.CharField(max_length=MAX_TITLE, required=False)
    reason = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    owner = Visible("person", _people, by="email", required=False, allow_null=True)
    unit = serializers.CharField(max_length=20, required=False, allow_blank=True)
    direction = serializers.ChoiceField(GoalDirection.choices, required=False)
    start = serializers.FloatField(required=False, allow_null=True)
    target = serializers.FloatField(required=False)
    due_on = serializers.DateField(required=False)


class NewGoal(GoalChange):
    """The body that sets a goal. Title, target and date are required."""

    title = serializers.CharField(max_length=MAX_TITLE)
    target = serializers.FloatField()
    due_on = serializers.DateField()
    measure = serializers.ChoiceField(Measure.choices, default=Measure.TYPED)
    team = Visible(
        "team",
        Team.objects.visible_to,
        required=False,
        allow_null=True,
        help_text="A slug. Without a team it is a goal of the organisation.",
    )


class GoalFigure(Body):
    figure = serializers.FloatField()
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)


class GoalResult(Body):
    is_reached = serializers.BooleanField()
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class GoalReason(Body):
    reason = serializers.CharField(max_length=300)


class _Goals(Resource):
    kind = "goal"
    serializer_class = GoalRow
    columns = {
        **{name: name for name in GoalRow().fields if name not in {"team_slug", "percent"}},
        "team_slug": "team__slug",
    }

    def rows(self, request: Request) -> QuerySet:
        return Goal.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return queries.goals(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(of_team=F("team_id"))

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Add the figures of the latest snapshot to open goals, and how much of the way is done."""
        asked = [(row["measure"], row["of_team"]) for row in rows if row["state"] == GoalState.OPEN]
        measured = queries.figures(asked)
        for row in rows:
            known = measured.get((row["measure"], row.pop("of_team")))
            if known and row["state"] == GoalState.OPEN:
                row["figure"], row["figure_on"] = known
            row["percent"] = progress.percent(row["start"], row["figure"], row["target"], row["direction"])
        return rows


class Goals(_Goals, Collection):
    """Goals of the organisation and of teams."""

    permission = {"GET": "leaders.goal_view", "POST": "leaders.goal_add"}
    bodies = {"POST": NewGoal}
    spec = GOALS

    def post(self, request: Request) -> Response:
        goal = operations.add(**read(NewGoal, request), by=self.by(request), at=clock.now())
        return self.created(request, goal.pk, f"goals/{goal.pk}")


class GoalItem(_Goals, EditableItem):
    """A goal, by id."""

    permission = {"GET": "leaders.goal_view", "PATCH": "leaders.goal_change"}
    body = GoalChange
    operation = staticmethod(operations.change)


class _GoalStep(_Goals, Step):
    is_versioned = True
    permission = {"POST": "leaders.goal_change"}
    answers = {"POST": (200, GoalRow)}


class EnterFigure(_GoalStep):
    """Enter the present figure of a goal that is measured by hand."""

    body = GoalFigure
    operation = staticmethod(operations.note_figure)


class SettleGoal(_GoalStep):
    """Say whether a goal was reached."""

    body = GoalResult
    operation = staticmethod(operations.settle)


class DropGoal(_GoalStep):
    """Drop a goal that is no longer pursued."""

    body = GoalReason
    operation = staticmethod(operations.drop)


class ReopenGoal(_GoalStep):
    """Reopen a goal that is reached, missed or dropped."""

    operation = staticmethod(operations.reopen)


RESOURCES: list = [
    ("goals", Goals),
    ("goals/<str:key>", GoalItem),
    ("goals/<str:key>/figure", EnterFigure),
    ("goals/<str:key>/settle", SettleGoal),
    ("goals/<str:key>/drop", DropGoal),
    ("goals/<str:key>/reopen", ReopenGoal),
]
