"""The forms of goals, of a sponsor's answer and of their hours."""

from typing import Any

from django import forms

from actions.models import Action
from leaders.models import MAX_HOURS, MAX_TITLE, Goal
from leaders.operations.goal import CHANGEABLE
from leaders.states import GoalDirection, Measure, SponsorAnswer
from lists.collation import BY_NAME
from pages.forms import Day, PageForm
from people.models import Team, User
from people.states import Role
from risklog.models import Acceptance


class GoalForm(PageForm):
    """The fields of a goal that a person may change."""

    title = forms.CharField(label="What should be reached", max_length=MAX_TITLE)
    direction = forms.ChoiceField(
        label="The figure should be", choices=GoalDirection.choices, initial=GoalDirection.AT_MOST
    )
    target = forms.FloatField(help_text="The figure to reach.")
    due_on = forms.DateField(label="By", widget=Day())
    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Unassigned")
    start = forms.FloatField(
        label="Figure at the start",
        required=False,
        help_text="Progress counts from it. Leave blank to count from the first figure.",
    )
    unit = forms.CharField(
        required=False, max_length=20, help_text="Of a figure that is entered by hand, such as % or hours."
    )
    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Markdown is supported.",
    )

    def __init__(self, *args: Any, present_owner: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = User.objects.filter(is_active=True).exclude(role=Role.VIEWER)
        present = User.objects.filter(pk=present_owner)
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = (able | present).order_by(*BY_NAME)

    @classmethod
    def of(cls, goal: Goal, data: Any = None) -> "GoalForm":
        """Return the form of an existing goal."""
        initial = {name: getattr(goal, name) for name in CHANGEABLE}
        return cls(data, initial=initial, present_owner=goal.owner_id)


class NewGoalForm(GoalForm):
    """The fields of a new goal, with whose it is and what it measures."""

    team = forms.ModelChoiceField(
        Team.objects.none(), label="Of", required=False, empty_label="The whole organisation"
    )
    measure = forms.ChoiceField(
        choices=Measure.choices,
        initial=Measure.TYPED,
        help_text="Riskhub takes the figures of the snapshot every night. Others are entered by hand.",
    )
    field_order = ("title", "team", "measure", "direction", "target", "due_on", "owner", "start", "unit")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["team"].queryset = Team.objects.visible_to(user).order_by(*BY_NAME)


class GoalFigureForm(PageForm):
    """The present figure of a goal that is entered by hand."""

    figure = forms.FloatField(label="Present figure")
    note = forms.CharField(required=False, max_length=300, help_text="Where it comes from.")


class GoalSettleForm(PageForm):
    """Whether a goal was reached."""

    is_reached = forms.TypedChoiceField(
        label="Was it reached?",
        choices=[("true", "Reached"), ("false", "Missed")],
        coerce=lambda text: text == "true",
    )
    note = forms.CharField(
        label="What we take from it",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class GoalDropForm(PageForm):
    """The reason for dropping a goal. The operation checks that there is one."""

    reason = forms.CharField(max_length=300, required=False)


class SponsorAnswerForm(PageForm):
    """What a sponsor answers to a blocked action."""

    answer = forms.ChoiceField(choices=SponsorAnswer.choices)
    text = forms.CharField(
        label="In a sentence",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="It becomes a comment on the action, and its owner is told.",
    )

    @classmethod
    def of(cls, action: Action) -> "SponsorAnswerForm":
        """Return the form of one action on a page that has several."""
        return cls(auto_id=f"answer-{action.pk}-%s")


class AcceptanceAnswerForm(PageForm):
    """The decision on a proposed acceptance of a risk."""

    is_accepted = forms.TypedChoiceField(
        label="Decision",
        choices=[("", "Choose"), ("true", "Accept the risk"), ("false", "Decline")],
        coerce=lambda text: text == "true",
    )
    reason = forms.CharField(
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Required to decline.",
    )

    @classmethod
    def of(cls, acceptance: Acceptance) -> "AcceptanceAnswerForm":
        """Return the form of one acceptance on a page that has several."""
        return cls(auto_id=f"acceptance-{acceptance.pk}-%s")


class AllotmentForm(PageForm):
    """The hours a month that a sponsor allots to risk work."""

    hours = forms.IntegerField(label="Hours a month", min_value=0, max_value=MAX_HOURS)
    team = forms.ModelChoiceField(
        Team.objects.none(), label="For", required=False, empty_label="The whole organisation"
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["team"].queryset = Team.objects.visible_to(user).order_by(*BY_NAME)
