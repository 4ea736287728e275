"""The forms of change requests."""

from typing import Any

from django import forms

from catalogue.models import ChangeRequest, Model
from catalogue.models.change_request import MAX_TITLE
from catalogue.operations.change_request import CHANGEABLE, ChangePlan
from catalogue.states import ChangeKind, EffectResult
from lists.collation import BY_NAME
from pages.forms import Day, PageForm
from people.models import User

_MOMENT = "%Y-%m-%dT%H:%M"


def _lines(label: str, rows: int, help_text: str) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "class": "textarea"})
    return forms.CharField(label=label, required=False, max_length=20_000, widget=widget, help_text=help_text)


def _moment(label: str, help_text: str = "") -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MOMENT)
    return forms.DateTimeField(label=label, required=False, widget=widget, help_text=help_text)


class ChangeRequestForm(PageForm):
    """The fields of a change request that people may edit while it waits for its sign-off."""

    title = forms.CharField(label="What changes", max_length=MAX_TITLE)
    details = _lines("Details", 4, "Markdown is supported.")
    risk = _lines("Risk of the change", 2, "What can go wrong, and for whom.")
    rollback = _lines("Rollback plan", 3, "How to return to the state before. Needed for the sign-off.")
    effect = _lines("Expected effect", 2, "What should be better afterwards, and how you measure it.")
    effect_on = forms.DateField(
        label="Effect is checked on",
        required=False,
        widget=Day(),
        help_text="You are reminded on this day.",
    )
    window_from = _moment("Window starts", "A deployment needs one.")
    window_until = _moment("Window ends")

    @classmethod
    def of(cls, request: ChangeRequest, data: Any = None) -> "ChangeRequestForm":
        """Return the form of an existing request."""
        return cls(data, initial={name: getattr(request, name) for name in CHANGEABLE})


class NewChangeRequestForm(ChangeRequestForm):
    """The fields of a new change request."""

    model = forms.ModelChoiceField(Model.objects.none(), empty_label="Choose")
    kind = forms.ChoiceField(choices=ChangeKind.choices)
    is_emergency = forms.BooleanField(
        label="Emergency",
        required=False,
        help_text="The change is made at once and signed off afterwards. Reminders follow until it is.",
    )
    field_order = ("model", "kind", "title", "is_emergency")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["model"].queryset = Model.objects.visible_to(user).order_by(*BY_NAME)

    def values(self) -> dict[str, Any]:
        given = dict(self.cleaned_data)
        own = {name: given.pop(name) for name in ("model", "kind", "title", "is_emergency")}
        return {**own, "plan": ChangePlan(**given)}


class SignForm(PageForm):
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "textarea"}),
    )


class SettleChangeForm(PageForm):
    """The reason for declining or withdrawing a request."""

    reason = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 2, "class": "textarea"}))


class ChangeEffectForm(PageForm):
    """Whether the change had its expected effect."""

    result = forms.ChoiceField(choices=EffectResult.choices)
    note = forms.CharField(
        label="What was seen",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "textarea"}),
    )
