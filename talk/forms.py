"""The forms of comments and files."""

from typing import Any

from django import forms
from django.core.files import File as Content
from django.http import HttpRequest

from history.models import Subject
from kit.refusals import Refused
from pages import uploads
from pages.forms import PageForm
from people.models import User
from talk.models import Comment


class CommentForm(PageForm):
    text = forms.CharField(
        label="Comment",
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Markdown. Type @ and a name to mention somebody.",
    )

    @classmethod
    def of(cls, comment: Comment, data: Any = None) -> "CommentForm":
        return cls(data, initial={"text": comment.text})


class _FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class FilesField(forms.FileField):
    """Any number of files. Its value is a list. A file that was too large to be read is an error here."""

    widget = _FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Content]:
        given = data if isinstance(data, list | tuple) else [data] if data else []
        if self.required and not given:
            raise forms.ValidationError("Choose a file.")
        return [super(FilesField, self).clean(one, initial) for one in given]


class _AboutForm(PageForm):
    """A form about an object that its author may see, named by its kind and id. It may have files."""

    kind = forms.CharField(max_length=40, widget=forms.HiddenInput)
    object_id = forms.IntegerField(min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.request = user, request

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if "kind" in values and "object_id" in values:
            rows = Subject.objects.visible_to(self.user)
            values["about"] = rows.filter(kind=values["kind"], object_id=values["object_id"]).first()
            if values["about"] is None:
                self.add_error(None, "What this is about does not exist any more. Your text is kept below.")
        names = " and ".join(f"“{name}”" for name in uploads.too_large(self.request) if name) or "The file"
        if uploads.too_large(self.request):
            self.errors.pop("file", None)
            self.add_error("file", f"{names} is larger than {uploads.limit_text()}. Link to it instead.")
        return values


class NewCommentForm(CommentForm, _AboutForm):
    """A comment, and files that are attached with it. It needs a text or a file."""

    file = FilesField(label="Files", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].required = not self.files

    def values(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {"about": values["about"], "text": values["text"], "files": values["file"]}


class NewFileForm(_AboutForm):
    file = forms.FileField(label="File", max_length=None, allow_empty_file=True)

    def values(self) -> dict[str, Any]:
        return {"about": self.cleaned_data["about"], "file": self.cleaned_data["file"]}


class TagForm(PageForm):
    """A tag, and another one that it is renamed to or merged into."""

    tag = forms.CharField(max_length=200, widget=forms.HiddenInput)
    other = forms.CharField(
        label="Other name",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"list": "tag-names"}),
        help_text="Each risk and each learning that has the tag gets the other one. Its history shows that.",
    )

    def refuse(self, refusal: Refused) -> int:
        field = "other" if refusal.field in {"to", "into"} else refusal.field
        return super().refuse(Refused(refusal.message, field=field))
