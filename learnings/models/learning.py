"""Learnings: short posts about what was learned from an outcome."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from catalogue.models import Model
from history.models import Recorded, Subject
from history.search import PlainWords
from learnings.states import MOVES, LearningState, LearningVerdict
from people.models import User
from risklog.models import Category


class Learning(Recorded):
    """What happened, what to monitor, what to adjust and how to verify it. Often drafted from a review.

    about: the source, such as a review; at most one draft about a subject. author: null until someone takes
    it. verdict_by, verdict_at: who said last whether it worked, and when; null while it is too early to say.
    model, category: what it applies to, taken from the source if nobody says another one. category_of: the
    risk whose category was taken; null if a person chose it.
    """

    KIND = "learning"
    PREFIX = "L"
    MOVES = MOVES
    HISTORY_LABELS = {
        "seen": "What happened",
        "to_monitor": "What to monitor",
        "to_adjust": "What to adjust",
        "how_to_check": "How to verify",
        "governance": "Governance notes",
        "verdict": "Outcome",
        "verdict_by": "Outcome recorded by",
        "verdict_at": "Outcome recorded at",
        "category_of": "Category of the risk",
    }
    HISTORY_SHOWN_WITH = {"category_id": "category_of_id"}

    title = models.CharField(max_length=200)
    seen = models.TextField(blank=True, default="")
    to_monitor = models.TextField(blank=True, default="")
    to_adjust = models.TextField(blank=True, default="")
    how_to_check = models.TextField(blank=True, default="")
    governance = models.TextField(blank=True, default="")
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    verdict = models.CharField(max_length=8, choices=LearningVerdict.choices, blank=True, default="")
    verdict_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    verdict_at = models.DateTimeField(null=True, blank=True)
    about = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    model = models.ForeignKey(Model, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    category_of = models.ForeignKey(
        Subject, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=9, choices=LearningState.choices, default=LearningState.DRAFT)
    made_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    # Set by queries.learnings(): the number of its uses.
    use_count: int
    # Set by queries.week.set_votes(): the votes of this week, and whether the reader's is one of them.
    vote_count: int
    is_my_vote: bool
    # Set by queries.set_unread().
    is_unread: bool
    # Set by queries.set_visibility(): what it is about, None if this user may not see that.
    shown_about: Subject | None
    shown_model: Model | None
    # Set by queries.like: why it is shown at a risk.
    like_why: str

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["about"], condition=Q(state="draft", about__isnull=False), name="learnings_one_draft"
            )
        ]
        indexes = [
            models.Index(
                fields=["-published_at", "-id"], name="learnings_newest", condition=Q(state="published")
            ),
            models.Index(fields=["-made_at", "-id"], name="learnings_made"),
            # For those that are like a risk.
            models.Index(fields=["model", "-published_at"], name="learnings_of_model"),
            models.Index(fields=["category", "-published_at"], name="learnings_of_category"),
            GinIndex(fields=["tags"], name="learnings_tags"),
            GinIndex(PlainWords("seen"), name="learnings_words"),
            GinIndex(PlainWords("title"), name="learnings_title_words"),
        ]

    @property
    def excerpt(self) -> str:
        """Return the first whole paragraphs of `seen`, about 600 characters of Markdown."""
        paragraphs = self.seen.strip().split("\n\n")
        text = paragraphs[0]
        for paragraph in paragraphs[1:]:
            if len(text) + len(paragraph) > 600:
                break
            text += f"\n\n{paragraph}"
        return text
