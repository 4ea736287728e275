"""The API of saved views."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from lists.specification import Reader
from rest.edits import EditableItem
from rest.fields import Body, read
from rest.resource import Collection, Item, Resource
from rest.steps import Step
from saved import operations, queries
from saved.filters import SPEC
from saved.models import SavedView
from saved.states import Pace, ViewState


class SavedViewRow(serializers.Serializer):
    """A saved view of a list."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    list = serializers.CharField(help_text="The name of the list, such as risks.")
    name = serializers.CharField()
    query = serializers.CharField(help_text="The query string of the list: its filters and its order.")
    is_shared = serializers.BooleanField(help_text="Whether everyone sees the view.")
    owner_id = serializers.IntegerField()
    owner_name = serializers.CharField(source="owner.name")
    state = serializers.ChoiceField(ViewState.choices)
    updated_at = serializers.DateTimeField()


class SavedViewChange(Body):
    name = serializers.CharField(max_length=80, required=False)
    query = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, help_text="As in the address of the list."
    )
    is_shared = serializers.BooleanField(required=False)


class NewSavedView(Body):
    list = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=80)
    query = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, help_text="As in the address of the list."
    )
    is_shared = serializers.BooleanField(default=False)


class _SavedViews(Resource):
    kind = "saved_view"
    serializer_class = SavedViewRow
    columns = {
        **{name: name for name in SavedViewRow().fields},
        "owner_name": "owner__name",
    }

    def rows(self, request: Request) -> QuerySet:
        return SavedView.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related("subject", "owner")


class SavedViews(_SavedViews, Collection):
    """List your saved views and those that others share, without deleted ones. POST saves one."""

    permission = {"GET": "saved.view_view", "POST": "saved.view_add"}
    bodies = {"POST": NewSavedView}
    spec = SPEC

    def rows(self, request: Request) -> QuerySet:
        rows = super().rows(request)
        return rows.filter(state=ViewState.ACTIVE) if request.method == "GET" else rows

    def post(self, request: Request) -> Response:
        values: dict[str, Any] = read(NewSavedView, request)
        view = operations.add(**values, by=self.by(request), at=clock.now())
        return self.created(request, view, f"views/{view.pk}")


class SavedViewItem(_SavedViews, EditableItem):
    """A saved view, by id."""

    permission = {"GET": "saved.view_view", "PATCH": "saved.view_change", "DELETE": "saved.view_change"}
    body = SavedViewChange
    bodies = {"DELETE": None}
    operation = staticmethod(operations.change)

    def delete(self, request: Request, key: str) -> Response:
        """Delete a view. Its address still leads to its filters, and it can be restored."""
        view = self.found(request, key)
        seen = self.seen(request, view)
        self.require(request, "saved.view_change", view)
        operations.delete(view, by=self.by(request), at=clock.now(), seen=seen)
        return Response(status=204)


class RestoreSavedView(_SavedViews, Step):
    """Restore a deleted view."""

    is_versioned = True
    permission = {"POST": "saved.view_change"}
    answers = {"POST": (200, SavedViewRow)}
    operation = staticmethod(operations.restore)


class SubscriptionBody(Body):
    pace = serializers.ChoiceField([*Pace.choices, ("off", "Not at all")])


class SubscriptionAnswer(serializers.Serializer):
    """Whether you are told of changes to what a view shows you, and how often you would have been told.

    The counts are those of the last 30 days, by what the view shows now. Your own changes do not count.
    """

    pace = serializers.ChoiceField([*Pace.choices, ("off", "Not at all")])
    changes = serializers.IntegerField(help_text="Changes, at most 1000.")
    digests = serializers.IntegerField(help_text="Weekly digests with any of them.")


class ViewSubscription(_SavedViews, Item):
    """Your subscription to a view. POST sets its pace; off ends it."""

    permission = {"GET": "saved.view_view", "POST": "saved.view_subscribe"}
    bodies = {"POST": SubscriptionBody}
    answers = {"GET": (200, SubscriptionAnswer), "POST": (200, SubscriptionAnswer)}

    def get(self, request: Request, key: str) -> Response:
        view, user = self.found(request, key), request.user
        estimate = queries.estimate(view, Reader(user, clock.today(), clock.now()))
        return Response(
            {
                "pace": queries.pace_of(view, user) or "off",
                "changes": estimate.changes,
                "digests": estimate.digests,
            }
        )

    def post(self, request: Request, key: str) -> Response:
        view = self.found(request, key)
        pace = read(SubscriptionBody, request)["pace"]
        if pace == "off":
            operations.unsubscribe(view, by=self.by(request), at=clock.now())
        else:
            operations.subscribe(view, pace=pace, by=self.by(request), at=clock.now())
        return self.get(request, key)


RESOURCES: list = [
    ("views", SavedViews),
    ("views/<str:key>", SavedViewItem),
    ("views/<str:key>/restore", RestoreSavedView),
    ("views/<str:key>/subscription", ViewSubscription),
]
