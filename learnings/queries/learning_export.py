"""What the list of learnings exports: the columns and the rows."""

from typing import Any

from django.db.models import F, Q, QuerySet

from history.queries import seen_by, tell
from kit.sight import Visitor
from learnings.filters.learning import SPEC
from learnings.queries import use
from learnings.states import LearningState, LearningVerdict
from lists.export_files import YES_NO, column_of, page_below
from lists.exporting import Export

_STORED = (
    "title", "state", "verdict", "verdict_at", "seen", "to_monitor", "to_adjust", "how_to_check",
    "governance", "tags", "made_at", "published_at",
)  # fmt: skip


def _values(rows: QuerySet) -> QuerySet:
    return rows.values(
        *_STORED,
        reference=F("subject__reference"),
        author_name=F("author__name"),
        verdict_by_name=F("verdict_by__name"),
        about_reference=F("about__reference"),
        model_name=F("model__name"),
        category_name=F("category__name"),
        number_of_uses=use.COUNT,
        is_restricted=Q(subject__viewers__isnull=False),
        **seen_by("about"),
        **seen_by("model", "model__subject"),
    )


def _hide(rows: list[dict[str, Any]], user: Visitor) -> list[dict[str, Any]]:
    """Remove the source and the model of each row where this reader may not see them."""
    return tell(user, rows, "about", "model")


LEARNING_EXPORT = Export(
    name="learnings",
    spec=SPEC,
    values=_values,
    hide=_hide,
    path=page_below("learnings:learning_list"),
    columns=(
        column_of("reference", "Reference", 11),
        column_of("title", "Title", 48),
        column_of("state", "State", 10, labels=dict(LearningState.choices)),
        column_of("author", "Author", 20, key="author_name"),
        column_of("about", "Source", 10, key="about_reference"),
        column_of("model", "Model", 24, key="model_name"),
        column_of("category", "Category", 20, key="category_name"),
        column_of("tags", "Tags", 24),
        column_of("seen", "What we saw", 48),
        column_of("to_monitor", "What to monitor", 30),
        column_of("to_adjust", "What to adjust", 30),
        column_of("how_to_check", "How to check that it worked", 30),
        column_of("governance", "Governance notes", 30),
        column_of("verdict", "Did it work", 12, labels=dict(LearningVerdict.choices)),
        column_of("verdict_by", "Who said so", 20, key="verdict_by_name"),
        column_of("verdict_at", "Said (UTC)"),
        column_of("uses", "Uses", 8, key="number_of_uses"),
        column_of("made_at", "Created (UTC)"),
        column_of("published_at", "Published (UTC)"),
        column_of("is_restricted", "Restricted", 10, labels=YES_NO),
    ),
)
