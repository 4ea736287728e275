"""How a model is rolled back, by whom, and when that was last rehearsed."""

from django.db import models

from catalogue.models.model import Model
from history.models import Recorded
from people.models import User


class RollbackProcedure(Recorded):
    """The steps that return a model to its former version. Each model has at most one.

    steps: Markdown. owner: who keeps it correct. rehearsed_on: the day of the last rehearsal, null before the
    first. rehearsal_note: what it showed.
    """

    KIND = "rollback_procedure"
    HISTORY_LABELS = {
        "rehearsal_note": "What the rehearsal showed",
    }

    model = models.OneToOneField(Model, models.PROTECT, related_name="rollback_procedure")
    steps = models.TextField()
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    rehearsed_on = models.DateField(null=True, blank=True)
    rehearsal_note = models.TextField(blank=True, default="")

    @property
    def subject_title(self) -> str:
        return f"Rollback of {self.model.name}"
