"""The taxonomy: the categories of risks."""

from django.db import models

from history.models import Recorded, Subject
from signals.states import SignalKind


class Category(Recorded):
    """A category of risks, with texts that help to recognise and treat them.

    signs, questions, mitigations: Markdown lists. merged_into: the category that took over its risks. Filters
    by the slug of a merged category find the risks of that one. why, because: the reason of the merge, and
    the decision or other object behind it.
    """

    KIND = "category"
    HISTORY_LABELS = {
        "slug": "Name in addresses",
        "signs": "Typical signs",
        "questions": "First questions",
        "mitigations": "Common mitigations",
        "because": "Based on",
    }

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=16, choices=SignalKind.choices)
    definition = models.TextField()
    signs = models.TextField(blank=True, default="")
    questions = models.TextField(blank=True, default="")
    mitigations = models.TextField(blank=True, default="")
    is_retired = models.BooleanField(default=False)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    why = models.TextField(blank=True, default="", db_default="")
    because = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")

    # Set by history.queries.show().
    shown_because: Subject | None
