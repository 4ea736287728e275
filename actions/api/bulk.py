"""The API of the bulk change of actions, and of its undo."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from actions.filters import SPEC
from actions.models import MAX_EXPOSURE, Action
from actions.operations import action_bulk
from actions.operations.action_bulk import ActionBulkChange
from actions.states import ActionState, Effort, Type
from history.undo import UndoResult
from kit.actor import Actor
from lists.bulk import BulkResult
from people.models import User
from rest.bulk import BulkBody, BulkOfList, UndoOfBulk
from rest.fields import Body, Visible


def _people(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


class BulkActionChange(Body):
    """What is set on every action. Fields that are not sent keep their values."""

    owner = Visible("person", _people, by="email", required=False, allow_null=True)
    due_on = serializers.DateField(required=False, allow_null=True)
    type = serializers.ChoiceField(Type.choices, required=False)
    effort = serializers.ChoiceField([*Effort.choices, ""], required=False)
    exposure = serializers.IntegerField(min_value=1, max_value=MAX_EXPOSURE, required=False, allow_null=True)
    state = serializers.ChoiceField([(s.value, s.label) for s in action_bulk.STATES], required=False)


class BulkActionsBody(BulkBody):
    """Which actions, and what changes. Give either `ids` or `select`."""

    change = BulkActionChange()


class BulkActions(BulkOfList):
    """Change up to 1000 actions in one transaction. The answer says which were refused, and why."""

    permission = {"POST": "actions.action_change"}
    bodies = {"POST": BulkActionsBody}
    spec = SPEC
    noun = "action"

    def rows(self, request: Request) -> QuerySet[Action]:
        return Action.objects.visible_to(request.user)

    def run(
        self, rows: QuerySet, change: dict[str, Any], *, by: Actor, at: datetime, is_dry: bool
    ) -> BulkResult:
        state = change.pop("state", None)
        asked = ActionBulkChange(change, ActionState(state) if state else None)
        if is_dry:
            return BulkResult(action_bulk.plan(action_bulk.loaded(rows), asked, by=by, at=at))
        return action_bulk.apply(rows, asked, by=by, at=at)


class UndoBulkOfActions(UndoOfBulk):
    """Undo your bulk change: restore the fields that nobody has changed since."""

    permission = {"POST": "actions.action_change"}

    def undo(self, batch: Any, done_at: datetime, *, by: Actor, at: datetime) -> UndoResult:
        return action_bulk.undo(batch, done_at, by=by, at=at)


RESOURCES: list = [("actions/bulk", BulkActions), ("actions/bulk/undo", UndoBulkOfActions)]
