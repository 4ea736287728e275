"""Model registries of other tools, such as MLflow, from which models and versions are imported."""

from urllib.parse import urlsplit

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from catalogue.models.model import Model
from history.models import Recorded
from people.models import Team, User

MAX_PROBLEM = 500


class Registry(Recorded):
    """A registry of MLflow that is read at intervals.

    username, token: with a user name the token is a password (basic authentication), else a bearer token.
    The token is sealed (kit.sealed). owner: imports are theirs, with what they may see and change.
    owner_team: of new models. production_alias: the version with this alias is in production.
    """

    KIND = "registry"
    HISTORY_OMITS = frozenset({"token"})
    HISTORY_LABELS = {
        "url": "Address",
        "username": "User name",
        "owner_team": "Owner team of new models",
        "every_minutes": "Read every (minutes)",
        "production_alias": "Alias of production",
    }

    name = models.CharField(max_length=80)
    url = models.CharField(max_length=2000)
    username = models.CharField(max_length=120, blank=True, default="")
    token = models.TextField(blank=True, default="")
    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    owner_team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    every_minutes = models.PositiveSmallIntegerField(default=60)
    production_alias = models.CharField(max_length=120, blank=True, default="champion")
    is_active = models.BooleanField(default=True)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


class RegistryReading(models.Model):
    """The state of the readings of a registry. It changes each hour or so, so it has no history.

    next_at: when it is read next, by the clock of the database. claimed_until: while a worker reads it, the
    moment until which no other one begins. read_at: the last success. failures: in a
    row, with the error of the last one. problems: what the last reading did not import, and why.
    is_partial: versions are left for the next reading.
    """

    registry = models.OneToOneField(Registry, models.CASCADE, related_name="reading")
    next_at = models.DateTimeField(db_default=Now(), db_index=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=MAX_PROBLEM, blank=True, default="")
    problems = ArrayField(models.CharField(max_length=MAX_PROBLEM), default=list)
    is_partial = models.BooleanField(default=False)


class RegistryModel(models.Model):
    """A model as one registry names it.

    seen: version -> its stage and then its aliases, as the registry had them last. They are written again
    only when the registry has others, so that a stage that a person chose stays.
    """

    registry = models.ForeignKey(Registry, models.CASCADE, related_name="registered")
    name = models.CharField(max_length=500)
    model = models.OneToOneField(Model, models.PROTECT, related_name="registered_as")
    seen = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["registry", "name"], name="catalogue_registered_once")]
