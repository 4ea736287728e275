"""People, and the accounts of programs."""

import zoneinfo
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cached_property

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower

from history.declarations import default_timing
from history.models import Recorded, RecordedQuerySet
from history.states import NewsGroup, NewsTiming
from kit import clock
from kit.sight import Sight
from lists.collation import Collated
from people.models.function import Function
from people.models.organisation import Organisation, is_time_zone
from people.states import ERASED_DOMAIN, RANK, ColourTheme, Role, TokenScope

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
    HISTORY_LABELS = {
        "handle": "Name for mentions",
        "subdivision": "State or region",
        "has_single_keys": "Single-key shortcuts",
        "is_digest_wanted": "Weekly digest",
        "chosen_timings": "Choice of notifications",
        "is_mail_refused": "Address refuses mail",
        "audits_until": "Auditor until",
        "is_service": "Service account",
        "responsible": "Responsible person",
    }
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

    @property
    def is_erased(self) -> bool:
        """Whether a pseudonym has replaced the name and the address. An erased person does not come back."""
        return self.email.endswith(f"@{ERASED_DOMAIN}")

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
