"""The forms of validations."""

from typing import Any

from django import forms
from django.db.models import Q

from catalogue.forms.model import LinesField
from catalogue.models import Model, Validation, Version
from catalogue.states import CheckAnswer, ValidationResult
from history.models import Subject
from lists.collation import BY_NAME
from pages.forms import Day, PageForm
from people.models import User


class ValidationForm(PageForm):
    """The fields of a validation that people enter before its result."""

    of_version = forms.ModelChoiceField(
        Version.objects.none(), label="Version", required=False, empty_label="The model as a whole"
    )
    validated_by = forms.ModelChoiceField(
        User.objects.none(),
        label="Validated by",
        empty_label="Choose",
        help_text="Somebody other than the developer.",
    )
    trigger = forms.CharField(
        label="Triggered by", required=False, max_length=500, help_text="For example a new version."
    )
    scope = forms.CharField(
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What is examined, and what is not. Markdown is supported.",
    )
    due_on = forms.DateField(label="Due on", required=False, widget=Day())
    documents_asked = LinesField(label="Documents asked for", required=False, help_text="One a line.")
    documents_received = LinesField(
        label="Documents received", required=False, help_text="One a line, named as above."
    )

    def __init__(
        self, *args: Any, model: Model, user: User, present: Validation | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        versions = Version.objects.visible_to(user).filter(model=model)
        fields["of_version"].queryset = versions.select_related("model").order_by("-made_at", "-pk")
        fields["of_version"].label_from_instance = lambda version: version.name
        selectable = Q(is_active=True) | Q(pk=present.validated_by_id if present else None)
        people = User.objects.filter(selectable).exclude(pk=model.developer_id).visible_to(user)
        fields["validated_by"].queryset = people.order_by(*BY_NAME)

    @classmethod
    def of(cls, validation: Validation, data: Any = None, *, user: User) -> "ValidationForm":
        """Return the form of an existing validation."""
        initial = {name: getattr(validation, name) for name in cls.base_fields}
        return cls(data, initial=initial, model=validation.model, user=user, present=validation)

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.fields}


class ChecklistForm(PageForm):
    """The answers to the questions of a validation: `answer-N` and `note-N` for each."""

    def __init__(self, *args: Any, validation: Validation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = [row["question"] for row in validation.checklist]
        for number, row in enumerate(validation.checklist):
            self.fields[f"answer-{number}"] = forms.ChoiceField(
                label=row["question"],
                choices=[("", "Not answered"), *CheckAnswer.choices],
                initial=row["answer"],
                required=False,
            )
            self.fields[f"note-{number}"] = forms.CharField(
                label="Note", initial=row["note"], required=False, max_length=2_000
            )

    def values(self) -> dict[str, Any]:
        rows = [
            {
                "question": question,
                "answer": self.cleaned_data[f"answer-{number}"],
                "note": self.cleaned_data[f"note-{number}"],
            }
            for number, question in enumerate(self.questions)
        ]
        return {"checklist": rows}


class FindingForm(PageForm):
    """A risk that a validation found, by its reference."""

    about = forms.CharField(label="Risk", max_length=24, help_text="A reference, such as R-12.")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_about(self) -> Subject:
        reference = self.cleaned_data["about"].strip().upper()
        about = Subject.objects.visible_to(self.user).filter(reference=reference).first()
        if about is None:
            raise forms.ValidationError(f"There is no risk “{reference}”.")
        return about

    def values(self) -> dict[str, Any]:
        return {"about": self.cleaned_data["about"]}


class ConcludeForm(PageForm):
    """The result of a validation, and the next one."""

    result = forms.ChoiceField(choices=ValidationResult.choices)
    conclusion = forms.CharField(
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The conditions, or why it is rejected.",
    )
    next_on = forms.DateField(
        label="Validate again on",
        required=False,
        widget=Day(),
        help_text="Leave blank if only a trigger asks for the next one, for example a new version.",
    )
    next_why = forms.CharField(
        label="What triggers that", required=False, max_length=500, help_text="For example new labels."
    )

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.fields}


class WithdrawValidationForm(PageForm):
    reason = forms.CharField(max_length=2_000)

    def values(self) -> dict[str, Any]:
        return {"reason": self.cleaned_data["reason"]}
