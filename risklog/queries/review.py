"""Reading reviews: who could be asked, which answers are missing, and what the pages show."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet

from catalogue.models import Model
from history.models import Subject
from history.queries import show
from kit.prepared import Prepared
from kit.sight import Visitor
from lists.specification import Reader
from people import queries as people
from people.models import Membership, User
from people.states import Role
from risklog.filters.review import SETTLED_ORDER, is_mine
from risklog.models import Review, Reviewer, Risk
from risklog.queries import availability
from risklog.routing import AT_LEAST, ReviewerCandidate
from risklog.states import ReviewState
from signals.models import Breach, BreachGroup

_OPEN_LOAD = Prepared(
    lambda: (
        Reviewer.objects.unanswered()
        .filter(review__state=ReviewState.OPEN)
        .order_by()
        .values_list("user_id")
        .annotate(n=Count("id"))
        .values_list("user_id", "n")
    )
)
_ABLE = Prepared(
    lambda: (
        User.objects.active()
        .exclude(role=Role.VIEWER)
        .order_by("id")
        .values_list("id", "function__slug", "subject_id")
    )
)


def open_load() -> dict[int, int]:
    """Return how many open reviews each person has not answered: user id -> count."""
    return dict(_OPEN_LOAD.rows())


def candidates(about: Subject, model: Model | None, *, day: date) -> list[ReviewerCandidate]:
    """Return who could be asked about a subject on a day, with what the choice needs. Four queries."""
    load, away = open_load(), availability.away_on(day)
    owner_team = model.owner_team_id if model else None
    granted = {*(about.viewers or ()), *about.granted}
    of_team, seeing = set(), set()
    if owner_team or granted:
        memberships = Membership.objects.filter(Q(team=owner_team) | Q(team__subject__in=granted))
        for user_id, team_id, team_subject in memberships.values_list(
            "user_id", "team_id", "team__subject_id"
        ):
            if team_id == owner_team:
                of_team.add(user_id)
            if team_subject in granted:
                seeing.add(user_id)
    return [
        ReviewerCandidate(
            id=pk,
            function=function or "",
            load=load.get(pk, 0),
            is_of_owner_team=pk in of_team,
            may_see=about.viewers is None or subject in granted or pk in seeing,
            is_away=pk in away,
            stand_in=away.get(pk),
        )
        for pk, function, subject in _ABLE.rows()
    ]


def awaited(review: Review, *, at: datetime) -> list[Reviewer]:
    """Return the reviewers who have not answered and still can, in the order they were asked.

    A reviewer who left, became a viewer, may no longer see the review, or is away that day cannot answer.
    """
    rows = Reviewer.objects.unanswered().filter(review=review, user__is_active=True)
    rows = rows.exclude(user__role=Role.VIEWER).select_related("user__subject").order_by("id")
    away = availability.away_on(availability.day_of(at))
    subject = Subject.objects.get(pk=review.subject_id)
    return [row for row in rows if row.user_id not in away and subject.is_visible_to(row.user)]


# ------------------------------------------------------------------ pages


def for_lines(user: Visitor) -> QuerySet[Review]:
    """Return the reviews that this reader may see, with what a line about one needs."""
    rows = Review.objects.visible_to(user)
    return rows.select_related("subject", "about", "model__owner_team", "claimed_by__subject")


def for_pages(user: Visitor) -> QuerySet[Review]:
    """Return the reviews that this reader may see, with what their pages need: also their reviewers."""
    return (
        for_lines(user)
        .annotate(settled_order=SETTLED_ORDER)
        .prefetch_related(
            Prefetch(
                "reviewers",
                Reviewer.objects.select_related(
                    "user__subject", "function", "stands_in_for", "replaced_by"
                ).order_by("id"),
            )
        )
    )


def tab_counts(reader: Reader) -> dict[str, int]:
    """Return how many reviews wait for this reader ("mine"), and how many are open ("open"). One query."""
    rows = Review.objects.visible_to(reader.user).filter(state=ReviewState.OPEN)
    return rows.aggregate(mine=Count("pk", filter=is_mine(reader)), open=Count("pk"))


def with_shown_about(user: User, rows: Iterable[Any]) -> list[Any]:
    """Set `shown_about` on each row: its subject, None if this reader may not see that. Return the rows."""
    return show(user, rows)


def still_missing(review: Review) -> list[dict[str, Any]]:
    """Return what was missing when the review opened and still is. Needs its reviewers (for_pages)."""
    current = [row for row in review.reviewers.all() if row.replaced_by_id is None]
    functions = {row.function.slug for row in current if row.function}
    is_fixed = {
        "no_model": review.model is not None,
        "no_owner_team": review.model is not None and review.model.owner_team_id is not None,
        "nobody": bool(current),
        "one_function": len(functions) >= AT_LEAST,
    }
    return [
        missing
        for missing in review.missing
        if not is_fixed.get(missing["code"]) and missing.get("function", "") not in functions
    ]


def of_subject(user: User, obj: Any) -> dict[str, Any]:
    """Return the panel of the reviews about an object, or about anything of a model.

    A risk has those of its breach too. They are set on the object as `shown_reviews`, which
    escalation.rail() uses.
    """
    rows = for_lines(user)
    if isinstance(obj, Model):
        rows = rows.filter(model=obj)
    elif isinstance(obj, Risk) and obj.breach_group:
        rows = rows.filter(about_id__in=[obj.subject_id, obj.breach_group.subject_id])
    else:
        rows = rows.filter(about_id=obj.subject_id)
    reviews = obj.shown_reviews = list(rows.order_by("-opened_at", "-id")[:10])
    return {
        "reviews": reviews,
        "is_open": any(review.state == ReviewState.OPEN for review in reviews),
        "about": obj.subject,
    }


def evidence(user: User, review: Review) -> tuple[BreachGroup, list[Breach]] | None:
    """Return the breach group a review is about with its breaches, worst first; None for other subjects."""
    if review.about.kind != BreachGroup.KIND:
        return None
    rows = Breach.objects.visible_to(user).filter(group__subject=review.about_id)
    along = ("group__subject", "series__subject", "threshold", "threshold_version")
    breaches = list(rows.select_related(*along).order_by("-level", "id")[:50])
    return (breaches[0].group, breaches) if breaches else None


def people_to_ask(review: Review, *, at: datetime) -> QuerySet[User]:
    """Return who could still be asked, by name, without people who are away."""
    asked = [row.user_id for row in review.reviewers.all() if row.replaced_by_id is None]
    return people.present_on(availability.day_of(at)).exclude(role=Role.VIEWER).exclude(pk__in=asked)
