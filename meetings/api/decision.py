"""API resources of decisions: list, record, get and replace them."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from actions.states import Effort, Type
from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from meetings.api.tripwire import NewTripwire
from meetings.filters import DECISIONS
from meetings.models import AgendaItem, Decision, Meeting
from meetings.operations import completion
from meetings.operations import decision as operations
from meetings.queries import decision as queries
from meetings.queries import effect as effect_queries
from meetings.queries.agenda import may_see_item
from meetings.queries.decision_export import DECISION_EXPORT
from meetings.states import DecisionState, DidItWork, EffectKind
from people.models import User
from rest.exporting import ExportOfList
from rest.fields import Body, Visible, read
from rest.resource import Collection, Item, Resource
from rest.steps import Step
from risklog.states import Outcome, Treatment


class EffectRow(serializers.Serializer):
    """What a decision changed. The target and the values are null for readers who may not see the target."""

    kind = serializers.ChoiceField(EffectKind.choices)
    target_reference = serializers.CharField(allow_null=True)
    target_kind = serializers.CharField(allow_null=True)
    target_id = serializers.IntegerField(allow_null=True)
    due_on = serializers.DateField(
        allow_null=True, help_text="The new due date of the action, or the last day of the acceptance."
    )
    owner_id = serializers.IntegerField(allow_null=True, help_text="The new owner of the action.")
    number = serializers.IntegerField(allow_null=True, help_text="The version of the threshold.")
    treatment = serializers.ChoiceField([*Treatment.choices, ""], allow_null=True)


class DecisionRow(serializers.Serializer):
    """A decision with its reason and subject."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    version = serializers.IntegerField()
    text = serializers.CharField()
    reason = serializers.CharField()
    about_reference = serializers.CharField(source="about.reference", default=None, allow_null=True)
    about_kind = serializers.CharField(source="about.kind", default=None, allow_null=True)
    meeting_id = serializers.IntegerField(allow_null=True, help_text="null if decided outside a meeting.")
    item_id = serializers.IntegerField(allow_null=True)
    no_action_reason = serializers.CharField()
    is_incomplete = serializers.BooleanField(
        help_text="Whether it was recorded in a live meeting and its reason or action is still missing."
    )
    options = serializers.CharField(help_text="What else was considered.")
    dissent = serializers.CharField(help_text="Who disagreed, and why.")
    outcome = serializers.ChoiceField(
        [*DidItWork.choices, ""], help_text="Whether it worked; empty while nobody has answered."
    )
    state = serializers.ChoiceField(DecisionState.choices)
    accepted_until = serializers.DateField(
        source="acceptance.until",
        default=None,
        allow_null=True,
        help_text="For the acceptance of a risk: its last day.",
    )
    proposed_by_id = serializers.IntegerField(
        source="acceptance.proposed_by_id",
        default=None,
        allow_null=True,
        help_text="For the acceptance of a risk: who proposed it.",
    )
    threshold_version_id = serializers.IntegerField(
        allow_null=True, help_text="For an agreement to a threshold outside a meeting: the version."
    )
    replaced_by_id = serializers.IntegerField(allow_null=True)
    recorded_by_id = serializers.IntegerField(allow_null=True)
    decided_at = serializers.DateTimeField()
    effects = EffectRow(many=True, source="shown_effects", default=list)


def _people(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


def _items(user: User) -> QuerySet[AgendaItem]:
    return AgendaItem.objects.visible_to(user).select_related("about", "meeting__series", "meeting__subject")


class ItemNumber(Visible):
    """An agenda item by its id. An item with an invisible subject gets the error of a missing one."""

    def to_internal_value(self, data: Any) -> AgendaItem:
        if not str(data).strip().isdecimal():
            self.fail("none", what=self.what, named=str(data)[:80])
        item = super().to_internal_value(data)
        if not may_see_item(self.context["request"].user, item):
            self.fail("none", what=self.what, named=str(data)[:80])
        return item


class NewAction(Body):
    """One action of a decision."""

    title = serializers.CharField(max_length=200)
    owner = Visible("person", _people, by="email", required=False, allow_null=True)
    due_on = serializers.DateField(required=False, allow_null=True)
    type = serializers.ChoiceField(Type.choices, required=False)
    effort = serializers.ChoiceField([*Effort.choices, ""], required=False)
    details = serializers.CharField(max_length=20_000, required=False, allow_blank=True)


class NewEffect(Body):
    """What the decision changes at once. Your right to it is checked; the target depends on the kind.

    An action, with due_on, owner or both; a threshold, with number; a risk; or an escalation.
    """

    kind = serializers.ChoiceField(EffectKind.choices)
    target = Visible(
        "object", Subject.objects.visible_to, by="reference", help_text="The object that changes."
    )
    due_on = serializers.DateField(required=False, help_text="change_action: the new due date.")
    owner = Visible("person", _people, by="email", required=False, help_text="change_action: the new owner.")
    number = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="agree_threshold: the number of the proposed version, if there are several.",
    )
    until = serializers.DateField(required=False, help_text="accept_risk: an earlier day than proposed.")
    treatment = serializers.ChoiceField(
        [choice for choice in Treatment.choices if choice[0] != Treatment.ACCEPT],
        required=False,
        help_text="adopt_mitigation: mitigate if it is left out.",
    )


