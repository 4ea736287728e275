"""The base of every form on a page, and how forms look.

kit/_field.html draws a field, kit/_form.html the whole.
"""

from datetime import datetime
from typing import Any, Self

from django import forms
from django.db.models import QuerySet
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import DateInput

from kit import zones
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, forms.Textarea):
                # A browser cuts a long text without a word when it is pasted. The server refuses it instead,
                # and the whole text stays in the form.
                field.widget.attrs.pop("maxlength", None)

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]  # the stubs leave it out
        for name, value in list(self.cleaned_data.items()):
            if isinstance(value, datetime) and not zones.is_showable(value):
                self.add_error(name, zones.OUT_OF_RANGE)

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


class ReasonedForm(PageForm):
    """A form with the reason of what it decides, and with the decision or other object behind it.

    subjects: those that the writer may name.
    """

    why = forms.CharField(
        label="Reason", max_length=4000, widget=forms.Textarea(attrs={"rows": 3, "class": "textarea"})
    )
    because = forms.CharField(
        label="Based on",
        required=False,
        max_length=24,
        help_text="The reference of the decision behind it, for example D-12.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, subjects: QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.subjects = subjects

    @classmethod
    def reasoned(cls, obj: Any, data: Any, initial: dict[str, Any], **kwargs: Any) -> Self:
        """Return the form of an existing object, with `shown_because`.

        A reader who may not see what it is based on keeps it: the form then has no such field.
        """
        because = obj.shown_because.reference if obj.shown_because else ""
        form = cls(data, initial={**initial, "why": obj.why, "because": because}, **kwargs)
        if obj.because and not obj.shown_because:
            del form.fields["because"]
        return form

    def clean_because(self) -> Any:
        reference = self.cleaned_data["because"].strip().upper()
        if not reference:
            return None
        subject = self.subjects.filter(reference=reference).first()
        if subject is None:
            raise forms.ValidationError(f"No item has the reference {reference}.")
        return subject
