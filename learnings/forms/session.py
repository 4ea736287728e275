"""The forms of learning sessions."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q
from django.utils import timezone

from history.models import Subject
from kit import zones
from learnings.models import LearningSession
from learnings.operations.session import CHANGEABLE, MAX_MINUTES, MAX_SEATS, MIN_MINUTES
from lists.collation import BY_NAME
from pages.forms import PageForm
from pages.sight import SightForm
from people import queries as people
from people.models import Team, User

FIRST_YEAR, LAST_YEAR = 2000, 2999


class WallTimeField(forms.DateTimeField):
    """A day and a time of the clock, without a zone: another field names it."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):  # so that no hour is missing
            found = super().to_python(value)
        if found and not FIRST_YEAR <= found.year <= LAST_YEAR:  # so that every zone has this time
            raise forms.ValidationError(f"Use a year from {FIRST_YEAR} to {LAST_YEAR}.")
        return found.replace(tzinfo=None) if found else None


class SessionForm(PageForm):
    """The fields of a session. The start is a time of the clock in the zone of the session."""

    title = forms.CharField(label="Topic", max_length=200)
    starts_at = WallTimeField(label="Start")
    minutes = forms.IntegerField(min_value=MIN_MINUTES, max_value=MAX_MINUTES, initial=45)
    time_zone = forms.ChoiceField(help_text="The zone of the start.")
    speaker = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="A guest, or nobody")
    guest = forms.CharField(
        required=False, max_length=120, label="Guest speaker", help_text="Somebody without an account."
    )
    place = forms.CharField(required=False, max_length=300, help_text="A room or a call link.")
    seats = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_SEATS,
        help_text="Leave blank for no limit. Further people wait for a seat.",
    )
    text = forms.CharField(
        label="What it is about",
        required=False,
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Markdown is supported.",
    )
    links = forms.CharField(
        label="Material",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One address per line. Files can be attached on the page of the session.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["speaker"].queryset = User.objects.active().order_by(*BY_NAME)
        fields["time_zone"].choices = [(name, name) for name in zones.names()]

    @classmethod
    def of(cls, session: LearningSession, data: Any = None) -> "SessionForm":
        initial = {name: getattr(session, name) for name in CHANGEABLE} | {
            "starts_at": session.starts_at.astimezone(session.zone).replace(tzinfo=None),
            "links": "\n".join(session.links),
        }
        form = cls(data, initial=initial)
        fields: dict[str, Any] = form.fields
        shown = User.objects.filter(Q(is_active=True) | Q(pk=session.speaker_id))
        fields["speaker"].queryset = shown.order_by(*BY_NAME)
        return form

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {name: given[name] for name in CHANGEABLE} | {
            "starts_at": given["starts_at"].replace(tzinfo=ZoneInfo(given["time_zone"])).astimezone(UTC),
            "links": given["links"].splitlines(),
        }


class NewSessionForm(SessionForm):
    """A new session, with what it is about and who may see it."""

    about = forms.CharField(
        required=False, max_length=24, help_text="What it teaches, such as a learning: L-12."
    )
    teams = forms.ModelMultipleChoiceField(
        Team.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Only for these teams",
        help_text="Choose none for everyone.",
    )
    field_order = (
        "title",
        "starts_at",
        "minutes",
        "time_zone",
        "speaker",
        "guest",
        "place",
        "seats",
        "about",
    )

    def __init__(self, *args: Any, user: User, initial: Any = None, **kwargs: Any) -> None:
        zone = str(people.zone_of(user))
        super().__init__(*args, initial={"time_zone": zone, **(initial or {})}, **kwargs)
        self.user = user
        fields: dict[str, Any] = self.fields
        fields["teams"].queryset = Team.objects.filter(subject__is_retired=False).order_by(*BY_NAME)

    def clean_about(self) -> Subject | None:
        """Return the subject, None if blank. A subject that the user may not see counts as not found."""
        reference = self.cleaned_data["about"].strip().upper()
        if not reference:
            return None
        subject = Subject.objects.visible_to(self.user).filter(reference=reference).first()
        if subject is None:
            raise forms.ValidationError(f"{reference} was not found. Use a reference such as L-12.")
        return subject

    def values(self) -> dict[str, Any]:
        teams = list(self.cleaned_data["teams"])
        return {**super().values(), "about": self.cleaned_data["about"], "teams": teams or None}


class SessionSightForm(SightForm):
    """Who may see a session: everyone, or some teams with those who take part."""

    ONLY_TEAMS = "Only these teams, and those who planned it, speak or signed up already"


class CancelSessionForm(PageForm):
    reason = forms.CharField(max_length=500, label="Why is it cancelled?")


class SessionAttendanceForm(PageForm):
    """Who was there. The people who have a seat are chosen at first."""

    present = forms.ModelMultipleChoiceField(
        User.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="Signed up"
    )
    others = forms.ModelMultipleChoiceField(
        User.objects.none(),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
        label="Also there",
    )

    def __init__(self, *args: Any, known: dict[int, bool], **kwargs: Any) -> None:
        """known: the ids of who signed up, and whether they count as present at first."""
        here = [pk for pk, is_present in known.items() if is_present]
        super().__init__(*args, initial={"present": here}, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["present"].queryset = User.objects.filter(pk__in=known).order_by(*BY_NAME)
        fields["others"].queryset = User.objects.active().exclude(pk__in=known).order_by(*BY_NAME)

    def values(self) -> dict[str, Any]:
        return {"present": [*self.cleaned_data["present"], *self.cleaned_data["others"]]}
