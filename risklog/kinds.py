"""The kinds of this room."""

from kit.kinds import Kind, Page
from risklog.models import Category, Escalation, Ladder, Review, Risk

KINDS = (
    Kind(
        Risk,
        "Risk",
        "Risks",
        icon="flag",
        page=Page("risklog:risk_detail"),
        permission="risklog.risk_view",
        search_rank=10,
    ),
    Kind(
        Review,
        "Review",
        "Reviews",
        icon="eye",
        page=Page("risklog:review_detail"),
        permission="risklog.review_view",
        search_rank=30,
    ),
    Kind(
        Escalation,
        "Escalation",
        "Escalations",
        icon="stairs-up",
        page=Page("risklog:escalation_detail"),
        permission="risklog.escalation_view",
        search_rank=40,
    ),
    Kind(
        Category,
        "Category",
        "Categories",
        icon="category",
        page=Page("risklog:category_by_id", "object_id"),
        permission="risklog.category_view",
        search_rank=140,
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
