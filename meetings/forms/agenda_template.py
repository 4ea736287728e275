"""The form of a template of agendas, and agenda items as lines of text."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from lists.collation import BY_NAME
from meetings.models import AgendaTemplate
from meetings.states import Purpose
from pages.forms import PageForm


def lines_of(items: Sequence[Mapping[str, Any]]) -> str:
    """Return agenda items as text, one per line: title | minutes | purpose."""
    return "\n".join(f"{item['title']} | {item['minutes']} | {item['purpose']}" for item in items)


def items_in(text: str) -> list[dict[str, Any]]:
    """Return the items of the lines. Minutes and purpose may be left out: 5, and inform.

    Raises ValidationError for minutes that are not a number.
    """
    found = []
    for line in text.splitlines():
        title, minutes, purpose = ([part.strip() for part in line.split("|")] + ["", ""])[:3]
        if not title and not minutes:
            continue
        if minutes and not (minutes.isascii() and minutes.isdigit() and len(minutes) < 4):
            raise forms.ValidationError(f"Write the minutes of “{title[:80]}” as a number.")
        purpose = purpose.lower() or Purpose.INFORM.value
        found.append({"title": title, "purpose": purpose, "minutes": int(minutes or 5)})
    return found


def template_field() -> forms.ModelChoiceField:
    """Return the choice of a template that is in use. It is read when the form is made."""
    return forms.ModelChoiceField(
        AgendaTemplate.objects.filter(is_retired=False).order_by(*BY_NAME),
        required=False,
        label="Agenda template",
        empty_label="None",
    )


class AgendaTemplateForm(PageForm):
    """A template: its name, and its items in order."""

    name = forms.CharField(max_length=120)
    items = forms.CharField(
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="One per line: title | minutes | inform, discuss or decide. By default 5 minutes, inform.",
    )

    @classmethod
    def of(cls, template: AgendaTemplate, data: Any = None) -> "AgendaTemplateForm":
        return cls(data, initial={"name": template.name, "items": lines_of(template.items)})

    def clean_items(self) -> list[dict[str, Any]]:
        return items_in(self.cleaned_data["items"])
