"""The API of invitations, for administrators."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.refusals import Refused
from people.filters import INVITATIONS
from people.models import Function, Invitation, Team
from people.operations import invitation as operations
from people.states import InvitationState, Role
from rest.fields import Body, Visible, read
from rest.resource import Collection, Item, Resource
from rest.steps import Step


class InvitationRow(serializers.Serializer):
    """An invitation. Only the mail has its link."""

    id = serializers.IntegerField()
    subject_id = serializers.IntegerField()
    version = serializers.IntegerField()
    email = serializers.EmailField()
    name = serializers.CharField(help_text="A proposal, which the person can change. May be empty.")
    role = serializers.ChoiceField(Role.choices)
    function_slug = serializers.CharField(allow_null=True)
    team_ids = serializers.ListField(child=serializers.IntegerField())
    state = serializers.ChoiceField(InvitationState.choices)
    invited_by_id = serializers.IntegerField(allow_null=True, help_text="Null: asked to sign up themselves.")
    person_id = serializers.IntegerField(allow_null=True, help_text="The person who accepted it.")
    sent_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)


class NewInvitation(Body):
    """The body that invites one person."""

    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    role = serializers.ChoiceField(Role.choices, required=False)
    function = Visible("function", Function.objects.visible_to, required=False, allow_null=True)
    teams = serializers.ListField(
        child=Visible("team", Team.objects.visible_to),
        max_length=50,
        required=False,
        help_text="They join these teams at once.",
    )


class _Invitations(Resource):
    kind = "invitation"
    serializer_class = InvitationRow
    columns = {
        "id": "id",
        "subject_id": "subject_id",
        "version": "version",
        "email": "email",
        "name": "name",
        "role": "role",
        "function_slug": "function__slug",
        "team_ids": "teams",
        "invited_by_id": "invited_by_id",
        "person_id": "person_id",
        "sent_at": "sent_at",
        "expires_at": "expires_at",
        "accepted_at": "accepted_at",
        "withdrawn_at": "withdrawn_at",
    }

    def rows(self, request: Request) -> QuerySet:
        return Invitation.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related("subject", "function", "invited_by", "person")

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        at, names = clock.now(), ("accepted_at", "withdrawn_at", "expires_at")
        return [
            {**row, "state": Invitation(**{name: row[name] for name in names}).state(at).value}
            for row in found
        ]


class Invitations(_Invitations, Collection):
    """List the invitations. POST invites a person by email."""

    permission = {"GET": "people.invitation_view", "POST": "people.administrate"}
    bodies = {"POST": NewInvitation}
    spec = INVITATIONS

    def post(self, request: Request) -> Response:
        values = read(NewInvitation, request)
        email = values.pop("email")
        by, at = self.by(request), clock.now()
        try:
            (made,) = operations.invite([email], **values, by=by, at=at)
        except Refused as refusal:
            field = "email" if refusal.field == "addresses" else refusal.field
            raise Refused(refusal.message, field=field) from None
        return self.created(request, made.pk, f"invitations/{made.pk}")


class InvitationItem(_Invitations, Item):
    """Get an invitation by id."""

    permission = {"GET": "people.invitation_view"}


class _InvitationStep(_Invitations, Step):
    permission = {"POST": "people.administrate"}
    answers = {"POST": (200, InvitationRow)}
    is_versioned = True


class ResendInvitation(_InvitationStep):
    """Send an open or expired invitation again, with a new link. The earlier link ends."""

    operation = staticmethod(operations.resend)


class WithdrawInvitation(_InvitationStep):
    """End an invitation: its link no longer works."""

    operation = staticmethod(operations.withdraw)


RESOURCES: list = [
    ("invitations", Invitations),
    ("invitations/<str:key>", InvitationItem),
    ("invitations/<str:key>/resend", ResendInvitation),
    ("invitations/<str:key>/withdraw", WithdrawInvitation),
]
