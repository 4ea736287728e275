"""The API of escalations: list, get, raise, what comes next, and the steps people take."""

from typing import Any, cast

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from people.models import User
from rest.fields import Body, Visible, read
from rest.resource import Collection, Item, Resource
from rest.steps import Step
from risklog.api.ladder import CallRow, channel_values
from risklog.filters.escalation import ESCALATIONS, RESOLVED_ORDER
from risklog.models import Climb, Escalation
from risklog.operations import escalation as operations
from risklog.operations import escalation_pauses, top_rung
from risklog.queries import channels
from risklog.queries import escalation as queries
from risklog.queries.channels import Channels
from risklog.states import EscalationState, Severity


class ClimbRow(serializers.Serializer):
    """One rung reached, or skipped with the reason."""

    round = serializers.IntegerField()
    rung = serializers.IntegerField()
    branch = serializers.IntegerField()
    at = serializers.DateTimeField()
    told = serializers.ListField(child=serializers.IntegerField(), help_text="IDs of the people notified.")
    by_mail = serializers.BooleanField(help_text="They were told by email, too.")
    webhooks = serializers.ListField(
        child=serializers.IntegerField(), help_text="IDs of the webhooks that were told."
    )
    skipped = serializers.CharField()


class EscalationRow(serializers.Serializer):
    """An escalation of an item on its ladder."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    why = serializers.CharField()
    severity = serializers.ChoiceField(Severity.choices)
    state = serializers.ChoiceField(EscalationState.choices)
    about_reference = serializers.CharField(source="about.reference", allow_null=True)
    about_kind = serializers.CharField(source="about.kind", allow_null=True)
    team_slug = serializers.CharField(source="team.slug", default=None, allow_null=True)
    rung = serializers.IntegerField()
    rung_since = serializers.DateTimeField(allow_null=True)
    next_climb_at = serializers.DateTimeField(
        allow_null=True, help_text="null if paused or on the top rung, see its plan."
    )
    acknowledged_by_id = serializers.IntegerField(allow_null=True)
    paused_until = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(help_text="Reason of the pause, or how it was resolved.")
    started_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    climbs = serializers.SerializerMethodField()

    def get_climbs(self, escalation: Escalation) -> list[dict[str, Any]]:
        return _climbs([escalation.pk]).get(escalation.pk, [])


def _climbs(ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the climbs of each escalation, in order: id -> climbs. One query."""
    climbs: dict[int, list[dict[str, Any]]] = {}
    rows = Climb.objects.filter(escalation__in=ids).order_by("round", "position", "id")
    names = ("round", "rung", "branch", "at", "told", "by_mail", "webhooks", "skipped")
    for escalation_id, *values in rows.values_list(
        "escalation_id", "round", "position", "branch", "at", "notified_ids", "by_mail", "webhooks", "skipped"
    ):
        climbs.setdefault(escalation_id, []).append(dict(zip(names, values, strict=True)))
    return climbs


class RaiseBody(Body):
    """The body that starts an escalation."""

    about = Visible(
        "object",
        Subject.objects.visible_to,
        by="reference",
        help_text="Reference of the item, for example R-12.",
    )
    why = serializers.CharField(max_length=4000)
    is_unnamed = serializers.BooleanField(
        default=False, help_text="Hide your name from other users. The audit history records it."
    )


class AcknowledgeBody(Body):
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ReasonBody(Body):
    reason = serializers.CharField(max_length=4000)


class PauseBody(ReasonBody):
    until = serializers.DateTimeField(help_text="At most 14 days ahead. It then resumes by itself.")


class HandOverEscalationBody(AcknowledgeBody):
    to = Visible("person", User.objects.active().visible_to, by="email", help_text="By id or email.")


class PlanRow(serializers.Serializer):
    """What comes next if nothing follows. next_climb_at: null if it climbs no more by itself."""

    next_climb_at = serializers.DateTimeField(allow_null=True)
    resumes_at = serializers.DateTimeField(allow_null=True, help_text="The end of the pause.")
    rungs = CallRow(many=True, help_text="Those above, lowest first; the top rung when it is called again.")


