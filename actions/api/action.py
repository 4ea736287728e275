"""The API of actions: list, get, create and change, and one POST per step."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from actions import queries
from actions.filters import SPEC
from actions.models import DUE_ORDER, MAX_EXPOSURE, MAX_TITLE, RANK, Action
from actions.operations import action as operations
from actions.queries.action_export import ACTION_EXPORT
from actions.states import ActionState, AuditResult, Blocker, Effort, Type
from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from people.models import User
from rest.edits import EditableItem
from rest.exporting import ExportOfList
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource
from rest.steps import Step


class ActionRow(serializers.Serializer):
    """An action: what, who, by when and what for."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    details = serializers.CharField(help_text="Markdown.")
    type = serializers.ChoiceField(Type.choices)
    effort = serializers.ChoiceField([*Effort.choices, ""])
    exposure = serializers.IntegerField(
        allow_null=True, help_text="Points of the score of a risk that it should remove, 1 to 25."
    )
    rank = serializers.IntegerField(help_text="exposure times 3 for the effort S, 2 for M or none, 1 for L.")
    state = serializers.ChoiceField(ActionState.choices)
    owner_id = serializers.IntegerField(allow_null=True, help_text="null if unassigned.")
    owner_name = serializers.CharField(source="owner.name", default=None, allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    about_reference = serializers.CharField(
        source="about.reference",
        default=None,
        allow_null=True,
        help_text="The reference of what the action is for, if you may see it.",
    )
    about_kind = serializers.CharField(source="about.kind", default=None, allow_null=True)
    about_title = serializers.CharField(source="about.title", default=None, allow_null=True)
    origin_reference = serializers.CharField(
        source="origin.reference",
        default=None,
        allow_null=True,
        help_text="The reference of what created it, such as a decision.",
    )
    link = serializers.CharField()
    reviewer_id = serializers.IntegerField(allow_null=True, help_text="Somebody outside the owner's teams.")
    reviewer_name = serializers.CharField(source="reviewer.name", default=None, allow_null=True)
    result = serializers.ChoiceField([*AuditResult.choices, ""], help_text="Of a review of code or an audit.")
    blocker = serializers.ChoiceField([*Blocker.choices, ""])
    blocked_by = serializers.CharField()
    blocked_at = serializers.DateTimeField(allow_null=True)
    raised_to_id = serializers.IntegerField(
        allow_null=True, help_text="The sponsor who was told of the block."
    )
    raised_at = serializers.DateTimeField(allow_null=True)
    made_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)


