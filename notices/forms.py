"""The forms of webhooks."""

from itertools import groupby
from typing import Any

from django import forms

from kit.texts import one_line
from notices.models import WebhookEndpoint
from notices.queries.webhook import public_verbs
from notices.states import WebhookShape
from outgoing.urls import LONGEST
from pages.forms import PageForm
from people import queries as people
from people.models import User

# Room -> what its events are about, as the form heads them.
_HEADINGS = {
    "actions": "Actions",
    "catalogue": "Models and decision rights",
    "history": "Access to restricted objects",
    "learnings": "Learnings",
    "meetings": "Meetings and decisions",
    "people": "People and teams",
    "risklog": "Risks, reviews and escalations",
    "saved": "Saved views",
    "signals": "Signals, breaches and thresholds",
    "talk": "Comments and files",
}


def grouped_verbs() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the events that webhooks can have, by room: heading -> (verb, words)."""
    found = groupby(public_verbs(), key=lambda verb: verb.partition(".")[0])
    return [(_HEADINGS.get(room, room), [(verb, words_of(verb)) for verb in verbs]) for room, verbs in found]


def words_of(verb: str) -> str:
    """Return a verb in words, such as "Risk opened"."""
    return verb.partition(".")[2].replace("_", " ").capitalize()


class WebhookForm(PageForm):
    name = forms.CharField(max_length=80, help_text="Such as the channel or the tool that gets the events.")
    url = forms.CharField(
        label="Address",
        max_length=LONGEST,
        widget=forms.URLInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="By https. Private networks must be allowed by RISKHUB_OUTGOING_ALLOW.",
    )
    shape = forms.ChoiceField(
        label="Body",
        choices=WebhookShape.choices,
        initial=WebhookShape.STANDARD,
        help_text="Standard Webhooks has ids and an address only. Slack and Teams get a message.",
    )
    owner = forms.ModelChoiceField(
        queryset=User.objects.none(),
        empty_label=None,
        help_text="The webhook gets what this person may see, at the moment of sending.",
    )
    verbs = forms.MultipleChoiceField(label="Events", choices=grouped_verbs, required=False)
    is_for_ladders = forms.BooleanField(
        label="Ladders can use it",
        required=False,
        help_text="Then a rung of an escalation ladder can tell this webhook. It needs no events for that.",
    )
    is_active = forms.BooleanField(
        label="Active", required=False, initial=True, help_text="A paused webhook misses what happens."
    )

    def __init__(self, *args: Any, is_new: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people.people()  # type: ignore[attr-defined]  # a ModelChoiceField
        if is_new:
            del self.fields["is_active"]

    @classmethod
    def of(cls, endpoint: WebhookEndpoint, data: Any = None) -> "WebhookForm":
        """Return a form that starts from an endpoint."""
        names = ("name", "url", "shape", "verbs", "is_active", "is_for_ladders")
        initial = {name: getattr(endpoint, name) for name in names}
        return cls(data, initial={**initial, "owner": endpoint.owner_id})

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    @property
    def first_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name != "verbs"]

    @property
    def verb_groups(self) -> list[tuple[str, list[tuple[str, str, bool]], int]]:
        """Return, for each heading, the events as (verb, words, whether it is chosen), and how many are."""
        chosen = set(self["verbs"].value() or ())
        return [
            (
                heading,
                [(verb, words, verb in chosen) for verb, words in verbs],
                sum(verb in chosen for verb, _ in verbs),
            )
            for heading, verbs in grouped_verbs()
        ]
