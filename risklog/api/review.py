"""The API of reviews: list, get, request, answer, pass on and close."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from people.models import User
from rest.fields import Body, Visible, read
from rest.resource import Collection, Item, Resource
from rest.steps import Step
from risklog.filters.review import REVIEWS, SETTLED_ORDER
from risklog.models import Review, Reviewer
from risklog.operations import replacement
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
    why = serializers.CharField(help_text="Why this person was asked.")
    stands_in_for_id = serializers.IntegerField(allow_null=True, help_text="The absent person they act for.")
    replaced_by_id = serializers.IntegerField(allow_null=True, help_text="Who was asked instead.")
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
    same = ("why", "stands_in_for_id", "replaced_by_id", "asked_at", "answered_at", "verdict", "note")
    columns = ("user_id", "user__name", "function__slug", *same)
    names = ("user_id", "name", "function", *same)
    for review_id, *values in rows.values_list("review_id", *columns):
        reviewers.setdefault(review_id, []).append(dict(zip(names, values, strict=True)))
    return reviewers


class AnswerBody(Body):
    verdict = serializers.ChoiceField(Outcome.choices)
    note = serializers.CharField(
        max_length=4000,
        required=False,
        allow_blank=True,
        default="",
        help_text="The evidence. Only the verdict “confirmed” needs none.",
    )


class RequestBody(Body):
    """The body that requests a review."""

    about = Visible(
        "object",
        Subject.objects.visible_to,
        by="reference",
        help_text="Reference of the item, for example R-12 or B-7.",
    )
    kind = serializers.ChoiceField(SignalKind.choices, help_text="Decides which functions review it.")
    severity = serializers.ChoiceField(Severity.choices, default=Severity.WARNING)
    why = serializers.CharField(max_length=4000)


class AskBody(Body):
    user = Visible("person", User.objects.visible_to, by="email", help_text="By id or email.")


class HandOverBody(AskBody):
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ReviewReasonBody(Body):
    reason = serializers.CharField(max_length=4000)


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

    visible_rows = Review.objects

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
    """List reviews.

    POST requests one. If the item has an open one, a further trigger is noted on that, which is the answer,
    with 200.
    """

    permission = {"GET": "risklog.review_view", "POST": "risklog.review_open"}
    bodies = {"POST": RequestBody}
    spec = REVIEWS

    def post(self, request: Request) -> Response:
        review = operations.request(**read(RequestBody, request), by=self.by(request), at=clock.now())
        if review.triggers > 1:
            return self.answer(request, review.pk)
        return self.created(request, review.pk, f"review-requests/{review.reference}")


class ReviewItem(_Reviews, Item):
    """Get a review by reference or number."""

    permission = {"GET": "risklog.review_view"}


class _ReviewStepResource(_Reviews, Step):
    is_versioned = True
    answers = {"POST": (200, ReviewRow)}


class AnswerReview(_ReviewStepResource):
    """Answer a review, or change your answer."""

    permission = {"POST": "risklog.review_answer"}
    body = AnswerBody
    operation = staticmethod(reviewer_operations.answer)
    is_versioned = takes_version = False


class AskReviewer(_ReviewStepResource):
    """Add a reviewer, or the stand-in of a person who is away."""

    permission = {"POST": "risklog.review_claim"}
    body = AskBody
    operation = staticmethod(reviewer_operations.ask)
    is_versioned = takes_version = False


class ClaimReview(_ReviewStepResource):
    """Take the lead of a review."""

    permission = {"POST": "risklog.review_claim"}
    operation = staticmethod(reviewer_operations.claim)


class GiveBackReview(_ReviewStepResource):
    """Give up the lead of a review."""

    permission = {"POST": "risklog.review_give_back"}
    operation = staticmethod(reviewer_operations.give_back)


class HandOverReview(_ReviewStepResource):
    """Pass your part of a review, the lead and the open request, on to a colleague."""

    permission = {"POST": "risklog.review_hand_over"}
    body = HandOverBody
    operation = staticmethod(replacement.hand_over)


class WithdrawReview(_ReviewStepResource):
    """Withdraw a review that was requested by mistake, with the reason."""

    permission = {"POST": "risklog.review_settle"}
    body = ReviewReasonBody
    operation = staticmethod(operations.withdraw)


class ReopenReview(_ReviewStepResource):
    """Reopen a closed review, with the reason."""

    permission = {"POST": "risklog.review_settle"}
    body = ReviewReasonBody
    operation = staticmethod(operations.reopen)


class SettleReview(_ReviewStepResource):
    """Close a review with an outcome and a reason."""

    permission = {"POST": "risklog.review_settle"}
    body = SettleBody
    operation = staticmethod(operations.settle)


RESOURCES: list = [
    ("review-requests", Reviews),
    ("review-requests/<str:key>", ReviewItem),
    ("review-requests/<str:key>/answer", AnswerReview),
    ("review-requests/<str:key>/ask", AskReviewer),
    ("review-requests/<str:key>/claim", ClaimReview),
    ("review-requests/<str:key>/give-back", GiveBackReview),
    ("review-requests/<str:key>/hand-over", HandOverReview),
    ("review-requests/<str:key>/settle", SettleReview),
    ("review-requests/<str:key>/withdraw", WithdrawReview),
    ("review-requests/<str:key>/reopen", ReopenReview),
]