class NewDecision(Body):
    """A decision, with at least one action or effect, or the reason why no action is needed."""

    text = serializers.CharField(max_length=4000)
    reason = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    about = Visible(
        "object",
        Subject.objects.visible_to,
        by="reference",
        required=False,
        allow_null=True,
        help_text="What the decision is about: a reference. Defaults to the subject of the item.",
    )
    meeting = Visible(
        "meeting", Meeting.objects.visible_to, by="subject__reference", required=False, allow_null=True
    )
    item = ItemNumber("agenda item", _items, by="pk", required=False, allow_null=True)
    actions = serializers.ListField(child=NewAction(), max_length=20, required=False)
    no_action_reason = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    may_be_incomplete = serializers.BooleanField(
        required=False,
        help_text="In a live meeting: reason and action may follow before it ends (/complete).",
    )
    options = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    dissent = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    tripwires = serializers.ListField(child=NewTripwire(), max_length=10, required=False)
    settles = serializers.ChoiceField(
        [*Outcome.choices, ""],
        required=False,
        help_text="The outcome of the review that the decision settles.",
    )
    effects = serializers.ListField(child=NewEffect(), max_length=20, required=False)
    replaces = Visible(
        "decision",
        Decision.objects.visible_to,
        by="subject__reference",
        required=False,
        allow_null=True,
        help_text="An earlier decision, which is in force no more.",
    )


class Missing(Body):
    """What an incomplete decision lacks: one of the two, or both."""

    reason = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    no_action_reason = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class Replacement(Body):
    decision = Visible("decision", Decision.objects.visible_to, by="subject__reference")


class DecisionResource(Resource):
    kind = "decision"
    serializer_class: type[serializers.Serializer] = DecisionRow
    columns = {
        "id": "id",
        "reference": "subject__reference",
        "version": "version",
        "text": "text",
        "reason": "reason",
        "about_reference": "about__reference",
        "about_kind": "about__kind",
        "meeting_id": "meeting_id",
        "item_id": "item_id",
        "no_action_reason": "no_action_reason",
        "is_incomplete": "is_incomplete",
        "options": "options",
        "dissent": "dissent",
        "outcome": "outcome",
        "state": "state",
        "accepted_until": "acceptance__until",
        "proposed_by_id": "acceptance__proposed_by_id",
        "threshold_version_id": "threshold_version_id",
        "replaced_by_id": "replaced_by_id",
        "recorded_by_id": "recorded_by_id",
        "decided_at": "decided_at",
    }

    def rows(self, request: Request) -> QuerySet:
        return Decision.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return queries.decisions(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(**seen_by("about"))

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Name the subject of a decision only to readers who may see it now."""
        shown = effect_queries.values_of(request.user, [row["id"] for row in rows])
        for row in rows:
            row["effects"] = shown.get(row["id"], [])
        return tell(request.user, rows)


class Decisions(DecisionResource, Collection):
    """Decisions, made in a meeting or outside."""

    permission = {"GET": "meetings.decision_view", "POST": "meetings.decision_take"}
    bodies = {"POST": NewDecision}
    spec = DECISIONS

    def post(self, request: Request) -> Response:
        values = read(NewDecision, request)
        self.require(request, "meetings.decision_take", values.get("item") or values.get("meeting"))
        if values.get("replaces"):
            self.require(request, "meetings.decision_replace", values["replaces"])
        decision = operations.record(**values, by=self.by(request), at=clock.now())
        made = decision.pk if values.get("effects") else decision
        return self.created(request, made, f"decisions/{decision.reference}")


class DecisionExport(ExportOfList):
    """Export decisions as a file."""

    permission = {"GET": "meetings.decision_view"}
    export = DECISION_EXPORT

    def rows(self, request: Request) -> QuerySet:
        return Decision.objects.visible_to(request.user)


class DecisionItem(DecisionResource, Item):
    """A decision, by reference or id."""

    permission = {"GET": "meetings.decision_view"}


class Complete(DecisionResource, Step):
    """Add what an incomplete decision lacks: its reason, or why no action is needed."""

    permission = {"POST": "meetings.decision_replace"}
    body = Missing
    answers = {"POST": (200, DecisionRow)}
    operation = staticmethod(completion.complete)
    is_versioned = True


class Replace(DecisionResource, Step):
    """Replace a decision with a later one."""

    permission = {"POST": "meetings.decision_replace"}
    body = Replacement
    answers = {"POST": (200, DecisionRow)}
    operation = staticmethod(operations.replace)
    is_versioned = True

    def arguments(self, values: dict[str, Any], request: Request) -> dict[str, Any]:
        return {"with_": values["decision"]}


RESOURCES: list = [
    ("decisions", Decisions),
    ("decisions/export", DecisionExport),
    ("decisions/<str:key>", DecisionItem),
    ("decisions/<str:key>/complete", Complete),
    ("decisions/<str:key>/replace", Replace),
]
