"""The forms of a category: its texts, and what it is merged into."""

from typing import Any

from django import forms

from history.models import Subject
from lists.collation import BY_NAME
from pages.forms import PageForm, ReasonedForm
from people.models import User
from risklog.models import Category
from signals.states import SignalKind


class CategoryForm(PageForm):
    name = forms.CharField(max_length=80)
    kind = forms.ChoiceField(
        label="Signal kind", choices=SignalKind.choices, help_text="Decides the focus of its risks."
    )
    definition = forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), help_text="One or two sentences.")
    signs = forms.CharField(label="Typical signs", required=False, widget=forms.Textarea(attrs={"rows": 5}))
    questions = forms.CharField(
        label="First questions", required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    mitigations = forms.CharField(
        label="Common mitigations",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Markdown lists are supported.",
    )

    @classmethod
    def of(cls, category: Category, data: Any = None) -> "CategoryForm":
        """Return the form of an existing category."""
        return cls(data, initial={name: getattr(category, name) for name in cls.base_fields})


class MergeForm(ReasonedForm):
    into = forms.ModelChoiceField(
        Category.objects.none(), label="Merge into", empty_label="Choose a category"
    )

    def __init__(self, *args: Any, category: Category, user: User, **kwargs: Any) -> None:
        super().__init__(*args, subjects=Subject.objects.visible_to(user), **kwargs)
        self.order_fields(["into", "why", "because"])
        rows = Category.objects.filter(is_retired=False).exclude(pk=category.pk).order_by(*BY_NAME)
        fields: dict[str, Any] = self.fields
        fields["into"].queryset = rows
        fields["into"].label_from_instance = lambda category: category.name
