"""The API of the bulk change of risks, and of its undo."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from kit.actor import Actor
from lists.bulk import BulkResult
from people.models import Team, User
from rest.bulk import BulkBody, BulkOfList, UndoOfBulk
from rest.fields import Body, Visible
from risklog.filters.risk import RISKS
from risklog.models import Risk
from risklog.operations import risk_bulk, risk_bulk_undo
from risklog.operations.risk_bulk import BulkChange
from risklog.operations.risk_bulk_undo import UndoResult
from risklog.states import RiskState


def _people(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


def _tags(**kwargs: Any) -> serializers.ListField:
    child = serializers.CharField(max_length=60)
    return serializers.ListField(child=child, max_length=20, required=False, **kwargs)


class BulkChangeBody(Body):
    """What is set on every risk. Fields that are not sent keep their values."""

    owner = Visible("person", _people, by="email", required=False, allow_null=True)
    team = Visible("team", Team.objects.visible_to, required=False, allow_null=True)
    likelihood = serializers.IntegerField(min_value=1, max_value=5, required=False)
    impact = serializers.IntegerField(min_value=1, max_value=5, required=False)
    review_on = serializers.DateField(required=False)
    state = serializers.ChoiceField([(s.value, s.label) for s in risk_bulk.STATES], required=False)
    add_tags = _tags()
    remove_tags = _tags()


class BulkRisksBody(BulkBody):
    """Which risks, and what changes. Give either `ids` or `select`."""

    change = BulkChangeBody()


class BulkRisks(BulkOfList):
    """Change up to 1000 risks in one transaction. The answer says which were refused, and why."""

    permission = {"POST": "risklog.risk_change"}
    bodies = {"POST": BulkRisksBody}
    spec = RISKS
    noun = "risk"

    def rows(self, request: Request) -> QuerySet[Risk]:
        return Risk.objects.visible_to(request.user)

    def run(
        self, rows: QuerySet, change: dict[str, Any], *, by: Actor, at: datetime, is_dry: bool
    ) -> BulkResult:
        asked = _change_of(change)
        if is_dry:
            return BulkResult(risk_bulk.plan(risk_bulk.loaded(rows), asked, by=by, at=at))
        return risk_bulk.apply(rows, asked, by=by, at=at)


def _change_of(values: dict[str, Any]) -> BulkChange:
    state = values.pop("state", None)
    added, removed = values.pop("add_tags", ()), values.pop("remove_tags", ())
    return BulkChange(values, RiskState(state) if state else None, added, removed)


class UndoBulk(UndoOfBulk):
    """Undo your bulk change: restore the fields that nobody has changed since."""

    permission = {"POST": "risklog.risk_change"}

    def undo(self, batch: Any, done_at: datetime, *, by: Actor, at: datetime) -> UndoResult:
        return risk_bulk_undo.undo(batch, done_at, by=by, at=at)


RESOURCES: list = [("risks/bulk", BulkRisks), ("risks/bulk/undo", UndoBulk)]
