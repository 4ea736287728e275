"""The forms of learnings."""

from typing import Any

from django import forms

from catalogue.models import Model
from history.models import Subject
from learnings.models import Learning
from learnings.operations.learning import CHANGEABLE, TEXTS
from learnings.states import LearningVerdict
from lists.collation import BY_NAME
from pages.forms import PageForm
from people.models import User
from risklog.models import Category


def _text(label: str, hint: str, rows: int = 4) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=hint,
        required=False,
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


def named_subject(user: User, reference: str) -> Subject | None:
    """Return the subject of a reference, None for a blank one.

    Raises ValidationError for one that does not exist or that the user may not see.
    """
    reference = reference.strip().upper()
    if not reference:
        return None
    subject = Subject.objects.visible_to(user).filter(reference=reference).first()
    if subject is None:
        raise forms.ValidationError(f"{reference} was not found. Use a reference such as R-12.")
    return subject


class AppliesTo(forms.ModelChoiceField):
    """A model or a category, by its name."""

    def label_from_instance(self, obj: Any) -> str:
        return obj.subject_title


class LearningForm(PageForm):
    """The fields of a learning. Its texts name conditions and evidence, never people at fault."""

    title = forms.CharField(max_length=200, help_text="The learning in one sentence.")
    seen = _text("What happened", "Describe what happened, with evidence. Markdown is supported.", 6)
    to_monitor = _text("What to monitor", "What would reveal it earlier next time.")
    to_adjust = _text("What to adjust", "What was changed or should be changed.")
    how_to_check = _text("How to verify", "What should change, and by when.", 3)
    governance = _text("Governance notes", "Privacy, versioning or access, if relevant.", 3)
    tags = forms.CharField(
        required=False,
        max_length=1300,
        widget=forms.TextInput(attrs={"list": "tag-names"}),
        help_text="Separate tags with commas.",
    )
    verdict = forms.ChoiceField(
        label="Outcome", choices=[("", "Too early to say"), *LearningVerdict.choices], required=False
    )

    model = AppliesTo(Model.objects.none(), required=False, empty_label="No specific model")
    category = AppliesTo(Category.objects.none(), required=False, empty_label="No category")

    def __init__(self, *args: Any, user: User, draft: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        fields: dict[str, Any] = self.fields
        fields["model"].queryset = Model.objects.visible_to(user).order_by(*BY_NAME)
        fields["category"].queryset = Category.objects.order_by(*BY_NAME)
        if draft:
            for name in TEXTS:
                self.fields[name].widget.attrs["data-draft"] = f"{draft}:{name}"

    @classmethod
    def of(cls, learning: Learning, user: User, data: Any = None) -> "LearningForm":
        """Return the form of an existing learning. A model that the user may not see stays as it is."""
        initial = {name: getattr(learning, name) for name in CHANGEABLE} | {"tags": ", ".join(learning.tags)}
        form = cls(data, user=user, initial=initial)
        if learning.model and not learning.model.subject.is_visible_to(user):
            del form.fields["model"]
        return form

    def clean_tags(self) -> list[str]:
        return [tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip()]

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in CHANGEABLE if name in self.fields}


class NewLearningForm(LearningForm):
    """The fields of a new draft, with the object it is about."""

    about = forms.CharField(
        required=False, max_length=24, help_text="The source: a reference such as R-12 or Q-3."
    )
    field_order = ("title", "about")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, draft="learning-new", **kwargs)

    def clean_about(self) -> Subject | None:
        return named_subject(self.user, self.cleaned_data["about"])

    def values(self) -> dict[str, Any]:
        return {**super().values(), "about": self.cleaned_data["about"], "author": self.user}


class VerdictForm(PageForm):
    """Whether a learning worked."""

    verdict = forms.ChoiceField(choices=[("", "Too early to say"), *LearningVerdict.choices], required=False)
