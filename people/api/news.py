"""The API of what a person wants to be told: their own settings."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.declarations import default_timing
from history.states import NewsGroup, NewsTiming
from kit import clock
from people.models import User
from people.operations import person
from rest.fields import Body, read
from rest.resource import Item


class NewsGroupRow(serializers.Serializer):
    """One group of events, and when the sender of the request is told of them."""

    group = serializers.ChoiceField(NewsGroup.choices)
    name = serializers.CharField()
    about = serializers.CharField(help_text="What the group has.")
    timing = serializers.ChoiceField(NewsTiming.choices)
    default = serializers.ChoiceField(NewsTiming.choices, help_text="The timing without a choice.")


class NotificationSettingsRow(serializers.Serializer):
    """What the sender of the request wants to be told, and when. Escalations to them always come at once."""

    id = serializers.IntegerField(help_text="Of the person.")
    version = serializers.IntegerField()
    is_digest_wanted = serializers.BooleanField(help_text="Whether the weekly digest is mailed.")
    groups = NewsGroupRow(many=True)


def _timing() -> serializers.ChoiceField:
    return serializers.ChoiceField(NewsTiming.choices, required=False)


class NotificationSettingsChange(Body):
    """The settings to change. Those that are not sent stay."""

    is_digest_wanted = serializers.BooleanField(required=False)
    reviews = _timing()
    actions = _timing()
    escalations = _timing()
    meetings = _timing()
    mentions = _timing()
    decisions = _timing()
    risks = _timing()
    findings = _timing()
    followed = _timing()
    signals = _timing()
    learnings = _timing()
    rights = _timing()


class NotificationSettingsItem(Item):
    """Get what you want to be told."""

    kind = "person"
    serializer_class = NotificationSettingsRow
    permission = {"GET": "people.own_view", "PATCH": "people.news_change"}
    bodies = {"PATCH": NotificationSettingsChange}

    def rows(self, request: Request) -> QuerySet:
        return User.objects.filter(pk=request.user.pk)

    def get(self, request: Request, key: str = "me") -> Response:
        return self.answer(request, key)

    def one(self, request: Request, key: str) -> dict[str, Any]:
        user = self.rows(request).get()
        groups = [
            {
                "group": group.value,
                "name": group.label,
                "about": group.about,
                "timing": user.timing_of(group).value,
                "default": default_timing(group).value,
            }
            for group in NewsGroup
        ]
        return {
            "id": user.pk,
            "version": user.version,
            "is_digest_wanted": user.is_digest_wanted,
            "groups": groups,
        }

    def patch(self, request: Request, key: str = "me") -> Response:
        """Change what you want to be told, by group: `{"mentions": "never"}`."""
        user = self.rows(request).select_related("subject").get()
        seen = self.seen(request, user)
        values = read(NotificationSettingsChange, request)
        timings = {group: values.pop(group) for group in NewsGroup.values if group in values}
        changes = {**values, "news_timings": timings} if timings else values
        person.change(user, changes, by=self.by(request), at=clock.now(), seen=seen)
        return self.answer(request, key)


RESOURCES: list = [("notification-settings", NotificationSettingsItem)]
