"""The forms of decisions: their follow-up actions and their effects."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet

from history.models import Subject
from kit.refusals import Refused
from meetings.queries.effect import Offer
from meetings.states import DidItWork, EffectKind, TripwireKind
from pages.forms import Day, PageForm
from pages.sight import OwnerForm
from people.models import User
from risklog.models import Review
from risklog.states import Outcome, Treatment
from signals.models import Series
from signals.states import Direction

_EFFECT_FIELD = re.compile(r"effects\[(\d+)\](?:\.(\w+))?$")
_ACTION_FIELD = re.compile(r"actions\[(\d+)\]\.(\w+)$")
_TRIPWIRE_FIELD = re.compile(r"tripwires\[\d+\]\.(\w+)$")
_EFFECT_CHOSEN = re.compile(r"effect-\w+-\d+-apply")


class FollowUpActionForm(OwnerForm):
    """One follow-up action about a subject. Owner and date are optional; its page shows what is missing."""

    title = forms.CharField(
        max_length=200, label="Action", widget=forms.TextInput(attrs={"placeholder": "What needs doing?"})
    )
    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Unassigned")
    due_on = forms.DateField(required=False, label="Due", widget=Day())

    def __init__(
        self, *args: Any, people: QuerySet[User], about: Subject | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.about = about
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = people

    def object_of_owner(self) -> Subject | None:
        return self.about

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("title", "owner", "due_on")}


class EffectForm(OwnerForm):
    """One effect that a decision may have. Its fields depend on the kind of the effect."""

    apply = forms.BooleanField(required=False)
    due_on = forms.DateField(required=False, label="New due date", widget=Day())
    owner = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, label="New owner", empty_label="The same"
    )
    until = forms.DateField(required=False, label="Until", widget=Day())
    treatment = forms.ChoiceField(
        required=False,
        label="Treatment",
        choices=[choice for choice in Treatment.choices if choice[0] != Treatment.ACCEPT],
    )

    _FIELDS: ClassVar[dict[str, set[str]]] = {
        EffectKind.CHANGE_ACTION: {"due_on", "owner"},
        EffectKind.ACCEPT_RISK: {"until"},
        EffectKind.ADOPT_MITIGATION: {"treatment"},
    }

    def __init__(self, data: Any, *, offer: Offer, people: QuerySet[User]) -> None:
        super().__init__(data, prefix=offer.key, use_required_attribute=False)
        self.offer = offer
        fields: dict[str, Any] = self.fields
        fields["apply"].label = offer.label
        shown = {"apply", *self._FIELDS.get(offer.kind, ())}
        if not offer.is_main:  # a list of all people for each of several actions would be long
            shown.discard("owner")
        for name in set(fields) - shown:
            del fields[name]
        if "owner" in fields:
            fields["owner"].queryset = people
        if offer.acceptance and "until" in fields:
            fields["until"].initial = offer.acceptance.until

    def object_of_owner(self) -> Subject | None:
        is_of_action = self.is_applied and self.offer.kind == EffectKind.CHANGE_ACTION
        return self.offer.obj.about if is_of_action else None

    @property
    def has_values(self) -> bool:
        """Return whether the effect has fields besides the choice itself."""
        return len(self.fields) > 1

    @property
    def is_applied(self) -> bool:
        return bool(self.cleaned_data.get("apply"))

    def values(self) -> dict[str, Any]:
        """Return the effect as the operation takes it."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "apply" and value}
        number = {"number": self.offer.obj.number} if self.offer.kind == EffectKind.AGREE_THRESHOLD else {}
        return {"kind": self.offer.kind, "target": self.offer.target, **number, **given}


class MetricChoice(forms.ModelChoiceField):
    """A choice of series by their names."""

    def label_from_instance(self, series: Any) -> str:
        return str(series)


