"""What an incident gives a new experiment that is proposed from it in one click."""

from history.models import Subject
from incidents.models import Incident
from risklog.operations.experiment import ExperimentDetails
from risklog.operations.experiment_draft import ExperimentDraft, Reader


def draft(about: Subject) -> ExperimentDraft:
    """Return the draft. Its first owners complete the hypothesis with the cause that they suspect."""
    incident = Incident.objects.select_related("model__subject", "model__owner_team").get(subject=about)
    return ExperimentDraft(
        f"Test: {incident.title}"[:200],
        f"What led to {about.reference} ({incident.title}) has one cause, which we can remove.",
        ExperimentDetails(model=incident.model),
    )


DRAFTS: dict[str, Reader] = {Incident.KIND: draft}
