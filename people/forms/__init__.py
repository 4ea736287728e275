"""The forms of the pages about people."""

from collections.abc import Sequence
from typing import Any

from django import forms

from history import documents
from history.states import NewsGroup, NewsTiming
from kit import zones as time_zones
from outgoing.urls import LONGEST
from pages.forms import Day, PageForm
from people import days_off, queries
from people.models import DutyRoster, Function, Organisation, Team, User
from people.operations import address, roster
from people.states import ColourTheme, Role, TokenScope

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_new_password = {"autocomplete": "new-password"}


def zones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in time_zones.names()]


def _countries(none: str) -> list[tuple[str, str]]:
    return [("", none), *days_off.countries().items()]


def _subdivision() -> forms.CharField:
    text = "The code of a state or region with own public holidays, such as BY. Optional."
    return forms.CharField(label="State or region", max_length=20, required=False, help_text=text)


def _own_zones() -> list[tuple[str, str]]:
    return [("", "Same as the organisation"), *zones()]


class SignIn(forms.Form):
    email = forms.EmailField(
        label="Email", widget=forms.EmailInput({"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        strip=False, widget=forms.PasswordInput({"autocomplete": "current-password"}), max_length=1000
    )


class NewPassword(PageForm):
    password = forms.CharField(
        strip=False,
        label="New password",
        widget=forms.PasswordInput(_new_password),
        max_length=1000,
        help_text="At least 12 characters. A whole sentence works well.",
    )
    again = forms.CharField(
        strip=False, label="Repeat new password", widget=forms.PasswordInput(_new_password), max_length=1000
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("password") != values.get("again"):
            self.add_error("again", "The two passwords differ. Enter the same password twice.")
        return values


class ChangePassword(NewPassword):
    current = forms.CharField(
        strip=False,
        label="Current password",
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
        max_length=1000,
    )
    field_order = ("current", "password", "again")


class SetUp(PageForm):
    name = forms.CharField(label="Organisation", max_length=120)
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=zones,
        initial="UTC",
        help_text="Working hours and meetings use this time zone.",
    )
    person_name = forms.CharField(label="Your name", max_length=120)
    email = forms.EmailField(
        label="Your email", max_length=address.LONGEST, widget=forms.EmailInput({"autocomplete": "username"})
    )
    password = forms.CharField(
        strip=False,
        widget=forms.PasswordInput(_new_password),
        max_length=1000,
        help_text="At least 12 characters. A whole sentence works well.",
    )


class Account(PageForm):
    name = forms.CharField(max_length=120)
    time_zone = forms.ChoiceField(label="Time zone", choices=_own_zones, required=False)
    country = forms.ChoiceField(
        label="Country",
        choices=lambda: _countries("Same as the organisation"),
        required=False,
        help_text="Its public holidays are no working days for you.",
    )
    subdivision = _subdivision()
    theme = forms.ChoiceField(choices=ColourTheme.choices)
    has_single_keys = forms.BooleanField(
        label="Enable single-key shortcuts", required=False, help_text="Press ? on any page to list them."
    )
    is_digest_wanted = forms.BooleanField(label="Send me the weekly digest", required=False)


class NewsTimings(PageForm):
    """When a person wants to be told, with a field for each group of events.

    is_complete: whether all must be chosen. Otherwise what is not chosen stays.
    """

    is_complete = True

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for group in NewsGroup:
            self.fields[f"news_timings.{group}"] = forms.ChoiceField(
                label=group.label,
                choices=NewsTiming.choices,
                initial=user.timing_of(group),
                required=self.is_complete,
                help_text=group.about,
            )

    def values(self) -> dict[str, Any]:
        values = super().values()
        chosen = {group: values.pop(f"news_timings.{group}") for group in NewsGroup}
        return {**values, "news_timings": {group: timing for group, timing in chosen.items() if timing}}

    @property
    def timing_fields(self) -> list[forms.BoundField]:
        return [self[f"news_timings.{group}"] for group in NewsGroup]


class Welcome(NewsTimings):
    """The first sign-in. The leads of the teams decide about members, so teams are asked for."""

    is_complete = False

    teams = forms.ModelMultipleChoiceField(
        label="Your teams",
        queryset=Team.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Their leads are asked to add you. Members see what is restricted to the team.",
    )
    time_zone = forms.ChoiceField(
        label="Your time zone",
        choices=_own_zones,
        required=False,
        help_text="Times, reminders and due dates use it.",
    )
    is_digest_wanted = forms.BooleanField(
        label="Send me the weekly digest",
        required=False,
        help_text="What waits for you, and what changed.",
    )

    @property
    def first_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.base_fields]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        others = queries.teams().exclude(memberships__user=user)
        self.fields["teams"].queryset = others  # type: ignore[attr-defined]  # a ModelMultipleChoiceField


class NewToken(PageForm):
    name = forms.CharField(label="Name", max_length=80)
    scope = forms.ChoiceField(label="Scope", choices=TokenScope.choices, initial=TokenScope.READ)
    days = forms.IntegerField(label="Expires after (days)", min_value=1, max_value=365, initial=90)


class RenameToken(PageForm):
    name = forms.CharField(label="Name", max_length=80)


class RotateToken(PageForm):
    days = forms.IntegerField(
        label="Expires after (days)",
        min_value=1,
        max_value=365,
        required=False,
        help_text="Leave blank to keep the date.",
    )
    overlap_days = forms.IntegerField(
        label="The old secret works for (days)", min_value=0, max_value=7, initial=1
    )


class Away(PageForm):
    from_on = forms.DateField(label="First day", widget=Day)
    until_on = forms.DateField(label="Last day", widget=Day)
    stand_in = forms.ModelChoiceField(
        label="Stand-in", queryset=User.objects.none(), required=False, empty_label="None"
    )
    reason = forms.CharField(
        max_length=200, required=False, help_text="Visible to you and administrators only."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stand_in"].queryset = queries.people()  # type: ignore[attr-defined]  # a ModelChoiceField


class _WithFunction(PageForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["function"].queryset = queries.functions()  # type: ignore[attr-defined]  # a ModelChoiceField


class NewPerson(_WithFunction):
    name = forms.CharField(max_length=120)
    email = forms.EmailField(label="Email", max_length=address.LONGEST)
    function = forms.ModelChoiceField(queryset=Function.objects.none(), required=False, empty_label="None")
    role = forms.ChoiceField(choices=Role.choices, initial=Role.MEMBER)


class ChangePerson(_WithFunction):
    name = forms.CharField(max_length=120)
    email = forms.EmailField(label="Email", max_length=address.LONGEST)
    function = forms.ModelChoiceField(queryset=Function.objects.none(), required=False, empty_label="None")


class Auditor(PageForm):
    until = forms.DateField(
        label="Last day",
        widget=Day,
        help_text="A viewer reads everything until then, restricted objects too. Each reading is logged.",
    )


class ChangeRole(PageForm):
    role = forms.ChoiceField(choices=Role.choices)


class TeamForm(PageForm):
    name = forms.CharField(max_length=80)
    lead = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="None")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lead"].queryset = queries.people()  # type: ignore[attr-defined]  # a ModelChoiceField


class NewMember(PageForm):
    user = forms.ModelChoiceField(label="Person", queryset=User.objects.none(), empty_label="Choose a person")

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        not_members = queries.people().exclude(memberships__team=team)
        self.fields["user"].queryset = not_members  # type: ignore[attr-defined]  # a ModelChoiceField


class RosterForm(PageForm):
    people = forms.CharField(
        label="People, in the order of their turns",
        widget=forms.Textarea({"rows": 6}),
        max_length=20_000,
        help_text="One email address a line.",
    )
    starts_on = forms.DateField(label="First day of the first turn", widget=Day)
    length_days = forms.IntegerField(
        label="Length of a turn (days)", min_value=1, max_value=roster.LONGEST_TURN, initial=7
    )
    hand_over_at = forms.TimeField(
        label="Hand over at",
        widget=forms.TimeInput({"type": "time"}, "%H:%M"),
        initial="09:00",
        help_text="In the time zone of the organisation.",
    )

    def clean_people(self) -> list[User]:
        """Return the people in the order of the lines."""
        lines = [line.strip().lower() for line in self.cleaned_data["people"].splitlines()]
        addresses = [line for line in lines if line]
        found = {person.email: person for person in User.objects.filter(email__in=addresses)}
        unknown = [address for address in addresses if address not in found]
        if unknown:
            raise forms.ValidationError(f"There is no person “{unknown[0]}”. Use the address of a person.")
        return [found[address] for address in addresses]

    @staticmethod
    def starting_from(found: DutyRoster | None, members: Sequence[User]) -> dict[str, Any]:
        """Return the initial values of the form. A new roster starts with everyone with the function."""
        if found is None:
            return {"people": "\n".join(person.email for person in members if person.role != Role.VIEWER)}
        known = User.objects.in_bulk(found.people)
        addresses = [known[pk].email for pk in found.people if pk in known]
        times = {name: getattr(found, name) for name in ("starts_on", "length_days", "hand_over_at")}
        return {"people": "\n".join(addresses), **times}


class CalendarForm(PageForm):
    calendar_url = forms.CharField(
        label="Address of the calendar",
        max_length=LONGEST,
        widget=forms.URLInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="An iCalendar file (.ics), by https. An event names who is on duty by its attendees, "
        "or in its title by name, handle or email. The calendar is read every 15 minutes.",
    )


class FunctionForm(PageForm):
    name = forms.CharField(label="New function", max_length=80)


class NewDayOff(PageForm):
    date = forms.DateField(label="Date", widget=Day)
    name = forms.CharField(max_length=80)


class OrganisationForm(PageForm):
    name = forms.CharField(max_length=120)
    time_zone = forms.ChoiceField(label="Time zone", choices=zones)
    working_days = forms.TypedMultipleChoiceField(
        label="Working days",
        choices=list(enumerate(_DAYS)),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )
    day_starts_at = forms.TimeField(
        label="Working day starts at", widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    day_ends_at = forms.TimeField(
        label="Working day ends at", widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    country = forms.ChoiceField(
        label="Country",
        choices=lambda: _countries("None"),
        required=False,
        help_text="Its public holidays are no working days.",
    )
    subdivision = _subdivision()
    digest_weekday = forms.TypedChoiceField(
        label="Send the weekly digest on", choices=list(enumerate(_DAYS)), coerce=int
    )
    digest_at = forms.TimeField(
        label="Send the weekly digest at", widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )

    search_language = forms.ChoiceField(
        label="Search language",
        choices=lambda: [(name, name.capitalize()) for name in documents.languages()],
        help_text="The language that people write in. Search needs a few minutes to follow a change.",
    )

    max_acceptance_days = forms.IntegerField(
        label="Accept risks for at most",
        min_value=1,
        max_value=3650,
        help_text="Days. Nobody can propose or import a longer acceptance. Those in force keep their date.",
    )
    max_blocked_days = forms.IntegerField(
        label="Raise blocked actions after",
        min_value=1,
        max_value=100,
        help_text="Working days. Then the sponsor is told, and it is on the next agenda.",
    )

    outcome_weeks = forms.IntegerField(
        label="Ask whether a decision worked after",
        min_value=1,
        max_value=52,
        help_text="Weeks. It applies to decisions that are recorded from now on.",
    )

    @staticmethod
    def starting_from(organisation: Organisation) -> dict[str, Any]:
        """Return the initial values of the form."""
        return {name: getattr(organisation, name) for name in OrganisationForm.base_fields}
