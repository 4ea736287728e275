"""Users, teams, functions and the organisation."""

import zoneinfo
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower, Now

from history.declarations import default_timing
from history.models import Part, Recorded, RecordedQuerySet
from history.states import NewsGroup, NewsTiming
from kit import clock, zones
from kit.sight import Sight
from lists.collation import Collated
from people.days_off import DaysOff
from people.states import RANK, WORKING_DAYS, ColourTheme, Role, TokenScope


def is_time_zone(name: str) -> None:
    if name not in zones.names():
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as Europe/Berlin.")


def working_days() -> list[int]:
    return list(WORKING_DAYS)


MAX_ACCEPTANCE_DAYS = 180
OUTCOME_WEEKS = 4
MAX_BLOCKED_DAYS = 5
BLOCKED_DAYS = [MinValueValidator(1), MaxValueValidator(100)]
ACCEPTANCE_DAYS = [MinValueValidator(1), MaxValueValidator(3650)]


class Organisation(Recorded):
    """The one organisation of this instance, with its time zone, working days and hours."""

    KIND = "organisation"
    HISTORY_OMITS = frozenset({"ahead_by"})

    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[is_time_zone])
    working_days = ArrayField(models.PositiveSmallIntegerField(), default=working_days)
    day_starts_at = models.TimeField(default="09:00")
    day_ends_at = models.TimeField(default="17:00")
    digest_weekday = models.PositiveSmallIntegerField(default=4)
    digest_at = models.TimeField(default="15:00")
    # A text search configuration of PostgreSQL: the language of what people write.
    search_language = models.CharField(max_length=63, default="english", db_default="english")
    # Whose public holidays apply: an ISO 3166 code, and a code of a subdivision, such as DE and BY.
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    subdivision = models.CharField(max_length=20, blank=True, default="", db_default="")
    own_days_off = models.JSONField(default=dict, blank=True)  # ISO date -> name
    # The longest time for which a risk may be accepted, in days.
    max_acceptance_days = models.PositiveSmallIntegerField(
        default=MAX_ACCEPTANCE_DAYS, db_default=MAX_ACCEPTANCE_DAYS, validators=ACCEPTANCE_DAYS
    )
    # How long after a decision its recorder is asked whether it worked, in weeks.
    outcome_weeks = models.PositiveSmallIntegerField(
        default=OUTCOME_WEEKS,
        db_default=OUTCOME_WEEKS,
        validators=[MinValueValidator(1), MaxValueValidator(52)],
    )
    # After how many working days a blocked action is raised to its sponsor.
    max_blocked_days = models.PositiveSmallIntegerField(
        default=MAX_BLOCKED_DAYS, db_default=MAX_BLOCKED_DAYS, validators=BLOCKED_DAYS
    )
    # How long rows are kept that are no part of history: kind -> days, None: permanently. A kind that is
    # missing has its default (riskhub/retention/kept.py).
    retention = models.JSONField(default=dict, blank=True, db_default={})
    is_sample = models.BooleanField(default=False)
    # How far the time of a sample was moved ahead of the clock (manage.py tick --at).
    ahead_by = models.DurationField(default=timedelta(0), db_default=timedelta(0))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="people_one_organisation"),
            models.CheckConstraint(
                condition=Q(is_sample=True) | Q(ahead_by=timedelta(0)), name="people_only_samples_are_moved"
            ),
        ]

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def own_days(self) -> dict[date, str]:
        """Return the own days off: day -> name."""
        return {date.fromisoformat(day): name for day, name in self.own_days_off.items()}

    @property
    def days_off(self) -> DaysOff:
        return DaysOff(self.country, self.subdivision, frozenset(self.own_days))


class Function(Recorded):
    """A discipline of people, such as data science. Administrators can add functions, so it is a table."""

    KIND = "function"

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


# The subjects of the teams of the person, for a query that joins people_user. It is plain SQL, because every
# request needs it and the ORM takes longer to build the SQL than PostgreSQL takes to answer.
TEAM_SUBJECTS = RawSQL(
    "ARRAY(SELECT team.subject_id FROM people_membership AS belongs"
    " JOIN people_team AS team ON team.id = belongs.team_id WHERE belongs.user_id = people_user.id)",
    (),
    ArrayField(models.BigIntegerField()),
)
# How far the sample was moved ahead, for the same query: an API request reads no organisation.
AHEAD_BY = RawSQL("(SELECT ahead_by FROM people_organisation)", (), models.DurationField())


class UserQuerySet(RecordedQuerySet):
    def active(self) -> "UserQuerySet":
        return self.filter(is_active=True)

    def with_sight(self) -> "UserQuerySet":
        """Annotate the subjects of their teams, so that `sight` needs no query, and the time of a sample."""
        return self.annotate(team_subject_ids=TEAM_SUBJECTS, ahead_by=AHEAD_BY)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]  # a class made at run time
    """The people. Service accounts are not among them, so no list, choice, turn or mail has one."""

    def get_queryset(self) -> UserQuerySet:
        return super().get_queryset().filter(is_service=False)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.select_related("subject").get(email=(username or "").strip().lower())


class ServiceAccountManager(models.Manager.from_queryset(UserQuerySet)):  # type: ignore[misc]  # as above
    def get_queryset(self) -> UserQuerySet:
        return super().get_queryset().filter(is_service=True)


