"""Invitations: somebody who is not here yet may come, in a role that an administrator chose."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from history.models import Recorded, RecordedQuerySet
from people.models.person import Function, User
from people.states import InvitationState, Role


class InvitationQuerySet(RecordedQuerySet):
    def in_state(self, state: InvitationState, at: datetime) -> "InvitationQuerySet":
        """Return the invitations that have this state at a moment."""
        return self.filter(in_state(state, at))

    def open(self, at: datetime) -> "InvitationQuerySet":
        """Return the invitations that can be accepted."""
        return self.in_state(InvitationState.OPEN, at)


def in_state(state: InvitationState, at: datetime) -> Q:
    """Return the condition that an invitation has this state at a moment."""
    is_pending = Q(accepted_at__isnull=True, withdrawn_at__isnull=True)
    return {
        InvitationState.OPEN: is_pending & Q(expires_at__gt=at),
        InvitationState.EXPIRED: is_pending & Q(expires_at__lte=at),
        InvitationState.ACCEPTED: Q(accepted_at__isnull=False),
        InvitationState.WITHDRAWN: Q(withdrawn_at__isnull=False),
    }[state]


class Invitation(Recorded):
    """An invitation by email. Its link is computed from the nonce and SECRET_KEY (people/queries/links.py).

    teams: ids, which the person joins. invited_by: None for somebody who asked to sign up themselves, which
    a setting allows. person: who came of it. secret_hash: of the present link; a new one ends the old one.
    """

    KIND = "invitation"
    HISTORY_OMITS = frozenset({"nonce", "secret_hash"})
    HISTORY_REFERS = frozenset({"email", "name"})

    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True, default="")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.MEMBER)
    function = models.ForeignKey(Function, models.PROTECT, null=True, blank=True, related_name="+")
    teams = ArrayField(models.BigIntegerField(), default=list, blank=True)
    invited_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    nonce = models.CharField(max_length=64)
    secret_hash = models.BinaryField(max_length=32)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    person = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["email"],
                name="people_invitation_once",
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
            ),
            models.UniqueConstraint(fields=["secret_hash"], name="people_invitation_secret"),
        ]
        indexes = [models.Index(fields=["-sent_at", "-id"], name="people_invitation_newest")]

    @property
    def subject_title(self) -> str:
        return "Invitation"  # the address is for administrators, and titles are for everybody

    def state(self, at: datetime) -> InvitationState:
        """Return the state at a moment: it expires without anybody's act."""
        if self.accepted_at:
            return InvitationState.ACCEPTED
        if self.withdrawn_at:
            return InvitationState.WITHDRAWN
        return InvitationState.OPEN if self.expires_at > at else InvitationState.EXPIRED
