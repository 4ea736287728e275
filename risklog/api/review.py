"""The API of reviews: list, get, answer and close."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from history.queries import seen_by, tell
from rest.fields import Body
from rest.resource import Collection, Item, Resource
from rest.steps import Step
from risklog.filters import REVIEWS, SETTLED_ORDER
from risklog.models import Review, Reviewer
from risklog.operations import review as operations
from risklog.operations import reviewer as reviewer_operations
from risklog.queries import review as queries
from risklog.states import Outcome, ReviewState, Severity
from signals.states import SignalKind


class ReviewerRow(serializers.Serializer):
    """A reviewer and their answer."""

    user_id = serializers.IntegerField()
    name = serializers.CharField()
    function = serializers.CharField(allow_null=True)
    asked_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    verdict = serializers.ChoiceField([*Outcome.choices, ""])
    note = serializers.CharField()


class ReviewRow(serializers.Serializer):
    """A cross-team review of an item, with its due time and outcome."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    why = serializers.CharField()
    kind = serializers.ChoiceField(SignalKind.choices)
    severity = serializers.ChoiceField(Severity.choices)
    state = serializers.ChoiceField(ReviewState.choices)
    about_reference = serializers.CharField(source="about.reference", allow_null=True)
    about_kind = serializers.CharField(source="about.kind", allow_null=True)
    model_id = serializers.IntegerField(allow_null=True)
    model_slug = serializers.CharField(source="model.slug", default=None, allow_null=True)
    triggers = serializers.IntegerField(help_text="How often the review was triggered.")
    claimed_by_id = serializers.IntegerField(allow_null=True, help_text="The lead of the review.")
    outcome = serializers.ChoiceField([*Outcome.choices, ""])
    outcome_reason = serializers.CharField()
    missing = serializers.ListField(
        child=serializers.DictField(), help_text="Information that was missing when the review opened."
    )
    opened_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    reviewers = serializers.SerializerMethodField()

    def get_reviewers(self, review: Review) -> list[dict[str, Any]]:
        return _reviewers([review.pk]).get(review.pk, [])


def _reviewers(ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the reviewers of each review, in the order they were asked: id -> reviewers. One query."""
    reviewers: dict[int, list[dict[str, Any]]] = {}
    rows = Reviewer.objects.filter(review__in=ids).order_by("id")
    columns = ("user_id", "user__name", "function__slug", "asked_at", "answered_at", "verdict", "note")
    names = ("user_id", "name", "function", "asked_at", "answered_at", "verdict", "note")
    for review_id, *values in rows.values_list("review_id", *columns):
        reviewers.setdefault(review_id, []).append(dict(zip(names, values, strict=True)))
    return reviewers


class AnswerBody(Body):
    verdict = serializers.ChoiceField(Outcome.choices)
    note = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")


class SettleBody(Body):
    outcome = serializers.ChoiceField(Outcome.choices)
    reason = serializers.CharField(max_length=4000)


class _Reviews(Resource):
    kind = "review"
    serializer_class = ReviewRow
    columns = {
        "id": "id",
        "reference": "subject__reference",
        "version": "version",
        "title": "title",
        "why": "why",
        "kind": "kind",
        "severity": "severity",
        "state": "state",
        "about_reference": "about__reference",
        "about_kind": "about__kind",
        "model_id": "model_id",
        "model_slug": "model__slug",
        "triggers": "triggers",
        "claimed_by_id": "claimed_by_id",
        "outcome": "outcome",
        "outcome_reason": "outcome_reason",
        "missing": "missing",
        "opened_at": "opened_at",
        "due_at": "due_at",
        "settled_at": "settled_at",
    }

    def rows(self, request: Request) -> QuerySet:
        return Review.objects.visible_to(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(settled_order=SETTLED_ORDER, **seen_by("about"))

    def objects(self, request: Request) -> QuerySet:
        return queries.for_pages(request.user)

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Add the reviewers, and remove the subject for readers who may not see it."""
        reviewers = _reviewers([row["id"] for row in rows])
        for row in rows:
            row["reviewers"] = reviewers.get(row["id"], [])
            del row["settled_order"]
        return tell(request.user, rows)


class Reviews(_Reviews, Collection):
    """List reviews."""

    permission = {"GET": "risklog.review_view"}
    spec = REVIEWS


class ReviewItem(_Reviews, Item):
    """Get a review by reference or number."""

    permission = {"GET": "risklog.review_view"}


class _ReviewStepResource(_Reviews, Step):
    is_versioned = True
    answers = {"POST": (200, ReviewRow)}


class AnswerReview(_ReviewStepResource):
    """Answer a review, or change your answer."""

    permission = {"POST": "risklog.review_answer"}
    body, bodies = AnswerBody, {"POST": AnswerBody}
    operation = staticmethod(reviewer_operations.answer)
    is_versioned = takes_version = False


class SettleReview(_ReviewStepResource):
    """Close a review with an outcome and a reason."""

    permission = {"POST": "risklog.review_settle"}
    body, bodies = SettleBody, {"POST": SettleBody}
    operation = staticmethod(operations.settle)


RESOURCES: list = [
    ("review-requests", Reviews),
    ("review-requests/<str:key>", ReviewItem),
    ("review-requests/<str:key>/answer", AnswerReview),
    ("review-requests/<str:key>/settle", SettleReview),
]
