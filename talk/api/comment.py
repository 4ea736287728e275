"""The API of comments and of watching."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Subject
from kit import clock
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource
from rest.steps import Step
from talk.filters import SPEC, WATCHES
from talk.models import Comment, Watch
from talk.operations import comment as operations
from talk.operations import reaction as reacting
from talk.operations import watch as watching
from talk.queries import comment as queries
from talk.states import CommentState, ReactionKind


class ReactionRow(serializers.Serializer):
    reaction = serializers.ChoiceField(ReactionKind.choices)
    person_id = serializers.IntegerField()
    person_name = serializers.CharField()


class CommentRow(serializers.Serializer):
    """A comment on an object."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    about_kind = serializers.CharField(source="about.kind")
    about_object_id = serializers.IntegerField(source="about.object_id", help_text="The id of the object.")
    about_reference = serializers.CharField(source="about.reference", allow_null=True)
    about_title = serializers.CharField(source="about.title")
    author_id = serializers.IntegerField()
    author_name = serializers.CharField(source="author.name")
    text = serializers.CharField(help_text="Markdown; empty while the comment is removed.")
    mentioned_ids = serializers.ListField(
        source="mentioned", child=serializers.IntegerField(), help_text="The people whom the text mentions."
    )
    unknown_mentions = serializers.ListField(
        child=serializers.CharField(), help_text="The handles in the text that mention nobody."
    )
    state = serializers.ChoiceField(CommentState.choices)
    posted_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    reactions = ReactionRow(many=True)


def _about(help_text: str) -> Visible:
    return Visible("object", Subject.objects.visible_to, by="reference", help_text=help_text)


def _text(**options: Any) -> serializers.CharField:
    return serializers.CharField(
        max_length=10_000, help_text="Markdown. @handle mentions a person.", **options
    )


class CommentChange(Body):
    text = _text(required=False)


class NewCommentBody(Body):
    text = _text()
    about = _about("What the comment is about: a reference such as R-12.")


class WatchBody(Body):
    about = _about("What to watch: a reference such as R-12.")
    is_muted = serializers.BooleanField(
        default=False, help_text="True: receive nothing about it, also as its owner or as a commenter."
    )


class _Comments(Resource):
    kind = "comment"
    serializer_class = CommentRow
    columns = {
        "id": "id",
        "version": "version",
        "about_kind": "about__kind",
        "about_object_id": "about__object_id",
        "about_reference": "about__reference",
        "about_title": "about__title",
        "author_id": "author_id",
        "author_name": "author__name",
        "text": "text",
        "mentioned_ids": "mentioned",
        "state": "state",
        "posted_at": "posted_at",
        "edited_at": "edited_at",
        "reactions": "reactions",
    }

    def rows(self, request: Request) -> QuerySet:
        return queries.with_reactions(Comment.objects.visible_to(request.user))

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related("about", "author")

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        unknown = queries.unknown_mentions([(row["text"], row["mentioned_ids"]) for row in found])
        return [{**row, "unknown_mentions": some} for row, some in zip(found, unknown, strict=True)]


class Comments(_Comments, Collection):
    """Comments on what you may see."""

    permission = {"GET": "talk.comment_view", "POST": "talk.comment_add"}
    bodies = {"POST": NewCommentBody}
    spec = SPEC

    def post(self, request: Request) -> Response:
        values = read(NewCommentBody, request)
        comment = operations.add(**values, by=self.by(request), at=clock.now())
        return self.created(request, comment, f"comments/{comment.pk}")


def _change(comment: Comment, values: dict[str, Any], **act: Any) -> None:
    if values:
        operations.change(comment, **values, **act)


class CommentItem(_Comments, EditableItem):
    """A comment, by id."""

    permission = {"GET": "talk.comment_view", "PATCH": "talk.comment_change"}
    body = CommentChange
    operation = staticmethod(_change)


class _CommentStep(_Comments, Step):
    is_versioned = True
    permission = {"POST": "talk.comment_remove"}
    answers = {"POST": (200, CommentRow)}


class RemoveComment(_CommentStep):
    """Remove a comment from the page. Its text stays in the history of the object."""

    operation = staticmethod(operations.remove)


class RestoreComment(_CommentStep):
    """Restore a comment that you removed; as an administrator, any removed comment."""

    permission = {"POST": "talk.comment_restore"}
    operation = staticmethod(operations.restore)


class ReactionBody(Body):
    reaction = serializers.ChoiceField(ReactionKind.choices)
    is_on = serializers.BooleanField(default=True, help_text="False: take the reaction back.")


class ReactToComment(_Comments, Step):
    """React to a comment without words, or take that back. Nobody is notified."""

    permission = {"POST": "talk.comment_react"}
    answers = {"POST": (200, CommentRow)}
    body = ReactionBody
    takes_version = False
    operation = staticmethod(reacting.react)

    def arguments(self, values: dict[str, Any], request: Request) -> dict[str, Any]:
        return {"kind": values["reaction"], "is_on": values["is_on"]}


class WatchRow(serializers.Serializer):
    """Whether you watch an object."""

    id = serializers.IntegerField()
    about_kind = serializers.CharField(source="about.kind")
    about_object_id = serializers.IntegerField(source="about.object_id")
    about_reference = serializers.CharField(source="about.reference", allow_null=True)
    about_title = serializers.CharField(source="about.title")
    is_muted = serializers.BooleanField()
    since = serializers.DateTimeField()


class Watches(Collection):
    """What you watch, and what you muted. A second POST for an object replaces the first."""

    kind = "watch"
    serializer_class = WatchRow
    permission = {"GET": "talk.comment_view", "POST": "talk.watch"}
    bodies = {"POST": WatchBody}
    answers = {"POST": (200, WatchRow)}
    spec = WATCHES
    columns = {
        "id": "id",
        "about_kind": "about__kind",
        "about_object_id": "about__object_id",
        "about_reference": "about__reference",
        "about_title": "about__title",
        "is_muted": "is_muted",
        "since": "since",
    }

    def rows(self, request: Request) -> QuerySet:
        return Watch.objects.visible_to(request.user).filter(user=request.user)

    def post(self, request: Request) -> Response:
        values = read(WatchBody, request)
        operation = watching.stop if values["is_muted"] else watching.start
        watch = operation(values["about"], by=self.by(request), at=clock.now())
        return self.answer(request, watch.pk)


RESOURCES: list = [
    ("comments", Comments),
    ("comments/<str:key>", CommentItem),
    ("comments/<str:key>/remove", RemoveComment),
    ("comments/<str:key>/restore", RestoreComment),
    ("comments/<str:key>/react", ReactToComment),
    ("watches", Watches),
]
