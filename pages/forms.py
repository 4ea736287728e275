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
    """A form for the flows of pages/.

    conflict: set if somebody saved first or the version is missing. Templates render the hidden version with
    {% version obj form %} and the conflict with pages/_conflict.html.
    """

    conflict: Conflict | None = None

    def values(self) -> dict[str, Any]:
        """Return the cleaned values by the parameter names of the operation."""
        return dict(self.cleaned_data)

    @property
    def first_error(self) -> str:
        """Return the first error of a form with one field, to be shown beside it; "" without errors."""
        return next((str(messages[0]) for messages in self.errors.values()), "")

    def refuse(self, refusal: Refused) -> int:
        """Add an operation's refusal to the fields that it names. Return the status of the response."""
        for field, message in {refusal.field: refusal.message, **refusal.further}.items():
            self.add_error(field if field in self.fields else None, message)
        if isinstance(refusal, ChangedMeanwhile):
            self.conflict = conflict_of(self, refusal.present)
        return 409 if isinstance(refusal, ChangedMeanwhile | IllegalMove) else 422

    def refuse_without_version(self, present: Any) -> int:
        """Add the error that the form does not name its version. Return the status of the response."""
        is_valid = self.is_valid()
        self.add_error(None, "The form does not name the version you edited. Reload the page and save again.")
        if is_valid:  # otherwise there are no values to compare with
            self.conflict = conflict_of(self, present, is_unversioned=True)
        return 428
