"""The API of the sender of a request: their profile, the token they use, and their sessions."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from lists.collation import BY_NAME
from people.filters import SESSIONS
from people.models import ServiceAccount, Token, User
from people.operations import person, session
from people.queries import sessions
from people.states import ColourTheme, Role, TokenScope
from rest.fields import Body, read
from rest.resource import Collection, Item, Resource


class MyTeamRow(serializers.Serializer):
    """A team that you are a member of."""

    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()


class MyTokenRow(serializers.Serializer):
    """The token of this request."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    scope = serializers.ChoiceField(TokenScope.choices)
    expires_at = serializers.DateTimeField()


class MeRow(serializers.Serializer):
    """The person, or the service account, whose token or session this is."""

    id = serializers.IntegerField()
    subject_id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    handle = serializers.SlugField()
    email = serializers.EmailField()
    role = serializers.ChoiceField(Role.choices)
    function_slug = serializers.CharField(allow_null=True)
    time_zone = serializers.CharField(help_text="Empty: as the organisation.")
    country = serializers.CharField(help_text="Whose public holidays apply. Empty: as the organisation.")
    subdivision = serializers.CharField(help_text="A part of the country, such as BY. May be empty.")
    theme = serializers.ChoiceField(ColourTheme.choices)
    has_single_keys = serializers.BooleanField(help_text="Whether single keys are shortcuts.")
    is_digest_wanted = serializers.BooleanField(help_text="Whether the weekly digest is mailed.")
    teams = MyTeamRow(many=True)
    token = MyTokenRow(allow_null=True, help_text="Null for a session of a browser.")


class MeChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    name = serializers.CharField(max_length=120, required=False)
    time_zone = serializers.CharField(max_length=64, required=False, allow_blank=True)
    country = serializers.CharField(max_length=2, required=False, allow_blank=True)
    subdivision = serializers.CharField(max_length=20, required=False, allow_blank=True)
    theme = serializers.ChoiceField(ColourTheme.choices, required=False)
    has_single_keys = serializers.BooleanField(required=False)
    is_digest_wanted = serializers.BooleanField(required=False)


class MeItem(Item):
    """Get your own profile, your teams, and the scope of the token you use."""

    kind = "person"
    serializer_class = MeRow
    permission = {"GET": "people.signed_in", "PATCH": "people.me_change"}
    bodies = {"PATCH": MeChange}
    columns = {
        "id": "id",
        "subject_id": "subject_id",
        "version": "version",
        "name": "name",
        "handle": "handle",
        "email": "email",
        "role": "role",
        "function_slug": "function__slug",
        "time_zone": "time_zone",
        "country": "country",
        "subdivision": "subdivision",
        "theme": "theme",
        "has_single_keys": "has_single_keys",
        "is_digest_wanted": "is_digest_wanted",
    }

    def rows(self, request: Request) -> QuerySet:
        kind = ServiceAccount if _me(request).is_service else User
        return kind.objects.filter(pk=request.user.pk)

    def get(self, request: Request, key: str = "me") -> Response:
        return self.answer(request, key)

    def lookup(self, key: str) -> dict[str, Any]:
        return {}

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        user = self.rows(request).get()
        teams = list(user.teams.order_by(*BY_NAME).values("id", "slug", "name"))
        return [{**row, "teams": teams, "token": _token(request)} for row in found]

    def patch(self, request: Request, key: str = "me") -> Response:
        """Change your profile, as on the page of your account."""
        user = self.rows(request).select_related("subject", "function").get()
        seen = self.seen(request, user)
        values = read(MeChange, request)
        person.change(user, values, by=self.by(request), at=clock.now(), seen=seen)
        return self.answer(request, key)


class SessionRow(serializers.Serializer):
    """A session in a browser."""

    id = serializers.IntegerField()
    device = serializers.CharField(help_text='Browser and system, such as "Firefox on Linux".')
    address = serializers.CharField(help_text="The address that it was last used from.")
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField(help_text="Noted once an hour.")
    is_current = serializers.BooleanField(help_text="Whether this request belongs to it.")


class _Sessions(Resource):
    serializer_class = SessionRow
    columns = {
        "id": "id",
        "device": "user_agent",
        "address": "ip",
        "created_at": "created_at",
        "last_seen_at": "last_seen_at",
        "is_current": "session_key",
    }

    def rows(self, request: Request) -> QuerySet:
        return sessions.of(_me(request))

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        here = _here(request)
        return [
            {
                **row,
                "device": sessions.device_of(row["device"]),
                "is_current": row["is_current"] == here,
            }
            for row in found
        ]


class Sessions(_Sessions, Collection):
    """List your sessions in browsers."""

    permission = {"GET": "people.signed_in", "DELETE": "people.me_change"}
    bodies = {"DELETE": None}
    answers = {"DELETE": (204, None)}
    spec = SESSIONS

    def delete(self, request: Request) -> Response:
        """End all your sessions except the one of this request. Tokens stay."""
        session.end_others(_me(request), but=_here(request), by=self.by(request), at=clock.now())
        return Response(status=204)


class SessionItem(_Sessions, Item):
    """Get one of your sessions by id."""

    permission = {"GET": "people.signed_in", "DELETE": "people.me_change"}
    bodies = {"DELETE": None}
    answers = {"DELETE": (204, None)}

    def delete(self, request: Request, key: str) -> Response:
        """End a session at once."""
        found = self.found(request, key)
        session.end(_me(request), found, by=self.by(request), at=clock.now())
        return Response(status=204)


def _me(request: Request) -> User:
    assert isinstance(request.user, User)  # the permission needs a person
    return request.user


def _here(request: Request) -> str:
    """Return the key of the session that sent this request, "" for a token."""
    return "" if request.auth else request.session.session_key or ""


def _token(request: Request) -> dict[str, Any] | None:
    token: Any = request.auth
    if not isinstance(token, Token):
        return None
    names = ("id", "name", "scope", "expires_at")
    return {name: getattr(token, name) for name in names}


RESOURCES: list = [
    ("me", MeItem),
    ("me/sessions", Sessions),
    ("me/sessions/<str:key>", SessionItem),
]
