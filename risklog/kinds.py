"""The kinds of objects of this room: names, icons, pages, permissions and search texts."""

from history.documents import PartTexts, Texts
from kit.kinds import Kind, Page
from risklog.models import Category, Escalation, Ladder, Review, Reviewer, Risk

KINDS = (
    Kind(
        Risk,
        "Risk",
        "Risks",
        icon="flag",
        page=Page("risklog:risk_detail"),
        permission="risklog.risk_view",
        watched_by=("owner_id", "raised_by_id"),
        search_rank=10,
        texts=Texts(
            body=("description", "affected", "feature", "acceptance_reason", "closing_evidence"),
            tags=("tags",),
            # Without the reporter, who may be anonymous.
            names=("owner__name", "model__name", "team__name", "category__name"),
        ),
        tagged_list="risklog:risk_list",
    ),
    Kind(
        Review,
        "Review",
        "Reviews",
        icon="eye",
        page=Page("risklog:review_detail"),
        permission="risklog.review_view",
        search_rank=30,
        texts=Texts(
            body=("why", "outcome_reason"),
            names=("model__name",),
            parts=(PartTexts(Reviewer, ("note",)),),
        ),
    ),
    Kind(
        Escalation,
        "Escalation",
        "Escalations",
        icon="stairs-up",
        page=Page("risklog:escalation_detail"),
        permission="risklog.escalation_view",
        search_rank=40,
        texts=Texts(body=("why", "reason"), names=("team__name",)),
        bundled_with="about_id",
    ),
    Kind(
        Category,
        "Category",
        "Categories",
        icon="category",
        page=Page("risklog:category_by_id", "object_id"),
        permission="risklog.category_view",
        search_rank=140,
        texts=Texts(body=("definition", "signs", "questions", "mitigations")),
    ),
    Kind(
        Ladder,
        "Ladder",
        "Ladders",
        icon="stairs",
        page=Page("risklog:ladder_by_id", "object_id"),
        permission="risklog.ladder_view",
        search_rank=150,
    ),
)
