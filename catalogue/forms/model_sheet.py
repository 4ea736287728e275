"""The form of an import of models from a table."""

import csv
import io
from typing import Any

from django import forms

from catalogue.operations.model_sheet import known_columns
from kit.refusals import Refused
from lists import sheets
from pages import uploads
from pages.forms import PageForm

MAX_TEXT = 2_000_000


class ModelSheetForm(PageForm):
    """A file, or its text. sheet: the table, after is_valid()."""

    file = forms.FileField(
        label="File",
        required=False,
        help_text="CSV, XLSX or ODS, with a row for each model or version.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xls,.ods"}),
        allow_empty_file=True,
    )
    csv = forms.CharField(
        label="Or paste the table",
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, is_too_large: bool = False) -> None:
        """is_too_large: whether the upload was skipped because of its size (pages.uploads)."""
        super().__init__(*args)
        self.is_too_large = is_too_large
        self.sheet = sheets.Sheet([], [])

    def clean(self) -> None:
        if self.is_too_large:
            self.errors.pop("file", None)
            self.add_error("file", f"The file is larger than {uploads.limit_text()}. Save the sheet as CSV.")
            return
        file, text = self.cleaned_data.get("file"), self.cleaned_data.get("csv", "")
        if not file and not text:
            self.add_error("file", "Choose a file, or paste a table.")
            return
        try:
            self.sheet = sheets.read(file or io.BytesIO(text.encode()), score=known_columns)
        except Refused as refusal:
            self.add_error("file" if file else "csv", refusal.message)

    @property
    def text(self) -> str:
        """Return the table as CSV, so that the second step sends it again."""
        output = io.StringIO()
        writer = csv.writer(output)
        writer.writerow(self.sheet.header)
        writer.writerows(cells for _, cells in self.sheet.rows)
        return output.getvalue()