def _people(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


class ActionChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    title = serializers.CharField(max_length=200, required=False)
    details = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    type = serializers.ChoiceField(Type.choices, required=False)
    effort = serializers.ChoiceField([*Effort.choices, ""], required=False)
    exposure = serializers.IntegerField(min_value=1, max_value=MAX_EXPOSURE, required=False, allow_null=True)
    owner = Visible("person", _people, by="email", required=False, allow_null=True)
    reviewer = Visible("person", _people, by="email", required=False, allow_null=True)
    due_on = serializers.DateField(required=False, allow_null=True)
    link = serializers.URLField(max_length=200, required=False, allow_blank=True)


class NewActionBody(ActionChange):
    """The body that creates an action. Only the title is required."""

    title = serializers.CharField(max_length=200)
    about = Visible(
        "object",
        Subject.objects.visible_to,
        by="reference",
        required=False,
        allow_null=True,
        help_text="What the action is for: a reference such as R-12.",
    )


class ActionReason(Body):
    reason = serializers.CharField(max_length=200)


class ActionBlock(Body):
    """What blocks an action: the kind, and what exactly."""

    blocker = serializers.ChoiceField(Blocker.choices, default=Blocker.OTHER)
    reason = serializers.CharField(max_length=200)


class ActionFinish(Body):
    """The result. `code_review` and `lineage_audit` need a reviewer, a link and a result."""

    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    result = serializers.ChoiceField([*AuditResult.choices, ""], required=False)
    findings = serializers.ListField(
        child=serializers.CharField(max_length=MAX_TITLE),
        max_length=50,
        required=False,
        help_text="Titles. Each becomes an action of the same owner.",
    )
    reviewer = Visible("person", _people, by="email", required=False, allow_null=True)
    link = serializers.URLField(max_length=200, required=False, allow_blank=True)


class _Actions(Resource):
    kind = "action"
    serializer_class = ActionRow
    columns = {
        "id": "id",
        "reference": "subject__reference",
        "version": "version",
        "title": "title",
        "details": "details",
        "type": "type",
        "effort": "effort",
        "state": "state",
        "owner_id": "owner_id",
        "owner_name": "owner__name",
        "due_on": "due_on",
        "about_reference": "about__reference",
        "about_kind": "about__kind",
        "about_title": "about__title",
        "origin_reference": "origin__reference",
        "link": "link",
        "exposure": "exposure",
        "rank": "rank_order",
        "reviewer_id": "reviewer_id",
        "reviewer_name": "reviewer__name",
        "result": "result",
        "blocker": "blocker",
        "blocked_by": "blocked_by",
        "blocked_at": "blocked_at",
        "raised_to_id": "raised_to_id",
        "raised_at": "raised_at",
        "made_at": "made_at",
        "settled_at": "settled_at",
    }

    visible_rows = Action.objects

    def objects(self, request: Request) -> QuerySet:
        return queries.actions().visible_to(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        columns = seen_by("about") | seen_by("origin")
        orders = {"due_order": DUE_ORDER, "rank_order": RANK}
        # Once more, because values() drops what it does not name, and a cursor needs them.
        return super().as_values(rows.annotate(**orders)).annotate(**orders, **columns)

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Remove what an action is for, and its origin, if the user may not see those."""
        visible = tell(request.user, rows, "about", "origin")
        return [{name: row[name] for name in self.columns} for row in visible]


class Actions(_Actions, Collection):
    """Actions: what needs doing, by whom and by when."""

    permission = {"GET": "actions.action_view", "POST": "actions.action_add"}
    bodies = {"POST": NewActionBody}
    spec = SPEC

    def post(self, request: Request) -> Response:
        action = operations.add(**read(NewActionBody, request), by=self.by(request), at=clock.now())
        return self.created(request, action, f"actions/{action.reference}")


class ActionsExport(ExportOfList):
    """All actions that the filters leave, in their order, as a file."""

    permission = {"GET": "actions.action_view"}
    export = ACTION_EXPORT

    def rows(self, request: Request) -> QuerySet:
        return Action.objects.visible_to(request.user)


class ActionItem(_Actions, EditableItem):
    """An action, by reference or id."""

    permission = {"GET": "actions.action_view", "PATCH": "actions.action_change"}
    body = ActionChange
    operation = staticmethod(operations.change)


class _ActionStep(_Actions, Step):
    is_versioned = True
    permission = {"POST": "actions.action_change"}
    answers = {"POST": (200, ActionRow)}


class StartAction(_ActionStep):
    """Start an action."""

    operation = staticmethod(operations.start)


class PutBackAction(_ActionStep):
    """Move an action back to open."""

    operation = staticmethod(operations.put_back)


class BlockAction(_ActionStep):
    """Mark an action as blocked. The reason says what blocks it."""

    body = ActionBlock
    operation = staticmethod(operations.block)


class FinishAction(_ActionStep):
    """Complete an action. Findings become actions of the same owner."""

    body = ActionFinish

    @staticmethod
    def operation(action: Action, *, note: str = "", **values: Any) -> Action:
        acting = {name: values.pop(name) for name in ("by", "at", "seen")}
        return operations.finish(action, note=note, proof=operations.Proof(**values), **acting)


class DropAction(_ActionStep):
    """Drop an action that is no longer needed."""

    body = ActionReason
    operation = staticmethod(operations.drop)


class ReopenAction(_ActionStep):
    """Reopen an action that is done or dropped."""

    operation = staticmethod(operations.reopen)


RESOURCES: list = [
    ("actions", Actions),
    ("actions/export", ActionsExport),
    ("actions/<str:key>", ActionItem),
    ("actions/<str:key>/start", StartAction),
    ("actions/<str:key>/put_back", PutBackAction),
    ("actions/<str:key>/block", BlockAction),
    ("actions/<str:key>/finish", FinishAction),
    ("actions/<str:key>/drop", DropAction),
    ("actions/<str:key>/reopen", ReopenAction),
]
