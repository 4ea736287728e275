"""The API of the bulk change of risks, and of its undo."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock, references
from lists.specification import BadQuery, Reader
from people.models import Team, User
from rest.fields import Body, Visible, read
from rest.resource import ApiView
from risklog.filters import RISKS
from risklog.models import Risk
from risklog.operations import risk_bulk, risk_bulk_undo
from risklog.operations.risk_bulk import MAX_RISKS, BulkChange, BulkResult, PlannedRisk
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


class BulkBody(Body):
    """Which risks, and what changes. Give either `ids` or `select`."""

    ids = serializers.ListField(
        child=serializers.CharField(max_length=24),
        required=False,
        allow_empty=False,
        max_length=MAX_RISKS,
        help_text="Ids or references.",
    )
    select = serializers.DictField(
        child=serializers.CharField(max_length=2000),
        required=False,
        help_text="Filters of the list of risks, as in its query. {} selects all risks.",
    )
    change = BulkChangeBody()
    dry_run = serializers.BooleanField(default=False, help_text="true: only say what would happen.")


class BulkRow(serializers.Serializer):
    """What happened, or would happen, to one risk."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    outcome = serializers.ChoiceField(
        [("changed", "Changed"), ("unchanged", "Unchanged"), ("refused", "Refused")]
    )
    changes = serializers.DictField(help_text="Field -> [old, new]; people and teams by id.")
    reason = serializers.CharField(help_text="Why it was refused.")


class BulkAnswer(serializers.Serializer):
    """The result of a bulk change."""

    dry_run = serializers.BooleanField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()
    batch = serializers.UUIDField(allow_null=True, help_text="With `at`, the key for the undo.")
    at = serializers.DateTimeField()
    rows = BulkRow(many=True)


class BulkUndoBody(Body):
    batch = serializers.UUIDField()
    at = serializers.DateTimeField(help_text="As the answer of the bulk change has it.")


class BulkUndoAnswer(serializers.Serializer):
    """The result of an undo.

    left: reference -> the fields that somebody has changed since. refused: reference -> why something else
    of the risk was not restored.
    """

    restored = serializers.IntegerField()
    left = serializers.DictField()
    refused = serializers.DictField(child=serializers.CharField())


class BulkRisks(ApiView):
    """Change up to 1000 risks in one transaction. The answer says which were refused, and why."""

    permission = {"POST": "risklog.risk_change"}
    bodies = {"POST": BulkBody}
    answers = {"POST": (200, BulkAnswer)}

    def post(self, request: Request) -> Response:
        values = read(BulkBody, request)
        risks, at, by = self._risks(request, values), clock.now(), self.by(request)
        change = _change_of(values["change"])
        if values["dry_run"]:
            result = BulkResult(risk_bulk.plan(risk_bulk.loaded(risks), change, by=by, today=at.date()))
        else:
            result = risk_bulk.apply(risks, change, by=by, at=at)
        return Response(
            {
                "dry_run": values["dry_run"],
                **{name: result.count(name) for name in ("changed", "unchanged", "refused")},
                "batch": str(result.batch) if result.batch else None,
                "at": at,
                "rows": [_row(row) for row in result.rows],
            }
        )

    def _risks(self, request: Request, values: Mapping[str, Any]) -> QuerySet[Risk]:
        """Return the selected risks that the writer may see. Raises ValidationError for an unknown one."""
        if ("ids" in values) == ("select" in values):
            raise ValidationError({"ids": ["Give either ids or select."]})
        rows = Risk.objects.visible_to(request.user)
        if "ids" in values:
            return _named(rows, values["ids"])
        try:
            selection = RISKS.whole().read({name: [text] for name, text in values["select"].items()})
        except BadQuery as error:
            raise ValidationError({f"select.{name}": [text] for name, text in error.errors.items()}) from None
        return RISKS.apply(rows, selection, Reader(request.user, clock.today(), clock.now()))


def _named(rows: QuerySet[Risk], keys: list[str]) -> QuerySet[Risk]:
    """Return the risks of these ids or references. Raises ValidationError for one that `rows` lacks."""
    numbers = {int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 19}
    names = {key.upper() for key in keys if references.is_reference(key)}
    found = rows.filter(Q(pk__in=numbers) | Q(subject__reference__in=names))
    known = {str(value) for pair in found.values_list("pk", "subject__reference") for value in pair}
    for key in keys:
        if key.upper() not in known:
            raise ValidationError({"ids": [f"There is no risk “{key}”."]})
    return found


def _change_of(values: dict[str, Any]) -> BulkChange:
    state = values.pop("state", None)
    added, removed = values.pop("add_tags", ()), values.pop("remove_tags", ())
    return BulkChange(values, RiskState(state) if state else None, added, removed)


def _row(row: PlannedRisk) -> dict[str, Any]:
    return {
        "id": row.risk.pk,
        "reference": row.risk.reference,
        "outcome": row.outcome,
        "changes": {name: [_plain(old), _plain(new)] for name, (old, new) in row.changes.items()},
        "reason": row.refusal,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.pk
    return value.isoformat() if isinstance(value, date) else value


class UndoBulk(ApiView):
    """Undo your bulk change: restore the fields that nobody has changed since."""

    permission = {"POST": "risklog.risk_change"}
    bodies = {"POST": BulkUndoBody}
    answers = {"POST": (200, BulkUndoAnswer)}

    def post(self, request: Request) -> Response:
        values = read(BulkUndoBody, request)
        result = risk_bulk_undo.undo(values["batch"], values["at"], by=self.by(request), at=clock.now())
        return Response({"restored": result.count, "left": result.left, "refused": result.refused})


RESOURCES: list = [("risks/bulk", BulkRisks), ("risks/bulk/undo", UndoBulk)]
