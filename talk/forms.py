"""The forms of comments."""

from typing import Any

from django import forms

from history.models import Subject
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


class NewCommentForm(CommentForm):
    """A comment and what it is about: the kind and the id of an object that its author may see."""

    kind = forms.CharField(max_length=40, widget=forms.HiddenInput)
    object_id = forms.IntegerField(min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if "kind" in values and "object_id" in values:
            rows = Subject.objects.visible_to(self.user)
            values["about"] = rows.filter(kind=values["kind"], object_id=values["object_id"]).first()
            if values["about"] is None:
                self.add_error(None, "What you comment on does not exist any more. Your text is kept below.")
        return values

    def values(self) -> dict[str, Any]:
        return {"about": self.cleaned_data["about"], "text": self.cleaned_data["text"]}
