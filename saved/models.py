"""Saved views: filters and an order of a list, under a name."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from history.models import Recorded, RecordedQuerySet
from lists import registry
from lists.collation import Collated
from lists.registry import NamedList
from people.models import User
from saved.states import MOVES, Pace, ViewState


class SavedView(Recorded):
    """Filters and an order of one list, saved by a person for themselves or for the organisation.

    list: the name of the list (lists.registry). query: its query string, without paging; "" for the whole
    list. A view that is not shared is restricted to its owner.
    """

    KIND = "saved_view"
    MOVES = MOVES
    HISTORY_LABELS = {
        "query": "Filters and order",
        "is_shared": "Shared with everyone",
    }

    list = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    query = models.TextField(max_length=2000, blank=True, default="")
    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    is_shared = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=ViewState.choices, default=ViewState.ACTIVE)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "owner", "list", Lower("name"), condition=Q(state="active"), name="saved_view_name_once"
            )
        ]
        indexes = [
            models.Index(fields=["list", "id"], name="saved_view_list", condition=Q(state="active")),
            models.Index(Collated("name"), "name", "id", name="saved_view_name"),
        ]

    @property
    def of_list(self) -> NamedList | None:
        """Return the list, None if no room has it any more."""
        return registry.find(self.list)

    @property
    def address(self) -> str:
        """Return the path of the list with these filters; "" if no room has the list any more."""
        return self.of_list.address(self.query) if self.of_list else ""

    @property
    def is_deleted(self) -> bool:
        return self.state == ViewState.DELETED


class SubscriptionQuerySet(RecordedQuerySet):
    """A subscription is visible to those who may see its view."""

    through = "view__subject__"


class Subscription(models.Model):
    """A person is told of changes to what a view shows them. A personal setting without history.

    ended_at: the moment at which the view was deleted or became private; None while it lasts.
    """

    view = models.ForeignKey(SavedView, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    pace = models.CharField(max_length=6, choices=Pace.choices)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["view", "user"], name="saved_subscription_once")]
        indexes = [models.Index(fields=["user", "id"], name="saved_subscription_user")]

    def __str__(self) -> str:
        return f"subscription #{self.pk}"
