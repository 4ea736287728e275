"""Nightly snapshots: what the figures of the register were on a day (ADR 0053)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from history.models import is_open_to
from kit.sight import Visitor, sight_of
from people.models import Team


class NightlySnapshot(models.Model):
    """One day. Its figures are in its tallies.

    on: the day in the time zone of the organisation. at: the moment that it describes. is_derived: it was
    computed later, from history. gaps: for a derived one, what history does not tell (leaders.states.Gap).
    """

    on = models.DateField(unique=True)
    at = models.DateTimeField()
    is_derived = models.BooleanField(default=False)
    gaps = ArrayField(models.CharField(max_length=20), default=list, blank=True)

    def __str__(self) -> str:
        return f"snapshot of {self.on}"


class NightlyFiguresQuerySet(models.QuerySet["NightlyFigures"]):
    def visible_to(self, user: Visitor) -> "NightlyFiguresQuerySet":
        """Return the tallies of what everyone may see, and of what this reader may see besides."""
        sight = sight_of(user)
        if sight.nothing:
            return self.none()
        return self if sight.everything else self.filter(is_open_to(list(sight.ids)))


class NightlyFigures(models.Model):
    """The figures of one team (None: of the whole organisation) that the same readers may see.

    viewers, granted: as those of the subjects that are counted (history.models.Subject). viewers is None for
    what everyone may see. A reader gets the sum of the tallies that they may see.
    figures: see leaders.tallies.
    """

    snapshot = models.ForeignKey(NightlySnapshot, models.CASCADE, related_name="rows")
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+")
    viewers = ArrayField(models.BigIntegerField(), null=True)
    granted = ArrayField(models.BigIntegerField(), default=list)
    figures = models.JSONField()

    objects = NightlyFiguresQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "team", "viewers", "granted"],
                nulls_distinct=False,
                name="leaders_figures_once",
            )
        ]

    def __str__(self) -> str:
        return f"figures of {self.snapshot_id}"
