"""Teams and their members."""

from typing import Any

from django.db import models

from history.models import Part, Recorded
from people.models.person import User


class Team(Recorded):
    """A team of people. A person may be a member of several teams."""

    KIND = "team"
    HISTORY_LABELS = {
        "slug": "Name in addresses",
    }

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
