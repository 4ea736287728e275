"""The API of service accounts."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from people.api.token import NewTokenBody, TokenAnswers, TokenRow
from people.filters import SERVICE_ACCOUNTS, TOKENS
from people.models import Team, Token, User
from people.operations import service_account as operations
from people.operations import token as tokens
from people.queries.service_account import service_accounts
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.nested import NestedCollection
from rest.resource import Collection, Resource
from rest.steps import Step

_ROLES = [(role.value, role.label) for role in operations.ROLES]


class ServiceAccountRow(serializers.Serializer):
    """An account of a program, for which a person or a team is responsible."""

    id = serializers.IntegerField()
    subject_id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    purpose = serializers.CharField(help_text="What it is for.")
    role = serializers.ChoiceField(_ROLES)
    responsible_id = serializers.IntegerField(allow_null=True)
    responsible_name = serializers.CharField(allow_null=True)
    responsible_team_id = serializers.IntegerField(allow_null=True)
    responsible_team_name = serializers.CharField(allow_null=True)
    is_active = serializers.BooleanField()
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="Of any of its tokens.")


class ServiceAccountChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    name = serializers.CharField(max_length=120, required=False)
    purpose = serializers.CharField(max_length=300, required=False)
    role = serializers.ChoiceField(_ROLES, required=False)
    responsible = Visible("person", User.objects.visible_to, by="email", required=False, allow_null=True)
    responsible_team = Visible("team", Team.objects.visible_to, required=False, allow_null=True)


class NewServiceAccount(ServiceAccountChange):
    """The body that adds a service account: with a person or a team that is responsible."""

    name = serializers.CharField(max_length=120)
    purpose = serializers.CharField(max_length=300)


class _ServiceAccounts(Resource):
    kind = "service_account"
    serializer_class = ServiceAccountRow
    columns = {
        "id": "id",
        "subject_id": "subject_id",
        "version": "version",
        "name": "name",
        "purpose": "purpose",
        "role": "role",
        "responsible_id": "responsible_id",
        "responsible_name": "responsible__name",
        "responsible_team_id": "responsible_team_id",
        "responsible_team_name": "responsible_team__name",
        "is_active": "is_active",
        "last_used_at": "last_used_at",
    }

    def rows(self, request: Request) -> QuerySet:
        return service_accounts().visible_to(request.user)


class ServiceAccounts(_ServiceAccounts, Collection):
    """List the service accounts, deactivated ones too. POST adds one."""

    permission = {"GET": "people.person_view", "POST": "people.administrate"}
    bodies = {"POST": NewServiceAccount}
    spec = SERVICE_ACCOUNTS

    def post(self, request: Request) -> Response:
        """Add a service account. Create its token with `POST /service-accounts/{id}/tokens`."""
        values = read(NewServiceAccount, request)
        made = operations.add(**values, by=self.by(request), at=clock.now())
        return self.created(request, made.pk, f"service-accounts/{made.pk}")


class ServiceAccountItem(_ServiceAccounts, EditableItem):
    """A service account, by id."""

    permission = {"GET": "people.person_view", "PATCH": "people.administrate"}
    body = ServiceAccountChange
    operation = staticmethod(operations.change)

    def patch(self, request: Request, key: str) -> Response:
        """Change a service account."""
        return self.edit(request, key)


class _ServiceAccountStep(_ServiceAccounts, Step):
    permission = {"POST": "people.administrate"}
    answers = {"POST": (200, ServiceAccountRow)}
    is_versioned = True


class DeactivateServiceAccount(_ServiceAccountStep):
    """Deactivate a service account. All its tokens end at once."""

    operation = staticmethod(operations.deactivate)


class ReactivateServiceAccount(_ServiceAccountStep):
    """Reactivate a service account. Its old tokens stay revoked."""

    operation = staticmethod(operations.reactivate)


class ServiceAccountTokens(TokenAnswers, NestedCollection):
    """List the tokens of a service account. POST creates one."""

    permission = {"GET": "people.token_view", "POST": "people.administrate"}
    bodies = {"POST": NewTokenBody}
    answers = {"POST": (201, TokenRow)}
    parent_reference = ""
    spec = TOKENS

    def parents(self, request: Request) -> QuerySet:
        return service_accounts().visible_to(request.user)

    def rows(self, request: Request) -> QuerySet[Token]:
        return super().rows(request).filter(user=self.parent(request))

    def post(self, request: Request, key: str) -> Response:
        """Create a token of a service account. Only this answer has its text."""
        self.refuse_key(request)
        account, values = self.parent(request), read(NewTokenBody, request)
        made, text = tokens.issue(account, **values, by=self.by(request), at=clock.now())
        answer = self.created(request, made.pk, f"tokens/{made.pk}")
        answer.data["text"] = text
        return answer


RESOURCES: list[tuple[str, Any]] = [
    ("service-accounts", ServiceAccounts),
    ("service-accounts/<str:key>", ServiceAccountItem),
    ("service-accounts/<str:key>/deactivate", DeactivateServiceAccount),
    ("service-accounts/<str:key>/reactivate", ReactivateServiceAccount),
    ("service-accounts/<str:key>/tokens", ServiceAccountTokens),
]
