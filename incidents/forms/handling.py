"""The forms of those who handle an incident: roles, lines of the timeline, updates, further models."""

from typing import Any

from django import forms

from catalogue.models import Model, Version
from incidents.forms.incident import kept_seconds, moment
from incidents.models import TimelineEntry
from incidents.models.timeline import MAX_ENTRY, MAX_UPDATE
from incidents.states import IncidentRole
from lists.collation import BY_NAME
from pages.forms import PageForm
from people.models import User
from people.states import Role


class RoleForm(PageForm):
    """Who gets a role, and what they must know."""

    role = forms.ChoiceField(choices=IncidentRole.choices)
    person = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody")
    note = forms.CharField(
        label="Handover note", required=False, max_length=1000, help_text="What they must know."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        people = User.objects.filter(is_active=True).exclude(role=Role.VIEWER)
        fields["person"].queryset = people.order_by(*BY_NAME)


class TakeRoleForm(PageForm):
    """The role that a person takes."""

    role = forms.ChoiceField(choices=IncidentRole.choices)


class TimelineForm(PageForm):
    """One line of the timeline, with its own moment."""

    text = forms.CharField(
        label="What happened",
        max_length=MAX_ENTRY,
        widget=forms.Textarea(attrs={"rows": 2, "class": "textarea"}),
    )
    happened_at = moment("When", "Leave blank to use the time at which you save.")

    @classmethod
    def of(cls, entry: TimelineEntry, data: Any = None) -> "TimelineForm":
        form = cls(data, initial={"text": entry.text, "happened_at": entry.at})
        form.fields["happened_at"].help_text = "Leave blank to keep it as it is."
        return form

    def values(self) -> dict[str, Any]:
        return {name: kept_seconds(self, name) for name in self.fields}


class UpdateForm(PageForm):
    """What those concerned are told."""

    text = forms.CharField(
        label="Update",
        max_length=MAX_UPDATE,
        widget=forms.Textarea(attrs={"rows": 4, "class": "textarea"}),
        help_text="Sent to those who handle it, own its models or watch it. It cannot be changed.",
    )


class InvolvedModelForm(PageForm):
    """A further model, with the name of its version if it is known."""

    model = forms.ModelChoiceField(Model.objects.none(), empty_label="Choose")
    model_version = forms.CharField(label="Version", required=False, max_length=120)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        fields: dict[str, Any] = self.fields
        fields["model"].queryset = Model.objects.visible_to(user).order_by(*BY_NAME)
        fields["model"].label_from_instance = lambda model: model.name

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        name, model = given.get("model_version", "").strip(), given.get("model")
        if model is None:
            return given
        versions = Version.objects.visible_to(self.user).filter(model=model)
        version = versions.filter(name=name).first() if name else None
        if name and version is None:
            self.add_error(
                "model_version", f"{model.name} has no version “{name}”. Register it, or leave this blank."
            )
        return {**given, "model_version": version}