class TripwireForm(PageForm):
    """A date or a value of a metric that brings a decision back."""

    due_on = forms.DateField(required=False, label="On a date", widget=Day())
    series = MetricChoice(
        Series.objects.none(), required=False, label="Or when a metric", empty_label="No metric"
    )
    direction = forms.ChoiceField(required=False, choices=Direction.choices, label="is")
    value = forms.FloatField(required=False, label="This value")
    note = forms.CharField(required=False, max_length=300, label="Why it matters")

    def __init__(self, *args: Any, series: QuerySet[Series], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["series"].queryset = series

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("due_on") and values.get("series"):
            self.add_error("series", "Choose a date or a metric. Add another tripwire for the other one.")
        return values


class OutcomeForm(PageForm):
    """Whether a decision worked."""

    outcome = forms.ChoiceField(choices=DidItWork.choices, widget=forms.RadioSelect, label="Did it work?")
    note = forms.CharField(
        required=False,
        max_length=4000,
        label="What happened?",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Needed if it did not work.",
    )


class TripwireReasonForm(PageForm):
    """Why a tripwire is not needed any more."""

    reason = forms.CharField(required=False, max_length=300, label="Why is it not needed any more?")


class DecisionForm(PageForm):
    """A decision with up to three actions, or the reason why none is needed, and with effects."""

    ROWS = 3

    text = forms.CharField(
        label="What was decided?",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    reason = forms.CharField(label="Why?", max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))
    settles = forms.ChoiceField(required=False, label="Review outcome")
    no_action_reason = forms.CharField(required=False, max_length=2000, label="Reason for no action")
    options = forms.CharField(
        required=False,
        max_length=4000,
        label="Other options",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What else was considered.",
    )
    dissent = forms.CharField(
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Who disagreed, and why.",
    )
    tripwire_on = forms.DateField(required=False, label="Decide again on", widget=Day())
    tripwire_series = MetricChoice(
        Series.objects.none(), required=False, label="Or when", empty_label="No metric"
    )
    tripwire_direction = forms.ChoiceField(required=False, choices=Direction.choices, label="is")
    tripwire_value = forms.FloatField(required=False, label="This value")

    def __init__(
        self,
        *args: Any,
        people: QuerySet[User],
        about: Subject | None = None,
        review: Review | None = None,
        offers: Sequence[Offer] = (),
        metrics: QuerySet[Series] | None = None,
        draft: str = "",
        **kwargs: Any,
    ) -> None:
        """Create the form with ROWS forms of actions, and one form for each effect that is offered.

        about: the subject of the decision. review: the open one that it may settle. metrics: what a tripwire
        may watch. draft: the prefix under which the browser stores unsaved text while the page reloads, ""
        for none.
        """
        super().__init__(*args, **kwargs)
        if draft:
            for name in ("text", "reason", "no_action_reason", "options", "dissent"):
                self.fields[name].widget.attrs["data-draft"] = f"{draft}-{name}"
        fields: dict[str, Any] = self.fields
        fields["tripwire_series"].queryset = Series.objects.none() if metrics is None else metrics
        if review is None:
            del fields["settles"]
        else:
            fields["settles"].choices = [("", "still open"), *Outcome.choices]
        self.rows = [
            FollowUpActionForm(
                self.data or None,
                people=people,
                about=about,
                prefix=f"action{number}",
                empty_permitted=True,
                use_required_attribute=False,
            )
            for number in range(1, self.ROWS + 1)
        ]
        self.effects = [EffectForm(self.data or None, offer=offer, people=people) for offer in offers]

    @property
    def has_error_in_more(self) -> bool:
        """Return whether a field that the page folds away has an error."""
        folded = (
            "options",
            "dissent",
            "tripwire_on",
            "tripwire_series",
            "tripwire_direction",
            "tripwire_value",
        )
        return any(name in self.errors for name in folded)

    @property
    def offered(self) -> list[EffectForm]:
        """Return the effects that this person may apply."""
        return [effect for effect in self.effects if effect.offer.right.is_held]

    @property
    def withheld(self) -> list[EffectForm]:
        """Return the effects that fit, but that only others may apply."""
        return [effect for effect in self.effects if not effect.offer.right.is_held]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        values.setdefault("settles", "")
        wrong = [row for row in self.rows if row.has_changed() and not row.is_valid()]
        if any("title" in row.errors for row in wrong):
            raise forms.ValidationError("Enter what needs doing for each action.")
        if wrong:
            raise forms.ValidationError("Correct the follow-up actions.")
        if not all(effect.is_valid() for effect in self.effects):
            raise forms.ValidationError("Correct the effects of the decision.")
        if self._is_outdated():
            raise forms.ValidationError("An effect that you chose is not possible any more. Check the list.")
        return values

    def _is_outdated(self) -> bool:
        """Return whether an effect was chosen that is not offered any more."""
        known = {effect.add_prefix("apply") for effect in self.effects}
        return any(_EFFECT_CHOSEN.fullmatch(name) and name not in known for name in self.data)

    @property
    def _applied(self) -> list[EffectForm]:
        return [effect for effect in self.effects if effect.is_applied]

    def values(self) -> dict[str, Any]:
        """Return the fields of the decision, and its actions: a mapping for each row that was filled in."""
        own = {name: value for name, value in self.cleaned_data.items() if not name.startswith("tripwire_")}
        return {
            **own,
            "actions": [row.values() for row in self.rows if row.has_changed()],
            "effects": [one.values() for one in self._applied],
            "tripwires": self._tripwires,
        }

    @property
    def _tripwires(self) -> list[dict[str, Any]]:
        """Return the tripwires: one on a date, one on a metric, or both."""
        given = self.cleaned_data
        found: list[dict[str, Any]] = []
        if given.get("tripwire_on"):
            found.append({"kind": TripwireKind.DATE, "due_on": given["tripwire_on"]})
        series, value = given.get("tripwire_series"), given.get("tripwire_value")
        if series or value is not None:
            direction = given.get("tripwire_direction") or Direction.ABOVE
            metric = {"series": series, "direction": direction, "value": value}
            found.append({"kind": TripwireKind.METRIC, **metric})
        return found

    def refuse(self, refusal: Refused) -> int:
        """Add a refusal. One of an effect or action is also shown there, one of a tripwire at its field."""
        if of_tripwire := _TRIPWIRE_FIELD.match(refusal.field or ""):
            name = "tripwire_on" if of_tripwire[1] == "due_on" else f"tripwire_{of_tripwire[1]}"
            return super().refuse(Refused(refusal.message, field=name))
        if of_action := _ACTION_FIELD.match(refusal.field or ""):
            return self._refuse_action(int(of_action[1]), of_action[2], refusal.message)
        named = _EFFECT_FIELD.match(refusal.field or "")
        if named and int(named[1]) < len(self._applied):
            effect = self._applied[int(named[1])]
            effect.add_error(named[2] if named[2] in effect.fields else "apply", refusal.message)
        return super().refuse(refusal)

    def _refuse_action(self, position: int, name: str, message: str) -> int:
        """Add a refusal of a field of an action. position: among the actions that were filled in."""
        filled = [(number, row) for number, row in enumerate(self.rows, 1) if row.has_changed()]
        number, row = filled[position]
        row.add_error(name, message)
        return super().refuse(Refused(f"Action {number}, {row[name].label}: {message}"))