class User(Recorded, AbstractBaseUser):
    """A person who signs in. Deactivated, never deleted. History does not store name and address.

    A row with is_service is a service account instead (ServiceAccount).

    handle: what a mention says after its @, from the name at first. It stays when the name changes.
    audits_until: the last day on which a viewer reads everything, as an auditor, in their time zone, else in
    that of the organisation. Every such reading is logged (people.middleware).
    """

    KIND = "person"
    HISTORY_OMITS = frozenset({"password", "last_login"})
    HISTORY_REFERS = frozenset({"email", "name", "handle", "chosen_timings"})
    team_subject_ids: Sequence[int] | None = None  # set by with_sight()
    ahead_by: timedelta | None = None  # set by with_sight(); None without an organisation

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    handle = models.SlugField(max_length=60, unique=True)
    function = models.ForeignKey(Function, models.PROTECT, null=True, blank=True, related_name="people")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.MEMBER)
    time_zone = models.CharField(max_length=64, blank=True, default="", validators=[is_time_zone])
    # Whose public holidays apply to this person; "" for those of the organisation.
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    subdivision = models.CharField(max_length=20, blank=True, default="", db_default="")
    theme = models.CharField(max_length=8, choices=ColourTheme.choices, default=ColourTheme.SYSTEM)
    has_single_keys = models.BooleanField(default=True)
    is_digest_wanted = models.BooleanField(default=True)
    # What the person chose other than the default: group (NewsGroup) -> when to be told (NewsTiming).
    chosen_timings = models.JSONField(default=dict, blank=True, db_default={})
    is_mail_refused = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    audits_until = models.DateField(null=True, blank=True)
    is_service = models.BooleanField(default=False, db_default=False)
    # Of a service account: what it is for, and the person or the team that is responsible for it.
    purpose = models.CharField(max_length=300, blank=True, default="", db_default="")
    responsible = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    responsible_team = models.ForeignKey("Team", models.PROTECT, null=True, blank=True, related_name="+")

    objects = UserManager()
    everyone = models.Manager.from_queryset(UserQuerySet)()  # people and service accounts
    # Set for the reader of a request only (people.authentication), because only requests are logged.
    is_sender: bool = False

    # The scope and the id of the token of this request; missing for sessions (people.authentication).
    token_scope: TokenScope
    token_id: int
    # Whether this request was sent with the secret that a rotation replaced.
    has_former_secret: bool = False

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="people_user_email_lower"),
            models.CheckConstraint(
                condition=Q(is_service=False, purpose="", responsible=None, responsible_team=None)
                | Q(is_service=True, audits_until=None) & ~Q(role=Role.ADMINISTRATOR),
                name="people_user_service",
            ),
        ]
        indexes = [models.Index(Collated("name"), "name", "id", name="people_user_by_name")]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def team_ids(self) -> tuple[int, ...]:
        return tuple(self.memberships.values_list("team_id", flat=True))

    @cached_property
    def sight(self) -> Sight:
        """The subjects that let this person see restricted objects: their own and those of their teams.

        No query for a person loaded with_sight().
        """
        teams: Iterable[int] | None = self.team_subject_ids
        if teams is None:
            teams = self.memberships.values_list("team__subject_id", flat=True)
        return Sight(ids=(self.subject_id, *teams), everything=self.is_auditing)

    @property
    def news_timings(self) -> dict[str, str]:
        """Return when this person wants to be told, for each group: what they chose, else the default."""
        return {group: self.timing_of(group) for group in NewsGroup}

    def timing_of(self, group: NewsGroup) -> NewsTiming:
        return NewsTiming(self.chosen_timings.get(group) or default_timing(group))

    @property
    def is_auditing(self) -> bool:
        """Whether the person reads as an auditor: in a request, until the end of their last day."""
        if self.audits_until is None or not self.is_sender:
            return False
        zone = self.zone(Organisation.objects.order_by("pk").first())
        return clock.now().astimezone(zone).date() <= self.audits_until

    @property
    def answerable(self) -> "User | None":
        """Return the person who owns what this account creates: oneself, or who is responsible for it.

        That is the responsible person, or the lead of the responsible team if that person has left or may
        only read. None if neither can. Costs queries for a service account that was loaded without them.
        """
        if not self.is_service:
            return self
        lead = self.responsible_team.lead if self.responsible_team else None
        people = (self.responsible, lead)
        return next((one for one in people if one is not None and one.is_at_least(Role.MEMBER)), None)

    def is_at_least(self, role: Role) -> bool:
        return self.is_active and RANK[Role(self.role)] >= RANK[role]

    def zone(self, organisation: Organisation | None = None) -> zoneinfo.ZoneInfo:
        name = self.time_zone or (organisation.time_zone if organisation else "UTC")
        return zoneinfo.ZoneInfo(name)


class ServiceAccount(User):
    """An account of a program. It has tokens, but no password, mail, team or administrator's role.

    Its address is at a domain that cannot exist. It is in no list of people (UserManager).
    """

    KIND = "service_account"

    objects = ServiceAccountManager()

    class Meta:
        proxy = True


class Team(Recorded):
    """A team of people. A person may be a member of several teams."""

    KIND = "team"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80, unique=True)
    lead = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="leads")
    members: Any = models.ManyToManyField(User, through="Membership", related_name="teams")


class Membership(Part):
    """The membership of a person in a team."""

    OF = "team"

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="people_membership_once")]


class AbsenceQuerySet(RecordedQuerySet):
    """An absence is visible to those who may see the person."""

    through = "user__subject__"


class Absence(Part):
    """A range of days away. Nothing is assigned or escalated to someone who is away; the stand-in gets it."""

    OF = "user"
    HISTORY_REFERS = frozenset({"reason"})

    user = models.ForeignKey(User, models.CASCADE, related_name="absences")
    from_on = models.DateField()
    until_on = models.DateField()
    stand_in = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True, default="")

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["from_on", "id"], name="people_absence_by_day")]
        constraints = [
            models.CheckConstraint(
                condition=Q(until_on__gte=models.F("from_on")), name="people_absence_forward"
            )
        ]
