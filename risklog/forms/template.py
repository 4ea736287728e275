"""The forms of templates: of a template, and the form that a template describes."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from history.models import Subject
from lists.collation import BY_NAME
from pages.forms import Day, PageForm
from people.models import User
from risklog.models import FilledTemplate, Template
from risklog.operations.template import MOST_FIELDS
from risklog.queries import template as queries
from risklog.states import FieldType

_BLANK_ROWS = 4
_PARTS = ("label", "type", "help", "choices", "is_required")


class TemplateForm(PageForm):
    """A template: its name, a row for each field, and some empty ones. Rows without a label are left out."""

    name = forms.CharField(max_length=120)
    purpose = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, rows: Sequence[Mapping[str, Any]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sent = sum(name.startswith("label-") for name in self.data)
        self.count = min(max(len(rows) + _BLANK_ROWS, sent), MOST_FIELDS)
        for number in range(self.count):
            row = rows[number] if number < len(rows) else {}
            # The key is sent with its row: the template may have other rows by now.
            self.fields[f"key-{number}"] = forms.CharField(
                required=False, max_length=40, widget=forms.HiddenInput, initial=row.get("key", "")
            )
            for part in _PARTS:
                self.fields[f"{part}-{number}"] = _part(part, number + 1, row)

    @classmethod
    def of(cls, template: Any, data: Any = None) -> "TemplateForm":
        """Return the form of a template of queries.templates()."""
        initial = {"name": template.name, "purpose": template.purpose}
        return cls(data, rows=template.current_fields, initial=initial)

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {"name": given["name"], "purpose": given["purpose"], "fields": self._fields(given)}

    def _fields(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        fields = []
        for number in range(self.count):
            if not given[f"label-{number}"]:
                continue
            field = {part: given[f"{part}-{number}"] for part in _PARTS}
            field["choices"] = [one.strip() for one in field["choices"].split(",") if one.strip()]
            if key := given[f"key-{number}"]:
                field["key"] = key
            fields.append(field)
        return fields

    @property
    def rows(self) -> list[tuple[Any, list[Any]]]:
        """Return the key and the other bound fields of each row."""
        return [
            (self[f"key-{number}"], [self[f"{part}-{number}"] for part in _PARTS])
            for number in range(self.count)
        ]


def _part(part: str, number: int, row: Mapping[str, Any]) -> forms.Field:
    """Return one cell of a row."""
    if part == "type":
        return forms.ChoiceField(
            label=f"Type of field {number}",
            choices=FieldType.choices,
            required=False,
            initial=row.get("type", FieldType.LINE),
        )
    if part == "is_required":
        return forms.BooleanField(
            label=f"Field {number} is required", required=False, initial=row.get("is_required")
        )
    text = ", ".join(row["choices"]) if part == "choices" and row else row.get(part, "")
    labels = {
        "label": f"Label of field {number}",
        "help": f"Help for field {number}",
        "choices": f"Choices of field {number}, separated by commas",
    }
    return forms.CharField(label=labels[part], required=False, max_length=600, initial=text)


class FilledForm(PageForm):
    """The fields that a version of a template describes, under the names "values.<key>"."""

    title = forms.CharField(
        max_length=200, required=False, help_text="Left blank: the name of the template and of its subject."
    )

    def __init__(self, *args: Any, described: Sequence[Mapping[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.described = described
        for field in described:
            self.fields[f"values.{field['key']}"] = _described(field)

    @classmethod
    def of(cls, filled: FilledTemplate, data: Any = None) -> "FilledForm":
        """Return the form of a filled template, with the fields of its own version."""
        initial = {f"values.{key}": value for key, value in filled.values.items()}
        return cls(data, described=filled.template_version.fields, initial={"title": filled.title, **initial})

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        values = {field["key"]: given[f"values.{field['key']}"] for field in self.described}
        return {"title": given["title"], "values": values}


def _described(field: Mapping[str, Any]) -> forms.Field:
    """Return the form field of a field of a template."""
    common: dict[str, Any] = {
        "label": field["label"],
        "help_text": field["help"],
        "required": field["is_required"],
    }
    kind = FieldType(field["type"])
    if kind == FieldType.YES_NO:
        answers = [("", "No answer"), ("true", "Yes"), ("false", "No")]
        return forms.TypedChoiceField(
            choices=answers, coerce=lambda text: text == "true", empty_value=None, **common
        )
    if kind == FieldType.CHOICE:
        return forms.ChoiceField(
            choices=[("", "No answer"), *((one, one) for one in field["choices"])], **common
        )
    if kind == FieldType.NUMBER:
        return forms.FloatField(**common)
    if kind == FieldType.DATE:
        return forms.DateField(widget=Day, **common)
    if kind == FieldType.TEXT:
        return forms.CharField(max_length=10_000, widget=forms.Textarea(attrs={"rows": 3}), **common)
    return forms.CharField(max_length=300, **common)


class ChooseTemplateForm(forms.Form):
    """Which template is filled in, and about what. It is sent by GET."""

    template = forms.ModelChoiceField(Template.objects.none(), empty_label="Choose a template")
    about = forms.CharField(
        label="About",
        max_length=24,
        help_text="A risk, a breach, a review, an experiment or an incident, such as R-12.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        fields: dict[str, Any] = self.fields
        rows = Template.objects.visible_to(user).filter(is_retired=False)
        fields["template"].queryset = rows.order_by(*BY_NAME)
        fields["template"].label_from_instance = lambda template: template.name

    def clean_about(self) -> Subject:
        found = queries.subject_named(self.user, self.cleaned_data["about"])
        if found is None:
            raise forms.ValidationError("There is no object with this reference. Use one such as R-12.")
        return found
