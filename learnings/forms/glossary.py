"""The form of a word of the glossary."""

from typing import Any

from django import forms

from learnings.lessons import LESSONS
from learnings.models import GlossaryWord
from learnings.operations.glossary import CHANGEABLE
from pages.forms import PageForm


class GlossaryWordForm(PageForm):
    word = forms.CharField(max_length=80)
    definition = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="In a sentence that everybody understands. Markdown is supported.",
    )
    also = forms.CharField(
        label="Other spellings", required=False, max_length=500, help_text="Separate them with commas."
    )
    lesson = forms.ChoiceField(
        required=False, choices=[("", "No lesson"), *((one.slug, one.title) for one in LESSONS)]
    )

    @classmethod
    def of(cls, word: GlossaryWord, data: Any = None) -> "GlossaryWordForm":
        initial = {name: getattr(word, name) for name in CHANGEABLE} | {"also": ", ".join(word.also)}
        return cls(data, initial=initial)

    def clean_also(self) -> list[str]:
        return [text.strip() for text in self.cleaned_data["also"].split(",") if text.strip()]
