"""The taxonomy: what kinds of risk there are."""

from django.db import models

from history.models import Recorded
from signals.states import SignalKind


class Category(Recorded):
    """A place in the taxonomy, with the words that help to recognise it."""

    KIND = "category"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=16, choices=SignalKind.choices)
    definition = models.TextField()
    signs = models.TextField(blank=True, default="")
    questions = models.TextField(blank=True, default="")
    mitigations = models.TextField(blank=True, default="")
    is_retired = models.BooleanField(default=False)
