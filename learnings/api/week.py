"""The API of the learning of the week: get it, vote, take the vote back, choose."""

from typing import Any, cast

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from learnings.api.learning import LearningRow, OfLearnings
from learnings.filters.week import VOTES
from learnings.models import Learning, LearningVote
from learnings.operations import week as operations
from learnings.queries import learning as learnings
from learnings.queries import week as queries
from people.models import User
from rest.fields import Body, refuse_fields
from rest.nested import NestedCollection
from rest.steps import Step


class LearningVoteRow(serializers.Serializer):
    """A vote for the learning of a week. week: its Monday."""

    id = serializers.IntegerField()
    user_id = serializers.IntegerField()
    user_name = serializers.CharField(source="user.name")
    week = serializers.DateField(help_text="The Monday of the week.")
    voted_at = serializers.DateTimeField()


class LearningVotes(NestedCollection):
    """The votes for a learning. POST gives it your vote of this week, which moves from another one."""

    permission = {"GET": "learnings.learning_view", "POST": "learnings.learning_use"}
    bodies = {"POST": None}
    answers = {"POST": (200, LearningVoteRow)}
    kind = "learning_vote"
    serializer_class = LearningVoteRow
    columns = {
        "id": "id",
        "user_id": "user_id",
        "user_name": "user__name",
        "week": "week",
        "voted_at": "voted_at",
    }
    spec = VOTES

    def parents(self, request: Request) -> QuerySet[Learning]:
        return learnings.learnings().visible_to(request.user)

    def rows(self, request: Request) -> QuerySet:
        return LearningVote.objects.visible_to(request.user).filter(learning=self.parent(request))

    def post(self, request: Request, key: str) -> Response:
        learning: Learning = self.parent(request)
        refuse_fields(request)
        vote = operations.vote(learning, by=self.by(request), at=clock.now())
        return self.answer(request, vote.pk)


class WithdrawVote(OfLearnings, Step):
    """Take your vote of this week back."""

    permission = {"POST": "learnings.learning_use"}
    answers = {"POST": (200, LearningRow)}
    takes_version = False
    operation = staticmethod(operations.withdraw_vote)


class WeekBody(Body):
    week = serializers.DateField(
        required=False, help_text="A day of this week or the next one. Without it, this week."
    )


class ChooseLearning(OfLearnings, Step):
    """Choose the learning of a week. It replaces an earlier choice."""

    permission = {"POST": "learnings.week_choose"}
    body = WeekBody
    answers = {"POST": (200, LearningRow)}
    takes_version = False
    operation = staticmethod(operations.choose)


class WeeksLearningRow(serializers.Serializer):
    """The learning of this week, or of the last one while there is none. `learning` is null without one."""

    week = serializers.DateField(allow_null=True, help_text="The Monday of the week.")
    chosen_by = serializers.CharField(help_text="A name, empty if votes decide.")
    votes = serializers.IntegerField(help_text="Votes of the week.")
    learning = LearningRow(allow_null=True)


class PresentLearning(OfLearnings):
    """The learning of the week: what was chosen, otherwise that with the most votes."""

    permission = {"GET": "learnings.learning_view"}
    answers = {"GET": (200, WeeksLearningRow)}

    def get(self, request: Request) -> Response:
        found = queries.present_of(cast(User, request.user), clock.now())
        if found is None:
            return Response({"week": None, "chosen_by": "", "votes": 0, "learning": None})
        return Response(
            {
                "week": found.week,
                "chosen_by": found.chosen_by,
                "votes": found.votes,
                "learning": self.one(request, str(found.learning.pk)),
            }
        )


RESOURCES: list[tuple[str, Any]] = [
    ("learnings/of-the-week", PresentLearning),
    ("learnings/<str:key>/votes", LearningVotes),
    ("learnings/<str:key>/votes/withdraw", WithdrawVote),
    ("learnings/<str:key>/choose", ChooseLearning),
]
