"""The forms of incidents."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q

from catalogue.models import Model, Version
from history.models import Subject
from incidents.models import Incident
from incidents.models.incident import MAX_AFFECTED, MAX_TITLE
from incidents.operations.incident import CHANGEABLE
from incidents.states import IncidentSeverity
from lists.collation import BY_NAME
from pages.forms import PageForm
from pages.sight import SightForm
from people.models import Team, User

_MOMENT = "%Y-%m-%dT%H:%M"


def moment(label: str, help_text: str = "") -> forms.DateTimeField:
    """Return a field for a moment in the time zone of the reader."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MOMENT)
    return forms.DateTimeField(label=label, required=False, widget=widget, help_text=help_text)


def kept_seconds(form: forms.Form, name: str) -> Any:
    """Return a value of the form. A moment that shows the same minute as at first keeps its seconds."""
    value, initial = form.cleaned_data[name], form.initial.get(name)
    if isinstance(value, datetime) and isinstance(initial, datetime):
        return initial if initial.replace(second=0, microsecond=0) == value else value
    return value


def lines(label: str, rows: int, help_text: str = "", max_length: int = 20_000) -> forms.CharField:
    """Return a field for a text of several lines that may be blank."""
    widget = forms.Textarea(attrs={"rows": rows, "class": "textarea"})
    return forms.CharField(
        label=label, required=False, max_length=max_length, widget=widget, help_text=help_text
    )


class _IncidentForm(PageForm):
    """The fields that a new incident and an existing one have."""

    title = forms.CharField(label="What is wrong", max_length=MAX_TITLE)
    severity = forms.ChoiceField(choices=IncidentSeverity.choices, initial=IncidentSeverity.MEDIUM)
    model = forms.ModelChoiceField(Model.objects.none(), required=False, empty_label="Not known yet")
    summary = lines(
        "What is known", 4, "Conditions and evidence, not the names of people. Markdown is supported."
    )
    affected = forms.CharField(
        label="Who is affected", required=False, max_length=MAX_AFFECTED, help_text="And how."
    )
    started_at = moment("Started", "When it began, as far as it is known.")
    noticed_at = moment("Noticed", "Leave blank to use the time at which you save.")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        fields: dict[str, Any] = self.fields
        fields["model"].queryset = Model.objects.visible_to(user).order_by(*BY_NAME)
        fields["model"].label_from_instance = lambda model: model.name


class NewIncidentForm(_IncidentForm):
    """The three fields that declare an incident, what else is known, and what it is declared from."""

    about = forms.CharField(required=False, max_length=24, widget=forms.HiddenInput)

    def clean_about(self) -> Subject | None:
        """Return the subject, None if blank. A subject that the user may not see counts as not found."""
        reference = self.cleaned_data["about"].strip().upper()
        if not reference:
            return None
        subject = Subject.objects.visible_to(self.user).filter(reference=reference).first()
        if subject is None:
            raise forms.ValidationError(f"{reference} was not found. Use a reference such as B-3.")
        return subject


class IncidentForm(_IncidentForm):
    """The fields of an existing incident."""

    model_version = forms.ModelChoiceField(
        Version.objects.none(), required=False, label="Version", empty_label="Not known"
    )
    team = forms.ModelChoiceField(Team.objects.none(), required=False, empty_label="No team")
    mitigated_at = moment("Mitigated", "When the harm stopped.")
    resolved_at = moment("Resolved", "When the cause was removed.")
    field_order = (
        "title", "severity", "model", "model_version", "team", "summary", "affected", "started_at",
        "noticed_at", "mitigated_at", "resolved_at",
    )  # fmt: skip

    def __init__(self, *args: Any, of_model: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["noticed_at"].help_text = ""
        versions = Version.objects.visible_to(self.user).filter(model=of_model).order_by("-id")
        fields["model_version"].queryset = versions
        fields["model_version"].label_from_instance = lambda version: version.name
        present = getattr(self.initial.get("team"), "pk", None)  # it may be retired by now
        teams = Team.objects.filter(Q(subject__is_retired=False) | Q(pk=present))
        fields["team"].queryset = teams.order_by(*BY_NAME)
        fields["team"].label_from_instance = lambda team: team.name

    @classmethod
    def of(cls, incident: Incident, data: Any = None, *, user: User) -> "IncidentForm":
        """Return the form of an existing incident. A model that the user may not see cannot be changed."""
        initial = {name: getattr(incident, name) for name in CHANGEABLE}
        form = cls(data, initial=initial, user=user, of_model=incident.model_id)
        if incident.model is not None and not incident.model.subject.is_visible_to(user):
            del form.fields["model"], form.fields["model_version"]
        return form

    def values(self) -> dict[str, Any]:
        return {name: kept_seconds(self, name) for name in CHANGEABLE.intersection(self.fields)}


class MitigateIncidentForm(PageForm):
    """When the harm stopped, and what was done."""

    mitigated_at = moment("When", "Leave blank to use the time at which you save.")
    text = lines("What was done", 2, max_length=2000)


class ResolveIncidentForm(PageForm):
    """When the cause was removed, and what was done."""

    resolved_at = moment("When", "Leave blank to use the time at which you save.")
    text = lines("What was done", 2, max_length=2000)


class IncidentReasonForm(PageForm):
    """Why an incident is reopened or withdrawn."""

    reason = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 2, "class": "textarea"}))


class IncidentSightForm(SightForm):
    """Who may see an incident: everyone, or some teams with those who handle it."""

    ONLY_TEAMS = "Only these teams, and those who declared it or have a role"