class _Escalations(Resource):
    kind = "escalation"
    serializer_class = EscalationRow
    columns = {
        "id": "id",
        "reference": "subject__reference",
        "version": "version",
        "title": "title",
        "why": "why",
        "severity": "severity",
        "state": "state",
        "about_reference": "about__reference",
        "about_kind": "about__kind",
        "team_slug": "team__slug",
        "rung": "rung",
        "rung_since": "rung_since",
        "next_climb_at": "next_climb_at",
        "acknowledged_by_id": "acknowledged_by_id",
        "paused_until": "paused_until",
        "reason": "reason",
        "started_at": "started_at",
        "resolved_at": "resolved_at",
    }

    visible_rows = Escalation.objects

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(resolved_order=RESOLVED_ORDER, **seen_by("about"))

    def objects(self, request: Request) -> QuerySet:
        return queries.escalations(request.user)

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Add the climbs, and remove the subject for readers who may not see it."""
        climbs = _climbs([row["id"] for row in rows])
        for row in rows:
            row["climbs"] = climbs.get(row["id"], [])
            del row["resolved_order"]
        return tell(request.user, rows)


class Escalations(_Escalations, Collection):
    """List escalations.

    POST starts one. If the item is escalated already, the reason is added to that escalation, which is the
    answer, with 200.
    """

    permission = {"GET": "risklog.escalation_view", "POST": "risklog.escalation_raise"}
    bodies = {"POST": RaiseBody}
    spec = ESCALATIONS

    def post(self, request: Request) -> Response:
        escalation = operations.escalate(**read(RaiseBody, request), by=self.by(request), at=clock.now())
        if not escalation.is_new:
            return self.answer(request, escalation.pk)
        return self.created(request, escalation.pk, f"escalations/{escalation.reference}")


class EscalationItem(_Escalations, Item):
    """Get an escalation by reference or number."""

    permission = {"GET": "risklog.escalation_view"}


class _EscalationStepResource(_Escalations, Step):
    is_versioned = True
    permission = {"POST": "risklog.escalation_change"}
    answers = {"POST": (200, EscalationRow)}


class EscalationPlan(_Escalations, Item):
    """Get what comes next: who will be notified at which time on each rung above, if nothing follows."""

    permission = {"GET": "risklog.escalation_view"}
    answers = {"GET": (200, PlanRow)}

    def objects(self, request: Request) -> QuerySet:
        return queries.for_ladder(cast(User, request.user))

    def get(self, request: Request, key: str) -> Response:
        progress = queries.progress_of(self.found(request, key), at=clock.now())
        told = channels.of_rows(one.rung for one in progress.plan)
        rungs = [_planned(one, told) for one in progress.plan]
        resumes_at = progress.resumes_at
        return Response({"next_climb_at": progress.begins_at, "resumes_at": resumes_at, "rungs": rungs})


def _planned(one: queries.RungProgress, told: Channels) -> dict[str, Any]:
    return {
        "position": one.rung.position,
        "branch": one.rung.branch,
        "who": one.rung.who,
        "notified_at": one.planned_at,
        "people": [
            {"id": person.pk, "name": person.name, "instead_of_id": one.instead_of.get(person.pk)}
            for person in one.people
        ],
        **channel_values(one.rung, told),
        "skipped": one.why_empty,
    }


class AcknowledgeEscalation(_EscalationStepResource):
    """Acknowledge an escalation. It continues if nothing follows in time."""

    body = AcknowledgeBody
    operation = staticmethod(operations.acknowledge)


class ResolveEscalation(_EscalationStepResource):
    """Resolve an escalation, with the reason."""

    body = ReasonBody
    operation = staticmethod(operations.resolve)


class HandOverEscalation(_EscalationStepResource):
    """Hand an escalation over to another person: an acknowledged one, or one on the top rung."""

    body = HandOverEscalationBody
    operation = staticmethod(operations.hand_over)


class CallEscalationAgain(_EscalationStepResource):
    """Notify the people of the top rung again, at most once an hour."""

    body = AcknowledgeBody
    operation = staticmethod(top_rung.call_again)


class PauseEscalation(_EscalationStepResource):
    """Pause an escalation, with the reason, until a moment at most 14 days ahead."""

    body = PauseBody
    operation = staticmethod(escalation_pauses.pause)


class ResumeEscalation(_EscalationStepResource):
    """Resume a paused escalation on its present rung."""

    operation = staticmethod(escalation_pauses.resume)


class DeEscalate(_EscalationStepResource):
    """Go back to the nearest rung below that has people on it, with the reason."""

    body = ReasonBody
    operation = staticmethod(operations.step_down)


RESOURCES: list = [
    ("escalations", Escalations),
    ("escalations/<str:key>", EscalationItem),
    ("escalations/<str:key>/acknowledge", AcknowledgeEscalation),
    ("escalations/<str:key>/plan", EscalationPlan),
    ("escalations/<str:key>/hand-over", HandOverEscalation),
    ("escalations/<str:key>/call-again", CallEscalationAgain),
    ("escalations/<str:key>/pause", PauseEscalation),
    ("escalations/<str:key>/resume", ResumeEscalation),
    ("escalations/<str:key>/de-escalate", DeEscalate),
    ("escalations/<str:key>/resolve", ResolveEscalation),
]
