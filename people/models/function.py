"""Functions, and who of them is on duty: rosters, calendars and how they were read."""

from urllib.parse import urlsplit

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from history.models import Part, Recorded, RecordedQuerySet


class Function(Recorded):
    """A discipline of people, such as data science. Administrators can add functions, so it is a table."""

    KIND = "function"
    HISTORY_LABELS = {
        "slug": "Name in addresses",
    }

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80, unique=True)


class RosterQuerySet(RecordedQuerySet):
    """A roster is visible to those who may see its function."""

    through = "function__subject__"


class DutyRoster(Part):
    """Who of a function is on duty: people take turns (people.roster), or a calendar says so.

    Its events are of the function. people: ids, in the order of their turns; none with a calendar. starts_on,
    hand_over_at: in the zone of the organisation. calendar_url: the address of an iCalendar file, "" for
    turns. Such addresses are secrets, so history does not store it.
    """

    OF = "function"
    HISTORY_REFERS = frozenset({"calendar_url"})
    HISTORY_LABELS = {
        "starts_on": "First day of the first turn",
        "length_days": "Length of a turn (days)",
        "calendar_url": "Address of the calendar",
    }

    function = models.OneToOneField(Function, models.CASCADE, related_name="roster")
    people = ArrayField(models.BigIntegerField(), blank=True)
    starts_on = models.DateField(null=True, blank=True)
    length_days = models.PositiveSmallIntegerField(default=7)
    hand_over_at = models.TimeField(default="09:00")
    calendar_url = models.CharField(max_length=2000, blank=True, default="", db_default="")

    objects = RosterQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(length_days__gte=1), name="people_roster_length"),
            models.CheckConstraint(
                condition=Q(people__len__gte=1, starts_on__isnull=False, calendar_url="")
                | Q(people__len=0, starts_on__isnull=True) & ~Q(calendar_url=""),
                name="people_roster_kind",
            ),
        ]

    @property
    def is_calendar(self) -> bool:
        return self.calendar_url != ""

    @property
    def calendar_host(self) -> str:
        """Return the host of the calendar, without the secret parts of its address; "" for turns."""
        return urlsplit(self.calendar_url).hostname or ""


class CalendarReading(models.Model):
    """The state of the readings of a duty calendar. It changes each quarter of an hour, so it has no history.

    next_at: when it is read next, by the clock of the database. read_at: the last success. failures: in a
    row, with the error of the last one. unknown: who the calendar names and who cannot be on duty.
    """

    roster = models.OneToOneField(DutyRoster, models.CASCADE, related_name="reading")
    next_at = models.DateTimeField(db_default=Now(), db_index=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True, default="")
    unknown = ArrayField(models.CharField(max_length=200), default=list)


class DutyPeriod(models.Model):
    """A time on duty of one person, as the last good reading of a calendar has it."""

    roster = models.ForeignKey(DutyRoster, models.CASCADE, related_name="periods")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    person = models.ForeignKey("User", models.CASCADE, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["roster", "starts_at", "id"], name="people_dutyperiod_order")]
