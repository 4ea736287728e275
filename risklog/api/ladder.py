"""The API of ladders: list, get, create, publish a new version, retire, and what would happen now."""

from collections.abc import Iterable
from typing import Any, cast

from django.db.models import Prefetch, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.models import Model
from catalogue.states import RightKind
from kit import clock
from people.models import Function, Team, User
from rest.fields import Body, Visible, read
from rest.resource import Collection, Item, Resource, SpecView
from rest.steps import Step
from risklog.filters.ladder import LADDER_LIST, LADDER_PREVIEW
from risklog.models import Category, Ladder, LadderVersion, Rung
from risklog.operations import ladder as operations
from risklog.queries import channels
from risklog.queries import ladder as queries
from risklog.queries.channels import Channels
from risklog.states import Severity, When, Who


class RungRow(serializers.Serializer):
    """One branch of a rung. Of a rung, the first branch that applies and has people is notified."""

    position = serializers.IntegerField(help_text="Of the rung; 1 is the first.")
    branch = serializers.IntegerField()
    severity = serializers.ChoiceField([*Severity.choices, ("", "Any")], help_text="What the branch is for.")
    when = serializers.ChoiceField([*When.choices, ("", "Any time")])
    who = serializers.ChoiceField(Who.choices)
    function_slug = serializers.CharField(source="function.slug", default=None, allow_null=True)
    right = serializers.ChoiceField(
        [*RightKind.choices, ("", "None")], help_text="The decision right whose holder is notified."
    )
    people = serializers.ListField(
        child=serializers.IntegerField(), source="named", help_text="Ids of the named people or the sponsor."
    )
    within_minutes = serializers.IntegerField()
    is_round_the_clock = serializers.BooleanField(help_text="If not, the time limit is working time.")
    is_in_turn = serializers.BooleanField(help_text="One of the people is notified, in turn.")
    by_mail = serializers.BooleanField(help_text="They are told by email, too. The inbox always tells them.")
    webhooks = serializers.ListField(
        child=serializers.IntegerField(), help_text="Ids of the webhooks that are told."
    )


class LadderRow(serializers.Serializer):
    """A ladder with the rungs in force. The most specific by severity, category and team applies."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    severity = serializers.ChoiceField([*Severity.choices, ("", "Any")])
    category_slug = serializers.CharField(source="category.slug", default=None, allow_null=True)
    team_slug = serializers.CharField(source="team.slug", default=None, allow_null=True)
    is_retired = serializers.BooleanField()
    number = serializers.IntegerField(help_text="Of the version in force.")
    rungs = RungRow(many=True, help_text="Lowest first.")


class RungBody(Body):
    """A row of rungs. is_alternative makes it a further branch of the rung before it."""

    who = serializers.ChoiceField(Who.choices)
    function = Visible("function", Function.objects.visible_to, required=False, allow_null=True)
    right = serializers.ChoiceField(RightKind.choices, required=False)
    people = serializers.ListField(
        child=Visible("person", User.objects.active().visible_to, by="email"),
        max_length=50,
        required=False,
        help_text="By id or email: the named people, or the one sponsor.",
    )
    severity = serializers.ChoiceField(Severity.choices, required=False)
    when = serializers.ChoiceField(When.choices, required=False)
    within_minutes = serializers.IntegerField(min_value=1, max_value=operations.LONGEST)
    is_round_the_clock = serializers.BooleanField(required=False)
    is_in_turn = serializers.BooleanField(required=False)
    by_mail = serializers.BooleanField(required=False, help_text="Also by email. By default true.")
    webhooks = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        max_length=20,
        required=False,
        help_text="Ids of webhooks that administrators let ladders use.",
    )
    is_alternative = serializers.BooleanField(required=False)


class LadderChange(Body):
    """The name, and all rungs of a new version, lowest first."""

    name = serializers.CharField(max_length=120, required=False)
    rungs = serializers.ListField(child=RungBody(), max_length=20, required=False)


class NewLadder(LadderChange):
    """The body that creates a ladder. Without severity, category and team it is a standard one."""

    name = serializers.CharField(max_length=120)
    rungs = serializers.ListField(child=RungBody(), max_length=20)
    severity = serializers.ChoiceField(Severity.choices, required=False)
    category = Visible("category", Category.objects.visible_to, required=False, allow_null=True)
    team = Visible("team", Team.objects.visible_to, required=False, allow_null=True)


class _Ladders(Resource):
    kind = "ladder"
    serializer_class = LadderRow
    columns = {
        "id": "id",
        "version": "version",
        "name": "name",
        "severity": "severity",
        "category_slug": "category__slug",
        "team_slug": "team__slug",
        "is_retired": "is_retired",
    }

    def rows(self, request: Request) -> QuerySet:
        return Ladder.objects.visible_to(request.user)

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Add the number and the rungs of the version in force. Two queries."""
        rungs = Rung.objects.select_related("function").order_by("position", "branch")
        versions = LadderVersion.objects.filter(ladder__in=[row["id"] for row in rows], is_current=True)
        found = {one.ladder_id: one for one in versions.prefetch_related(Prefetch("rungs", rungs))}
        return [{**row, **_in_force(found[row["id"]])} for row in rows]


