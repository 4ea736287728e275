"""The API of mutes: those of a threshold, a new one, and the end of one."""

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from rest.fields import Body, read
from rest.nested import Nested, NestedCollection, NestedItem, NestedStep
from signals.filters.mute import MUTES
from signals.models import Mute, Threshold
from signals.operations import mute as operations


class MuteRow(serializers.Serializer):
    """A time in which the crossings of a threshold open no review. ended_by: who ended it earlier."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    threshold_id = serializers.IntegerField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    reason = serializers.CharField()
    author_id = serializers.IntegerField()
    author_name = serializers.CharField(source="author.name")
    ended_by_id = serializers.IntegerField(allow_null=True)


class NewMute(Body):
    """The body that mutes a threshold. starts_at: by default now."""

    ends_at = serializers.DateTimeField()
    starts_at = serializers.DateTimeField(required=False, allow_null=True)
    reason = serializers.CharField(max_length=2_000)


class _Mutes(Nested):
    kind = "mute"
    parent_reference = ""
    serializer_class = MuteRow
    columns = {**{name: name for name in MuteRow().fields}, "author_name": "author__name"}

    def parents(self, request: Request) -> QuerySet:
        rows = Threshold.objects.visible_to(request.user)
        return rows.select_related("subject", "source", "series__model__owner_team__lead")

    def rows(self, request: Request) -> QuerySet:
        return Mute.objects.visible_to(request.user).filter(threshold=self.parent(request))

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related(
            "threshold__subject", "threshold__source", "threshold__series__model__owner_team__lead"
        )


class Mutes(_Mutes, NestedCollection):
    """List the mutes of a threshold. POST mutes it."""

    permission = {"GET": "signals.view", "POST": "signals.threshold_mute"}
    bodies = {"POST": NewMute}
    spec = MUTES

    def post(self, request: Request, key: str) -> Response:
        threshold = self.parent(request)
        self.require(request, "signals.threshold_mute", threshold)
        mute = operations.add(threshold, **read(NewMute, request), by=self.by(request), at=clock.now())
        return self.created(request, mute.pk, f"thresholds/{threshold.pk}/mutes/{mute.pk}")


class MuteItem(_Mutes, NestedItem):
    """A mute of a threshold, by its id."""

    permission = {"GET": "signals.view"}


class EndMute(_Mutes, NestedStep):
    """End a mute before its time."""

    permission = {"POST": "signals.threshold_mute"}
    answers = {"POST": (200, MuteRow)}
    is_versioned = True
    operation = staticmethod(operations.end)


RESOURCES = [
    ("thresholds/<str:key>/mutes", Mutes),
    ("thresholds/<str:key>/mutes/<str:number>", MuteItem),
    ("thresholds/<str:key>/mutes/<str:number>/end", EndMute),
]
