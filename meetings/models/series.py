"""Meeting series and their focus cycles."""

import zoneinfo
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from history.models import Part, Recorded, RecordedQuerySet
from lists.collation import Collated
from people.models import Function, Team, User, is_time_zone
from signals.states import SignalKind


class MeetingSeries(Recorded):
    """A recurring meeting: schedule (an RFC 5545 rule in its own time zone), participants and rotation.

    function_order: ids of functions, in the order in which they facilitate (people.rotation).
    is_draft: it plans its meetings, and tells and mails nobody.
    is_check_in: a short meeting about the check-ins since the last one, without a scribe and without minutes.
    has_observer: each meeting has an observer, from observer_teams, or from any other team if there are none.
    standing_items: what each agenda begins with, as {"title": …, "purpose": …, "minutes": …}.
    """

    KIND = "meeting_series"
    HISTORY_LABELS = {
        "rrule": "Recurrence",
        "first_on": "First meeting",
        "length_minutes": "Minutes",
        "function_order": "Rotation order",
        "is_draft": "Draft",
        "is_check_in": "Check-in",
        "has_observer": "Observer from another team",
    }

    name = models.CharField(max_length=120)
    purpose = models.TextField(blank=True, default="")
    rrule = models.CharField(max_length=200, default="FREQ=WEEKLY;BYDAY=WE")
    time_zone = models.CharField(max_length=64, validators=[is_time_zone])
    first_on = models.DateField()
    starts_at = models.TimeField()
    length_minutes = models.PositiveSmallIntegerField(default=45)
    place = models.CharField(max_length=300, blank=True, default="")
    teams: Any = models.ManyToManyField(Team, blank=True, related_name="+")
    participants: Any = models.ManyToManyField(User, blank=True, related_name="+")
    function_order = ArrayField(models.BigIntegerField(), default=list, blank=True)
    sponsor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    is_draft = models.BooleanField(default=False, db_default=False)
    is_check_in = models.BooleanField(default=False, db_default=False)
    has_observer = models.BooleanField(default=False, db_default=False)
    observer_teams: Any = models.ManyToManyField(Team, blank=True, related_name="+")
    standing_items = models.JSONField(default=list, db_default=[], blank=True)
    is_retired = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(Collated("name"), "name", "id", name="meetings_series_by_name")]

    @property
    def functions(self) -> list[Function]:
        """The functions of the rotation, in order. One query."""
        by_pk = Function.objects.in_bulk(self.function_order)
        return [by_pk[pk] for pk in self.function_order if pk in by_pk]

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


class FocusQuerySet(RecordedQuerySet):
    through = "series__subject__"


class Focus(Part):
    """A theme of the cycle: its signal kinds, standing questions and required functions."""

    OF = "series"
    HISTORY_LABELS = {
        "kinds": "Signal kinds",
        "questions": "Standing questions",
    }

    series = models.ForeignKey(MeetingSeries, models.PROTECT, related_name="focuses")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    kinds = ArrayField(models.CharField(max_length=16, choices=SignalKind.choices), default=list, blank=True)
    questions = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    functions: Any = models.ManyToManyField(Function, blank=True, related_name="+")
    is_retired = models.BooleanField(default=False)

    objects = FocusQuerySet.as_manager()

    class Meta:
        constraints = [
            # The database checks it at the commit, so that two focuses can exchange places.
            models.UniqueConstraint(
                fields=["series", "position"],
                deferrable=models.Deferrable.DEFERRED,
                name="meetings_focus_place",
            )
        ]

    @property
    def kind_labels(self) -> list[str]:
        """The labels of its signal kinds."""
        return [str(SignalKind(kind).label) for kind in self.kinds]