def _in_force(version: LadderVersion) -> dict[str, Any]:
    return {"number": version.number, "rungs": RungRow(version.rungs.all(), many=True).data}


class Ladders(_Ladders, Collection):
    """List ladders, retired ones included. POST creates one."""

    permission = {"GET": "risklog.ladder_view", "POST": "risklog.ladder_change"}
    bodies = {"POST": NewLadder}
    spec = LADDER_LIST

    def post(self, request: Request) -> Response:
        ladder = operations.add(**read(NewLadder, request), by=self.by(request), at=clock.now())
        return self.created(request, ladder.pk, f"ladders/{ladder.pk}")


class LadderItem(_Ladders, Item):
    """A ladder, by its id. PATCH publishes a new version; open escalations keep theirs."""

    permission = {"GET": "risklog.ladder_view", "PATCH": "risklog.ladder_change"}
    bodies = {"PATCH": LadderChange}

    def patch(self, request: Request, key: str) -> Response:
        ladder = self.found(request, key)
        seen = self.seen(request, ladder)
        values = read(LadderChange, request)
        operations.change(ladder, **values, by=self.by(request), at=clock.now(), seen=seen)
        return self.answer(request, ladder.pk)


class RetireLadder(_Ladders, Step):
    """Retire a ladder. The last standard one stays."""

    permission = {"POST": "risklog.ladder_change"}
    answers = {"POST": (200, LadderRow)}
    operation = staticmethod(operations.retire)
    is_versioned = True


class CalledPerson(serializers.Serializer):
    """A person who would be notified. instead_of_id: of the absent person they stand in for."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    instead_of_id = serializers.IntegerField(allow_null=True)


class CalledWebhook(serializers.Serializer):
    """A webhook that would be told."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class CallRow(serializers.Serializer):
    """What happens on one rung. notified_at is null if the rung is skipped; skipped says why."""

    position = serializers.IntegerField()
    branch = serializers.IntegerField()
    who = serializers.ChoiceField(Who.choices)
    notified_at = serializers.DateTimeField(allow_null=True)
    people = CalledPerson(many=True)
    by_mail = serializers.BooleanField()
    webhooks = CalledWebhook(many=True)
    skipped = serializers.CharField()


class PreviewRow(serializers.Serializer):
    """What would happen now: the ladder that applies (null without one), and its rungs, lowest first."""

    ladder_id = serializers.IntegerField(allow_null=True)
    ladder_name = serializers.CharField(allow_null=True)
    rungs = CallRow(many=True)


class LadderPreview(SpecView):
    """What would happen if something were escalated now."""

    permission = {"GET": "risklog.ladder_view"}
    answers = {"GET": (200, PreviewRow)}
    names_objects = True
    spec = LADDER_PREVIEW

    def get(self, request: Request) -> Response:
        """Preview an escalation: who is notified at which time on each rung, and which are skipped."""
        texts = self.selection(request).texts
        category = self._named(Category, texts.get("category"), "category", request)
        question = queries.Question(
            severity=texts.get("severity", Severity.WARNING),
            category_id=category.pk if category else None,
            team=self._named(Team, texts.get("team"), "team", request),
            model=self._named(Model, texts.get("model"), "model", request),
        )
        found = queries.previews(cast(User, request.user), question, at=clock.now())
        applies = next((preview for preview in found if preview.is_chosen), None)
        return Response(
            {
                "ladder_id": applies.ladder.pk if applies else None,
                "ladder_name": applies.ladder.name if applies else None,
                "rungs": call_rows(applies.calls) if applies else [],
            }
        )

    @staticmethod
    def _named(model: Any, slug: str | None, what: str, request: Request) -> Any:
        """Return the row of a slug, None without one. Raises NotFound for one that the reader may not see."""
        if slug is None:
            return None
        rows = model.objects.visible_to(request.user).filter(slug=slug)
        row = (rows.select_related("owner_team__lead") if model is Model else rows).first()
        if row is None:
            raise NotFound(f"{what}: there is no {what} “{slug[:80]}”.")
        return row


def channel_values(rung: Rung, told: Channels) -> dict[str, Any]:
    """Return the channels of a rung as the API shows them."""
    webhooks = [{"id": pk, "name": told.names[pk]} for pk in rung.webhooks if pk in told.names]
    return {"by_mail": rung.by_mail, "webhooks": webhooks}


def call_rows(calls: Iterable[queries.Call]) -> list[dict[str, Any]]:
    """Return calls as the API shows them."""
    calls = list(calls)
    told = channels.of_rows(call.staff.rung for call in calls)
    return [
        {
            "position": call.staff.rung.position,
            "branch": call.staff.rung.branch,
            "who": call.staff.rung.who,
            "notified_at": call.at,
            "people": [
                {"id": one.pk, "name": one.name, "instead_of_id": call.staff.on.stand_ins.get(one.pk)}
                for one in ([] if call.is_skipped else call.people)
            ],
            **channel_values(call.staff.rung, told),
            "skipped": call.why,
        }
        for call in calls
    ]


RESOURCES: list = [
    ("ladders", Ladders),
    ("ladders/preview", LadderPreview),
    ("ladders/<str:key>", LadderItem),
    ("ladders/<str:key>/retire", RetireLadder),
]
