"""The kinds of objects of this room: names, icons, pages, permissions and search texts."""

from history.documents import PartTexts, Texts
from kit.kinds import Kind, NoPage, Page
from risklog.models import (
    Appetite,
    Category,
    Escalation,
    FilledTemplate,
    Ladder,
    Review,
    Reviewer,
    Risk,
    RiskMatrix,
    Template,
)
from risklog.states import STATEMENT

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
            body=("description", *STATEMENT, "feature", "acceptance_reason", "closing_evidence"),
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
        FilledTemplate,
        "Filled template",
        "Filled templates",
        icon="file-text",
        page=Page("risklog:filled_detail"),
        permission="risklog.template_view",
        search_rank=45,
    ),
    Kind(
        Template,
        "Template",
        "Templates",
        icon="file-text",
        page=Page("risklog:template_detail", "object_id"),
        permission="risklog.template_view",
    ),
    Kind(
        Appetite,
        "Appetite",
        "Appetites",
        icon="scale",
        page=NoPage("The page of the risk matrix shows all appetites."),
        permission="risklog.matrix_view",
    ),
    Kind(
        RiskMatrix,
        "Risk matrix",
        "Risk matrices",
        icon="table",
        page=Page("risklog:matrix_by_id", "object_id"),
        permission="risklog.matrix_view",
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
