"""The forms of an import: choose a file, and say what its columns mean."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms

from lists.collation import BY_NAME
from lists.sheets import ENCODINGS, MAX_BYTES
from pages import uploads
from pages.forms import PageForm
from risklog.columns import COLUMNS, DateOrder
from risklog.forms.risk import NamedChoice
from risklog.models import Category, Import

_FIELDS = [("", "Leave out"), *((name, column.label) for name, column in COLUMNS.items())]
SAMPLES = 3


class UploadForm(PageForm):
    file = forms.FileField(
        label="Spreadsheet",
        help_text=f"CSV, XLSX, XLS or ODS, up to {MAX_BYTES // 1024 // 1024} MB.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xls,.ods"}),
        allow_empty_file=True,
    )

    def __init__(self, *args: Any, is_too_large: bool = False) -> None:
        """is_too_large: whether the upload was skipped because of its size (pages.uploads)."""
        super().__init__(*args)
        self.is_too_large = is_too_large

    def clean(self) -> None:
        if self.is_too_large:
            self.errors.pop("file", None)
            self.add_error("file", f"The file is larger than {uploads.limit_text()}. Save the sheet as CSV.")

    def values(self) -> dict[str, Any]:
        file = self.cleaned_data["file"]
        return {"file": file, "name": file.name}


class ReadingForm(PageForm):
    """How the file of an import is read: which sheet, and as which encoding."""

    sheet = forms.ChoiceField(label="Sheet")
    encoding = forms.ChoiceField(label="Encoding of the text", choices=list(ENCODINGS.items()))

    def __init__(self, data: Any = None, *, found: Import) -> None:
        super().__init__(data, initial={"sheet": found.sheet, "encoding": found.encoding})
        fields: dict[str, Any] = self.fields
        fields["sheet"].choices = [(name, name) for name in dict.fromkeys([found.sheet, *found.sheets])]
        if len(found.sheets) < 2:
            del self.fields["sheet"]
        if not found.encoding:
            del self.fields["encoding"]
        elif found.encoding not in ENCODINGS:
            fields["encoding"].choices = [(found.encoding, found.encoding), *ENCODINGS.items()]


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column of the sheet with the field of the form that says what it means. samples: its first texts."""

    header: str
    samples: list[str]
    field: forms.BoundField


class MappingForm(PageForm):
    """What each column means, and how its cells are read."""

    date_order = forms.ChoiceField(label="Order of dates", choices=DateOrder.choices)
    category = NamedChoice(
        Category.objects.none(), required=False, empty_label="None", label="Category of rows without one"
    )
    creates_categories = forms.BooleanField(
        label="Create missing categories",
        required=False,
        help_text="Only risk managers can. Describe the new ones afterwards.",
    )

    def __init__(self, data: Any = None, *, found: Import) -> None:
        columns = {f"column_{place}": name for place, name in enumerate(found.mapping)}
        settings = ("date_order", "category", "creates_categories")
        super().__init__(data, initial={**columns, **{name: getattr(found, name) for name in settings}})
        self.found = found
        fields: dict[str, Any] = self.fields
        fields["category"].queryset = Category.objects.filter(is_retired=False).order_by(*BY_NAME)
        for place, header in enumerate(found.header):
            fields[f"column_{place}"] = forms.ChoiceField(
                label=header,
                choices=_FIELDS,
                required=False,
                widget=forms.Select(attrs={"class": "input"}),
            )

    def columns(self) -> Iterator[ColumnChoice]:
        """Yield the columns of the sheet for the page. One query, for the samples."""
        rows = [row.cells for row in self.found.rows.order_by("line")[: 5 * SAMPLES]]
        for place, header in enumerate(self.found.header):
            texts = dict.fromkeys(cells[place] for cells in rows if cells[place])
            yield ColumnChoice(header, list(texts)[:SAMPLES], self[f"column_{place}"])

    def values(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        return {
            "mapping": [cleaned[f"column_{place}"] for place in range(len(self.found.header))],
            "date_order": cleaned["date_order"],
            "category": cleaned["category"],
            "creates_categories": cleaned["creates_categories"],
        }
