"""The base of every form on a page, and how forms look.

kit/_field.html draws a field, kit/_form.html the whole.
"""

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import DateInput

from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from pages.conflicts import Conflict, conflict_of


class Renderer(TemplatesSetting):
    """The setting FORM_RENDERER; `django.forms` is installed for the templates of the widgets."""

    form_template_name = "kit/_form.html"
    field_template_name = "kit/_field.html"


class Day(DateInput):
    """The browser's own date field. It takes ISO dates only, so no locale may format the value."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs=attrs, format="%Y-%m-%d")


class PageForm(forms.Form):
    """A form that the flows of pages/ can run.

    conflict: set when somebody saved first, or the version is missing. Templates draw the hidden version with
    {% version form obj %} and the conflict with kit/_conflict.html.
    """

    conflict: Conflict | None = None

    def values(self) -> dict[str, Any]:
        """Return the cleaned values under the names that the operation takes."""
        return dict(self.cleaned_data)

    @property
    def first_error(self) -> str:
        """The first message of a form with one field, which the page shows beside it; "" without errors."""
        return next((str(messages[0]) for messages in self.errors.values()), "")

    def refuse(self, refusal: Refused) -> int:
        """Show an operation's refusal at the field it names. Return the status of the answer."""
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal.message)
        if isinstance(refusal, ChangedMeanwhile):
            self.conflict = conflict_of(self, refusal.present)
        return 409 if isinstance(refusal, ChangedMeanwhile | IllegalMove) else 422

    def refuse_without_version(self, present: Any) -> int:
        """Show that the form did not say which version it was made from. Return the status of the answer."""
        self.add_error(None, "The form does not name the version you edited. Reload the page and save again.")
        self.conflict = conflict_of(self, present, is_unversioned=True)
        return 428
